"""“What changed” in a real browser: parts play to the frame, answers are given, changed, and heard of elsewhere."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from pilot_core import PilotStore
from pilot_core.domain.attempt import Change
from pilot_core.domain.comments import Anchor
from pilot_core.review.comments import add_comment, comments_of
from pilot_core.review.decisions import Decision, decide
from pilot_core.review.links import allow_download, links_of, make_link
from pilot_core.review.requests import answers_of
from tests.browser.numbered_films import READ_NUMBER
from tests.browser.review_films import filmed_attempt, new_review, three_shots
from tests.reviewing import LEAD, reviewer

pytestmark = pytest.mark.browser

expect.set_options(timeout=15_000)

OpenPage = Callable[..., Page]
OPENS = Change(text="Opens with a question.", flags=["hook_weak"], shots=[0])
# The second version runs at 29.97 frames per second: two seconds are 59.94 frames.
FIRST_SHOT, SECOND_SHOT, LAST_SHOT = (0, 59), (60, 119), (120, 179)


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pilot for each test, with a second version in which the first and last of three shots differ."""
    store = PilotStore(tmp_path_factory.mktemp("store"))
    for company in ("Parts", "Answers", "Lost", "Approved"):
        pilot = filmed_attempt(store, new_review(store, company).pilot_id, shots=three_shots("A", "B", "C"))
        grant = reviewer(store, pilot, "Dana Cruz")
        add_comment(store, grant, 1, Anchor(60), "The number is too small")
        decide(store, grant, 1, Decision("minor_changes", flags=["hook_weak"], notes="Louder, please"))
        filmed_attempt(store, pilot.pilot_id, OPENS, shots=three_shots("Z", "B", "Y"))
    return store.root


def room(open_page: OpenPage, store: PilotStore, company: str, name: str = "Dana Cruz", **options: object) -> Page:
    pilot = next(pilot for pilot in store.load_all() if pilot.company_name == company)
    page = open_page(f"/r/{make_link(store, pilot.pilot_id, name, actor=LEAD)[1]}", **options)
    expect(page.locator(".player")).to_have_attribute("data-state", "paused")
    page.wait_for_function("video => video.readyState >= 1", arg=page.locator("video").element_handle())
    return page


def point(page: Page, words: str) -> Locator:
    return page.locator(".point", has_text=words)


def ends_on(page: Page, frame: int) -> None:
    """Wait until the video has stopped, and see from the picture on which frame."""
    expect(page.locator(".player")).to_have_attribute("data-state", "paused", timeout=60_000)
    expect(page.locator(".view")).to_have_attribute("data-frame", str(frame))
    video = page.locator("video")
    page.wait_for_function("video => !video.seeking", arg=video.element_handle())
    assert video.evaluate(READ_NUMBER) == frame


KEEP_FRAMES = """view => {
  window.framesSeen = [];
  new MutationObserver(() => window.framesSeen.push(Number(view.dataset.frame)))
    .observe(view, { attributes: true, attributeFilter: ["data-frame"] });
}"""


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desk"])
def test_a_part_plays_from_its_first_frame_to_its_last(open_page: OpenPage, store: PilotStore, phone: bool) -> None:
    page = room(open_page, store, "Parts", phone=phone, dark=phone)
    page.locator(".view").evaluate(KEEP_FRAMES)
    hook = point(page, "Hook is weak")
    expect(hook).to_contain_text(OPENS.text)
    hook.locator("a.still").click()
    expect(page.locator(".player")).to_be_in_viewport()
    ends_on(page, FIRST_SHOT[1])
    point(page, "The number is too small").get_by_role("link", name="Play 0:02–0:04").click()
    ends_on(page, SECOND_SHOT[1])
    # Played again from the end it starts anew, and a step of one's own leaves the part.
    point(page, "The number is too small").get_by_role("link", name="Play 0:02–0:04").click()
    ends_on(page, SECOND_SHOT[1])
    page.locator(".player").get_by_role("button", name="One frame forward").click()
    ends_on(page, SECOND_SHOT[1] + 1)


def test_the_picture_of_a_part_is_the_very_frame(open_page: OpenPage, store: PilotStore) -> None:
    page = room(open_page, store, "Parts")
    picture = point(page, "Hook is weak").locator("img")
    picture.scroll_into_view_if_needed()
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=picture.element_handle())
    assert picture.evaluate(READ_NUMBER) == 35, "at three fifths of frames 0 to 59"


def test_only_what_changed_is_played_one_part_after_the_other(open_page: OpenPage, store: PilotStore) -> None:
    page = room(open_page, store, "Parts", phone=True)
    page.locator(".view").evaluate(KEEP_FRAMES)
    page.get_by_role("button", name="Play only what changed (0:04)").click()
    ends_on(page, LAST_SHOT[1])
    seen: list[int] = page.evaluate("window.framesSeen")
    within = [
        [frame for frame in seen if first <= frame <= last] for first, last in (FIRST_SHOT, SECOND_SHOT, LAST_SHOT)
    ]
    assert within[0], "the first changed shot was played"
    assert LAST_SHOT[0] in seen, "the second one from its first frame"
    assert len(set(within[1])) < 30, "what has not changed was not played through"


def test_answers_are_given_and_changed_and_other_rooms_hear_of_them(open_page: OpenPage, store: PilotStore) -> None:
    page, other = room(open_page, store, "Answers", phone=True), room(open_page, store, "Answers", "Ben Ito")
    pilot_id = next(p.pilot_id for p in store.load_all() if p.company_name == "Answers")
    for words in ("Hook is weak", "Louder, please", "The number is too small"):
        asked = point(page, words)
        for name, says in (("Not yet", "false"), ("Yes, that’s it", "true")):
            button = asked.get_by_role("button", name=name)
            button.click()
            expect(button).to_have_attribute("aria-pressed", "true")
            expect(button).to_be_focused()
            expect(asked.locator('[aria-pressed="true"]')).to_have_count(1)
            pressed = point(other, words).locator(f'[value="{"yes" if says == "true" else "no"}"]')
            expect(pressed).to_have_attribute("aria-pressed", "true")
        expect(point(other, words)).to_contain_text("Dana Cruz")
    assert [(a.subject, a.addressed, a.answered_by) for a in answers_of(store, pilot_id)] == [
        ("hook_weak", True, "Dana Cruz"),
        ("notes", True, "Dana Cruz"),
    ]
    assert [comment.addressed for comment in comments_of(store, pilot_id)] == [True]


def test_an_answer_that_did_not_arrive_says_so_and_can_be_given_again(open_page: OpenPage, store: PilotStore) -> None:
    page = room(open_page, store, "Lost")
    pilot_id = next(p.pilot_id for p in store.load_all() if p.company_name == "Lost")
    asked = point(page, "Hook is weak")
    page.context.set_offline(True)
    asked.get_by_role("button", name="Not yet").click()
    expect(asked.get_by_role("alert")).to_have_text("Not sent. Press it again when you are online.")
    assert answers_of(store, pilot_id) == []
    page.context.set_offline(False)
    asked.get_by_role("button", name="Not yet").click()
    expect(asked.get_by_role("button", name="Not yet")).to_have_attribute("aria-pressed", "true")
    assert [answer.addressed for answer in answers_of(store, pilot_id)] == [False]


def test_without_javascript_each_part_is_a_link_and_answers_are_forms(open_page: OpenPage, store: PilotStore) -> None:
    pilot = next(pilot for pilot in store.load_all() if pilot.company_name == "Lost")
    page = open_page(f"/r/{make_link(store, pilot.pilot_id, 'Eve', actor=LEAD)[1]}", java_script_enabled=False)
    page.get_by_role("button", name="Open the review").click()
    expect(page.get_by_role("button", name="Play only what changed")).to_be_hidden()
    link = point(page, "Hook is weak").get_by_role("link", name="Play 0:00–0:02")
    assert re.search(r"/video\.mp4\?v=\w+#t=0\.000,2\.002$", link.get_attribute("href") or "")
    point(page, "Louder, please").get_by_role("button", name="Yes, that’s it").click()
    expect(point(page, "Louder, please").locator('[value="yes"]')).to_have_attribute("aria-pressed", "true")


def test_the_approved_video_is_downloaded_and_who_asked_for_changes_still_comments(
    open_page: OpenPage, store: PilotStore
) -> None:
    pilot = next(pilot for pilot in store.load_all() if pilot.company_name == "Approved")
    page = room(open_page, store, "Approved", phone=True)
    decide(store, reviewer(store, pilot, "Ben Ito"), 2, Decision("major_changes", notes="No"))
    other = room(open_page, store, "Approved", "Ben Ito")
    page.goto("/review/approve")
    page.get_by_label("I have read this and approve anyway.").check()
    page.get_by_role("button", name="Yes, approve as Dana Cruz").click()
    expect(page.get_by_text("Ben Ito had asked for major changes, and can still comment")).to_be_visible()
    expect(page.get_by_role("link", name="Download the video")).to_have_count(0)
    expect(other.get_by_text("Dana Cruz approved version 2")).to_be_visible()
    other.locator("#bar").get_by_role("link", name="Comment").click()
    other.get_by_label("Your comment").fill("I still miss the logo")
    other.get_by_role("button", name="Send comment").click()
    expect(page.locator("p.words").get_by_text("I still miss the logo")).to_be_visible()
    for link in links_of(store, pilot.pilot_id):
        allow_download(store, link.link_id, True, LEAD)
    with page.expect_download() as coming:
        page.get_by_role("link", name="Download the video").click()
    assert coming.value.suggested_filename == "Approved version 2.mp4"
    saved = Path(coming.value.path()).read_bytes()
    assert saved == store.path_of(store.load(pilot.pilot_id).attempt(2).video_path or "").read_bytes()
