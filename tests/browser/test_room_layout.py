"""The room at the sizes of phones and desks, with text as large as people set it: everything is there and in reach."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from pilot_core import PilotStore
from pilot_core.domain.comments import Anchor
from pilot_core.domain.pilot import PilotStatus
from pilot_core.review.comments import add_comment, comments_of
from pilot_core.review.comments import reply as add_reply
from pilot_core.review.receipts import receipts_of
from tests.browser.review_films import SECONDS, filmed_attempt, new_review
from tests.browser.rooms import Room, link_to, pilot_of, soon
from tests.reviewing import reviewer

pytestmark = pytest.mark.browser
expect.set_options(timeout=15_000)

OpenPage = Callable[..., Page]
SIZES = {
    "phone": (390, 844),
    "with its bars": (390, 664),
    "small": (375, 548),
    "keyboard open": (390, 470),
    "landscape": (844, 390),
    "desk": (1280, 900),
}
MOST_STOPS, MOST_REQUESTS, MOST_BYTES = 8, 12, 150_000
MEASURE = """() => {
  const box = (element) => {
    const { top, bottom, left, right } = element.getBoundingClientRect();
    return [top, bottom, left, right];
  };
  const shadow = document.querySelector(".host").shadowRoot;
  const [top, bottom] = box(shadow.querySelector(".stage"));
  const dock = document.getElementById("dock");
  const within = ([top, bottom, left, right]) =>
    Math.min(top, left, innerHeight - bottom, innerWidth - right) >= -1;
  const shown = (element) => element.getClientRects().length > 0;
  return {
    picture: (Math.min(bottom, innerHeight) - Math.max(0, top)) / innerHeight,
    wide: document.documentElement.scrollWidth - innerWidth,
    hidden: [...shadow.querySelectorAll(".controls :is(button, select)"), ...dock.querySelectorAll("a.button, button")]
      .filter((element) => shown(element) && !within(box(element)))
      .map((element) => element.textContent.trim() || element.getAttribute("aria-label")),
    covered: [...shadow.querySelectorAll(".controls button")].filter(shown).map((button) => {
      const [top, bottom, left, right] = box(button);
      return document.elementFromPoint((left + right) / 2, (top + bottom) / 2)?.className ?? "";
    }).filter((found) => found !== "host"),
    markers: [...shadow.querySelectorAll(".marker")].map((marker) => [marker.offsetWidth, marker.offsetHeight]),
  };
}"""


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pilot with comments close together, and some for what is decided."""
    store = PilotStore(tmp_path_factory.mktemp("store"))
    pilot = filmed_attempt(store, new_review(store, "Marked").pilot_id)
    for frame in (10, 12, 40, 44, 90, 148):
        add_comment(store, reviewer(store, pilot, "Ben Ito"), 1, Anchor(frame), f"Something at {frame}")
    for company in ("Approved", "Commented", "Answered"):
        filmed_attempt(store, new_review(store, company).pilot_id)
    return store.root


def opened(open_page: OpenPage, path: str, size: str = "phone", text: int = 100, **options: Any) -> Room:
    width, height = SIZES[size]
    page = open_page("about:blank", phone=size != "desk", viewport={"width": width, "height": height}, **options)
    if text != 100:
        fonts = {"standard": 16 * text // 100, "fixed": 13 * text // 100}
        page.context.new_cdp_session(page).send("Page.setFontSizes", {"fontSizes": fonts})
    page.goto(path)
    return Room(page).ready()


@pytest.mark.parametrize("text", [100, 200])
@pytest.mark.parametrize("size", SIZES)
def test_the_picture_keeps_a_third_and_every_control_is_in_reach(
    open_page: OpenPage, store: PilotStore, size: str, text: int
) -> None:
    room = opened(open_page, link_to(store, pilot_of(store, "Marked"), f"{size} {text}"), size, text)
    expect(room.player.locator(".marker").first).to_be_visible()
    for state in ("watching", "writing", "drawing"):
        if state == "writing":
            room.button("Comment").click()
            room.write("The logo is cut off here.")
        elif state == "drawing":
            room.button("Draw").click()
        found = room.page.evaluate(MEASURE)
        assert found["picture"] >= 1 / 3, (state, found)
        assert found["wide"] <= 0, (state, found)
        assert found["hidden"] == [], (state, found)
        assert found["covered"] == [], (state, found)
        assert all(min(marker) >= 24 for marker in found["markers"]), (state, found)


def test_close_markers_are_one_target_and_two_in_one_second_show_their_frames(
    open_page: OpenPage, store: PilotStore
) -> None:
    room = opened(open_page, link_to(store, pilot_of(store, "Marked")), "small")
    markers = room.player.locator(".marker")
    expect(markers).to_have_count(4)
    close = room.player.get_by_role("button", name="Comment at 0:00:10: 2 markers, the first: Ben Ito: Something at 10")
    expect(close).to_be_visible()
    close.click()
    room.shows(10)
    close.click()
    room.shows(12)
    expect(room.player.get_by_role("button", name="Comment at 0:03: Ben Ito")).to_be_visible()


class Taps:
    """Counts what a reviewer taps."""

    def __init__(self) -> None:
        self.count = 0

    def on(self, place: Locator) -> None:
        """Tap it."""
        place.tap()
        self.count += 1


def test_watching_and_approving_takes_at_most_four_taps(open_page: OpenPage, store: PilotStore) -> None:
    pilot = pilot_of(store, "Approved")
    room, taps = opened(open_page, link_to(store, pilot)), Taps()
    taps.on(room.player.locator(".big"))
    room.page.wait_for_function("video => video.ended", arg=room.video.element_handle())
    soon(lambda: [receipt.watched_seconds for receipt in receipts_of(store, pilot.pilot_id)] == [SECONDS])
    taps.on(room.button("Approve"))
    expect(room.page.get_by_text("You haven’t")).to_have_count(0)
    taps.on(room.page.get_by_role("button", name="Yes, approve as Dana Cruz"))
    expect(room.page.get_by_text("The review is complete.")).to_be_visible()
    assert store.load(pilot.pilot_id).status is PilotStatus.COMPLETED
    assert taps.count <= 4


def test_a_comment_on_a_frame_takes_at_most_three_taps_beside_typing(open_page: OpenPage, store: PilotStore) -> None:
    pilot = pilot_of(store, "Commented")
    room, taps = opened(open_page, link_to(store, pilot)), Taps()
    line = room.player.locator(".timeline").bounding_box()
    assert line is not None
    room.page.touchscreen.tap(line["x"] + line["width"] / 2, line["y"] + line["height"] - 20)
    taps.count += 1
    room.page.wait_for_function("video => !video.seeking && video.currentTime > 1", arg=room.video.element_handle())
    frame = int(room.player.locator(".view").first.get_attribute("data-frame") or 0)
    room.shows(frame)
    taps.on(room.button("Comment"))
    expect(room.sheet.get_by_label("Your comment")).to_be_focused()
    room.page.keyboard.type("Slower here")
    taps.on(room.button("Send comment"))
    expect(room.sheet).to_be_hidden()
    [comment] = comments_of(store, pilot.pilot_id)
    assert (comment.frame, comment.body) == (frame, "Slower here")
    assert taps.count <= 3


def test_with_the_keyboard_alone_a_range_is_marked_commented_on_and_answered(
    open_page: OpenPage, store: PilotStore
) -> None:
    pilot = pilot_of(store, "Answered")
    first = add_comment(store, reviewer(store, pilot, "Ben Ito"), 1, Anchor(100), "Said first")
    add_comment(store, reviewer(store, pilot, "Ben Ito"), 1, Anchor(10), "Said last")
    before = {comment.comment_id for comment in comments_of(store, pilot.pilot_id)}
    room = opened(open_page, link_to(store, pilot), "desk")
    page = room.page
    room.go(30)
    page.locator("body").press("i")
    room.go(55)
    page.locator("body").press("o")
    expect(room.sheet.locator(".where")).to_have_text("From 0:01 to 0:02")
    page.keyboard.type("Comic timing, or not?")  # C, I, O and R are letters here
    page.keyboard.press("Control+Enter")
    expect(page.locator("p.words").get_by_text("Comic timing, or not?")).to_be_visible()
    said = [(c.frame, c.end_frame) for c in comments_of(store, pilot.pilot_id) if c.comment_id not in before]
    assert said == [(30, 55)]

    page.locator(f"#{first.comment_id} .at").focus()
    # News exchanges the thread; the focus is on it still.
    add_reply(store, reviewer(store, pilot, "Ben Ito"), first.comment_id, "And in the shop")
    expect(page.locator(f"#{first.comment_id} p.words").get_by_text("And in the shop")).to_be_visible()
    expect(page.locator(f"#{first.comment_id} .at").first).to_be_focused()
    page.keyboard.press("r")
    page.keyboard.type("To the one in focus")
    page.keyboard.press("Control+Enter")
    expect(page.locator(f"#{first.comment_id} p.words").get_by_text("To the one in focus")).to_be_visible()
    room.player.evaluate("player => player.focus()")
    page.keyboard.press("c")
    expect(room.sheet.get_by_label("Your comment")).to_be_focused()
    page.keyboard.press("Escape")
    expect(room.sheet).to_be_hidden()

    page.locator("#keyboard summary").click()
    expect(page.locator("#keyboard")).to_contain_text("Comment on this frame")


def test_at_most_eight_stops_of_the_tab_key_lead_to_the_comment(open_page: OpenPage, store: PilotStore) -> None:
    room = opened(open_page, link_to(store, pilot_of(store, "Marked"), "Keys"), "desk")
    stops = 0
    while stops <= MOST_STOPS:
        room.page.keyboard.press("Tab")
        stops += 1
        focused = room.page.evaluate("() => document.activeElement.getAttribute('href')")
        if focused == "#comment":
            break
    assert stops <= MOST_STOPS
    room.page.keyboard.press("Enter")
    expect(room.sheet.get_by_label("Your comment")).to_be_focused()


def test_little_is_fetched_beside_poster_and_video(open_page: OpenPage, store: PilotStore) -> None:
    page = open_page("about:blank", phone=True)
    done: list[Request] = []
    page.on("requestfinished", lambda request: done.append(request))
    page.goto(link_to(store, pilot_of(store, "Marked"), "Little"))
    Room(page).ready()
    ours = [request for request in done if not re.search(r"/watch/|/review/(events|opened)$", request.url)]
    assert len(ours) <= MOST_REQUESTS, [request.url for request in ours]
    sizes = [request.sizes() for request in ours]
    assert sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) <= MOST_BYTES
