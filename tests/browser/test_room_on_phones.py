"""What phones do to a page: they put it away, wake it up, forget what it stored, and open it inside other apps."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from pilot_core import PilotStore
from pilot_core.domain.comments import Anchor
from pilot_core.domain.pilot import PilotRun
from pilot_core.review.comments import add_comment, comments_of
from pilot_core.review.decisions import Decision, decide
from pilot_core.review.receipts import receipts_of
from pilot_core.review.shown import film_checksum
from tests.browser.review_films import filmed_attempt, new_review
from tests.browser.rooms import Room, link_to, pilot_of, soon
from tests.reviewing import reviewer

pytestmark = pytest.mark.browser
expect.set_options(timeout=15_000)

OpenPage = Callable[..., Page]
HIDE = """hidden => {
  const state = hidden ? "hidden" : "visible";
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
FORGET = "() => { localStorage.clear(); }"
NO_STORAGE = (
    "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('denied', 'SecurityError'); } });"
)
SHARING = """Object.assign(navigator, {
  canShare: ({ files }) => files.length > 0,
  share: async ({ files: [file] }) => (window.shared = { name: file.name, text: await file.text() }),
});"""
# An iPhone's keyboard leaves the layout as it is and says what is still seen.
COVERING = """Object.defineProperty(window, "visualViewport", {
  value: Object.assign(new EventTarget(), {
    height: innerHeight, offsetTop: 0, scale: 1,
    cover(height, offsetTop) {
      Object.assign(this, { height, offsetTop });
      this.dispatchEvent(new Event("resize"));
    },
  }),
});"""
IPHONE = "delete Element.prototype.requestFullscreen;"
WHATSAPP = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 Chrome/156.0 Mobile Safari/537.36 WhatsApp/2.24"
)


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pilot for each test that changes something."""
    store = PilotStore(tmp_path_factory.mktemp("store"))
    for company in ("Forgot", "Nothing stored", "Away", "Looked at", "Shared"):
        filmed_attempt(store, new_review(store, company).pilot_id)
    return store.root


def opened(open_page: OpenPage, store: PilotStore, company: str, script: str = "", **options: Any) -> Room:
    page = open_page("about:blank", phone=True, **options)
    if script:
        page.add_init_script(script)
    page.goto(link_to(store, pilot_of(store, company)))
    return Room(page).ready()


def kept(store: PilotStore, pilot: PilotRun) -> list[str]:
    """Every text that the server keeps of this pilot's unsent forms."""
    sql = "SELECT words FROM unsent_words WHERE pilot_id = ? ORDER BY form"
    return [str(row[0]) for row in store.database.read(lambda c: c.execute(sql, [pilot.pilot_id]).fetchall())]


def test_words_come_back_from_the_server_when_the_browser_forgot_them(open_page: OpenPage, store: PilotStore) -> None:
    pilot = pilot_of(store, "Forgot")
    room = opened(open_page, store, "Forgot")
    room.go(75)
    room.button("Comment").click()
    room.write("Half a thought")
    soon(lambda: any("Half a thought" in words for words in kept(store, pilot)))
    room.write("Half a thought, and more")
    room.page.evaluate(HIDE, True)  # put away before it was saved
    soon(lambda: any("and more" in words for words in kept(store, pilot)))
    room.page.evaluate(FORGET)
    context = room.page.context
    room.page.close()

    room = Room(context.new_page())
    room.page.goto("/review")
    room.ready()
    expect(room.sheet.get_by_label("Your comment")).to_have_value("Half a thought, and more")
    room.shows(75)
    room.send()
    soon(lambda: kept(store, pilot) == [""])
    assert [(c.frame, c.body) for c in comments_of(store, pilot.pilot_id)] == [(75, "Half a thought, and more")]
    room.page.reload()
    room.ready()
    expect(room.sheet).to_be_hidden()
    expect(room.page.locator(".unsent")).to_have_count(0)


def test_where_the_words_are_is_true_in_a_browser_that_stores_nothing(open_page: OpenPage, store: PilotStore) -> None:
    pilot = pilot_of(store, "Nothing stored")
    room = opened(open_page, store, "Nothing stored", NO_STORAGE)
    room.button("Comment").click()
    room.page.context.set_offline(True)
    room.write("Typed offline")
    expect(room.page.locator("#offline")).to_have_text("Offline. Your words are kept while this page stays open.")
    expect(room.sheet.get_by_label("Your comment")).to_be_focused()
    room.page.context.set_offline(False)
    soon(lambda: any("Typed offline" in words for words in kept(store, pilot)))
    expect(room.page.locator("#offline")).to_be_empty()
    room.page.context.set_offline(True)
    expect(room.page.locator("#offline")).to_have_text("Offline. Your words are kept on the server.")
    room.page.context.set_offline(False)
    # Emptied, it is nowhere any more.
    room.write("")
    soon(lambda: kept(store, pilot) == [""])


def test_put_away_it_reports_what_was_watched_and_awake_it_asks_once(open_page: OpenPage, store: PilotStore) -> None:
    pilot = pilot_of(store, "Away")
    room = opened(open_page, store, "Away")
    asked: list[str] = []
    room.page.on("request", lambda request: asked.append(request.url.split("localhost")[-1].split("/", 1)[-1]))
    room.player.locator(".big").click()
    room.page.wait_for_function("video => video.currentTime > 1.2", arg=room.video.element_handle())
    room.page.evaluate(HIDE, True)
    soon(
        lambda: bool(receipts_of(store, pilot.pilot_id)) and receipts_of(store, pilot.pilot_id)[0].watched_seconds >= 2
    )
    room.video.click()

    add_comment(store, reviewer(store, pilot, "Ben Ito"), 1, Anchor(40), "Said meanwhile")
    expect(room.page.get_by_text("Said meanwhile")).to_have_count(0)
    asked.clear()
    room.page.evaluate(HIDE, False)
    expect(room.page.locator("p.words").get_by_text("Said meanwhile")).to_be_visible()
    assert sum(path.startswith("review/events") for path in asked) == 1
    assert sum(path == "review" for path in asked) == 1

    # Shown again whole, as after Back, it fetches the page and its tokens anew.
    room.page.context.clear_cookies(name="pilot_form")
    asked.clear()
    old = room.page.locator('[data-form="comment"] [name="token"]').input_value()
    room.page.evaluate("() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    room.page.evaluate("() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(room.page.locator('[data-form="comment"] [name="token"]')).not_to_have_value(old)
    assert sum(path.startswith("review/events") for path in asked) == 1
    room.button("Comment").click()
    room.write("After waking up")
    room.send()


def test_inside_another_app_it_says_how_to_leave_and_keeps_the_link(open_page: OpenPage, store: PilotStore) -> None:
    room = opened(open_page, store, "Looked at", user_agent=WHATSAPP)
    line = room.page.locator("#elsewhere")
    expect(line).to_contain_text("In WhatsApp you may be unable to download or to record.")
    expect(line).to_contain_text("Open in browser")
    assert "/r/" in room.page.url
    other = open_page(room.page.url, phone=True)  # what the app's menu opens, in a browser without its cookies
    Room(other).ready()
    assert other.url.endswith("/review")
    expect(other.locator("#elsewhere")).to_have_count(0)


def test_a_download_can_be_handed_to_another_app(open_page: OpenPage, store: PilotStore) -> None:
    pilot = pilot_of(store, "Shared")
    decision = Decision("approve", approved_sha256=film_checksum(store, pilot.pilot_id, pilot.runs[0]))
    decide(store, reviewer(store, pilot, "Ben Ito"), 1, decision)
    room = opened(open_page, store, "Shared", SHARING)
    room.page.get_by_role("button", name="Share").click()
    shared = room.page.wait_for_function("() => window.shared").json_value()
    assert shared["name"] == f"approval_{pilot.pilot_id}.json"
    assert "approval" in shared["text"]


def test_where_only_a_bare_video_goes_full_screen_there_is_a_large_mode(open_page: OpenPage, store: PilotStore) -> None:
    room = opened(open_page, store, "Looked at", IPHONE)
    expect(room.player.get_by_role("button", name="Full screen, without comments")).to_be_visible()
    before = room.player.locator(".stage").bounding_box()
    room.player.get_by_role("button", name="Large").click()
    expect(room.page.locator("#head")).not_to_be_in_viewport()
    after = room.player.locator(".stage").bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] > before["height"] + 40
    expect(room.button("Comment")).to_be_in_viewport()
    room.player.get_by_role("button", name="Large").click()
    expect(room.page.locator("#head")).to_be_in_viewport()


@pytest.mark.parametrize(
    ("kind", "words"),
    [("network", "Check the connection"), ("gone", "no longer available"), ("unsupported", "cannot play")],
)
def test_a_video_error_says_what_it_is(open_page: OpenPage, store: PilotStore, kind: str, words: str) -> None:
    def answer(route: Route) -> None:
        if kind == "network":
            route.abort("connectionreset")
        elif kind == "gone":
            route.fulfill(status=404, body="Not found")
        else:
            route.fulfill(status=200, content_type="video/mp4", body="not a video at all")

    page = open_page("about:blank", phone=True)
    page.route("**/video.mp4*", answer)
    page.goto(link_to(store, pilot_of(store, "Looked at")))
    expect(page.locator(".player .fault")).to_contain_text(words)


def test_a_headset_or_a_call_plays_and_pauses_and_the_player_follows(open_page: OpenPage, store: PilotStore) -> None:
    room = opened(open_page, store, "Looked at")
    room.video.evaluate("video => { video.play(); }")
    expect(room.player).to_have_attribute("data-state", "playing")
    room.page.wait_for_function("video => video.currentTime > 0.3", arg=room.video.element_handle())
    room.video.evaluate("video => video.pause()")
    expect(room.player).to_have_attribute("data-state", "paused")


def test_a_keyboard_that_covers_the_page_lifts_the_sheet_above_it(open_page: OpenPage, store: PilotStore) -> None:
    room = opened(open_page, store, "Looked at", COVERING)
    room.button("Comment").click()
    room.page.evaluate("() => visualViewport.cover(470, 60)")
    found = room.page.evaluate("""() => {
      const dock = document.getElementById("dock").getBoundingClientRect();
      const stage = document.querySelector(".host").shadowRoot.querySelector(".stage").getBoundingClientRect();
      return { bottom: Math.round(dock.bottom), part: stage.height / 470, top: Math.round(stage.top) };
    }""")
    assert found["bottom"] == 470 + 60
    assert found["part"] >= 1 / 3
    assert found["top"] == 60
    room.page.evaluate("() => visualViewport.cover(innerHeight, 0)")
    assert room.dock.evaluate("dock => Math.round(dock.getBoundingClientRect().bottom)") == 844


def test_a_browser_that_wants_a_tap_first_gets_its_play_button_back(open_page: OpenPage, store: PilotStore) -> None:
    refuse = """HTMLMediaElement.prototype.play = function () {
      return Promise.reject(new DOMException("tap first", "NotAllowedError"));
    };"""
    room = opened(open_page, store, "Looked at", refuse)
    room.player.locator(".big").click()
    expect(room.player.locator(".big")).to_be_visible()
    expect(room.player).to_have_attribute("data-state", "paused")
