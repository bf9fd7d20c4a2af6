"""One pilot's page in a real browser: a lead takes a pilot from a cut to its approval, and two leads meet on one."""

import io
import re
import shutil
import zipfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from pilot_core import PilotStore
from pilot_core.domain.attempt import PilotRunAttempt, SentHow
from pilot_core.domain.brief import Brief
from pilot_core.domain.feedback import FeedbackLevel
from pilot_core.domain.pilot import ApprovalOutcome, PilotRun
from pilot_core.rendering import attempt as rendering
from pilot_core.services import pilots
from pilot_core.settings import read_settings
from tests.browser.numbered_films import READ_NUMBER, make_numbered_film
from tests.browser.team_pages import settled

pytestmark = [pytest.mark.browser, pytest.mark.film]

RENDER_MS = 150_000
BRIEF = Brief(
    product="Brisa",
    message="Sleep support that starts with listening",
    proof_points=["Built with 40 sleep nurses"],
    call_to_action="Start tonight",
    link="brisa.example",
)
# What tells that a section is on screen.
SECTIONS = {
    "SLA and quality": "Iterations, limit 3",
    "Storyboard": "What of the brief is in it",
    "Feedback and comments": "Nobody has said anything yet",
    "Review links": "Make a review link",
    "Messages": "To whom",
    "Documents": "What we are testing",
    "Outcome report": "How to read this",
    "History": "Created the pilot",
}
OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pilots whose first attempt is one and the same uploaded film, measured and packed for the one of the journey."""
    store = PilotStore(tmp_path_factory.mktemp("store"))
    film = make_numbered_film(tmp_path_factory.mktemp("film") / "film.mp4", Fraction(30), 8)
    journey = _new(store, "Brisa Health")
    upload = pilots.keep_upload(store, journey, film)
    pilots.queue_attempt(store, journey, "upload", upload_path=upload)
    rendering.run_attempt(store, journey, 1, read_settings())
    made = store.load(journey).attempt(1)
    for company in ("Conflict Ltd", "Phone Ltd", "Keyboard Ltd"):
        own = _new(store, company)
        shutil.copytree(store.root / journey, store.root / own, dirs_exist_ok=True)
        # A pilot's files are those in its own folder.
        mine = PilotRunAttempt.model_validate_json(made.model_dump_json().replace(journey, own))

        def with_the_same_film(pilot: PilotRun, mine: PilotRunAttempt = mine) -> None:
            attempt = pilot.add_attempt(mine.video_path, mine.review_pack_path, 38.2, 1, 0.26, True)
            attempt.drafts = mine.drafts
            pilot.mark_sent(attempt.attempt_number, "", SentHow.MAIL)

        store.change(own, with_the_same_film)
    return store.root


def _new(store: PilotStore, company: str) -> str:
    pilot = pilots.create_pilot("Tomás Ferreira", company, "problem_solution", "wellness", brief=BRIEF)
    return pilots.start_pilot(store, pilot).pilot_id


@pytest.fixture
def pilot_of(store_folder: Path) -> Callable[[str], PilotRun]:
    """The pilot of that company as the store has it now."""
    store = PilotStore(store_folder)
    return lambda company: next(pilot for pilot in store.load_all() if pilot.company_name == company)


def open_pilot(open_page: OpenPage, pilot: PilotRun, **options: bool) -> Page:
    page = open_page(f"/pilot?pilot={pilot.pilot_id}", **options)
    expect(page.get_by_role("heading", name=pilot.company_name, level=1)).to_be_visible(timeout=30_000)
    expect(page.get_by_role("tab", name="History")).to_be_visible(timeout=30_000)
    return page


def decide(page: Page, level: str) -> None:
    page.get_by_role("radio", name=level, exact=True).click()


def send_by_hand(page: Page, number: int) -> None:
    """Mark the attempt as sent. The server's address is this computer's, so its link is not shown."""
    page.get_by_role("button", name="Send to Tomás Ferreira").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(re.compile("Founders cannot open"))).to_be_visible()
    expect(dialog.get_by_text("[review link]")).to_be_visible()
    dialog.get_by_role("button", name="Mark as sent").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text(re.compile(f"Attempt {number} was marked as sent to Tomás Ferreira"))).to_be_visible()


def in_their_words(page: Page) -> Locator:
    return page.get_by_role("textbox", name="In their own words")


def test_a_lead_takes_a_pilot_from_its_first_cut_to_its_approval(
    open_page: OpenPage, pilot_of: Callable[[str], PilotRun]
) -> None:
    pilot = pilot_of("Brisa Health")
    page = open_pilot(open_page, pilot)

    player = page.locator(".player")
    expect(player).to_have_attribute("data-state", "paused", timeout=30_000)
    video = player.locator("video").first
    page.wait_for_function("video => video.readyState >= 1", arg=video.element_handle())
    player.locator(".controls").get_by_role("button", name="Play").click()
    expect(player).to_have_attribute("data-state", "playing")
    page.wait_for_function("video => video.currentTime > 0.2", arg=video.element_handle())
    player.evaluate("root => root.focus()")
    page.keyboard.press("k")
    expect(player).to_have_attribute("data-state", "paused")
    for frame in (137, 41):
        player.locator(".scrub").evaluate(
            "(scrub, frame) => { scrub.value = frame; scrub.dispatchEvent(new Event('input')); }", frame
        )
        expect(player.locator(".view").first).to_have_attribute("data-frame", str(frame))
        assert video.evaluate(READ_NUMBER) == frame

    send_by_hand(page, 1)
    decide(page, "Major changes")
    page.get_by_role("button", name="Too long", exact=True).click()
    in_their_words(page).fill("It goes on *and* on.")
    page.get_by_role("button", name="Log major changes on attempt 1").click()
    expect(page.get_by_text("Feedback it carries")).to_be_visible()
    expect(page.get_by_text("Attempt 1, major changes (Too long): “It goes on *and* on.”")).to_be_visible()
    review = pilot_of("Brisa Health").attempt(1).review
    assert (review.level, review.flags, review.by) == (FeedbackLevel.MAJOR_CHANGES, ["too_long"], "Tomás Ferreira")

    settled(page)
    page.get_by_role("combobox", name="How it is made").scroll_into_view_if_needed()
    page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )  # scrolling closes it
    page.get_by_role("combobox", name="How it is made").press("ArrowDown")
    page.get_by_role("option", name=re.compile("^Storyboard")).click()
    page.get_by_role("button", name="Start attempt 2").click()
    expect(page.get_by_role("heading", name="Making attempt 2")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_role("tab", name="Attempt 2")).to_be_visible(timeout=RENDER_MS)
    expect(page.get_by_text(re.compile("Attempt 2 is ready and not sent"))).to_be_visible()
    settled(page)
    page.get_by_text("What changed, and why it looks like this").click()
    changed = page.get_by_role("listitem").filter(has_text=re.compile(r"At [\d.]+ s, before 8.0 s: "))
    expect(changed).to_be_visible()
    page.get_by_role("tab", name="Side by side").click()
    expect(page.locator(".player video:visible")).to_have_count(2)

    send_by_hand(page, 2)
    decide(page, "Approve")
    page.get_by_role("button", name="Approve attempt 2…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text(re.compile(r"draft_v\d\.mp4 of attempt 2"))).to_be_visible()
    assert pilot_of("Brisa Health").approval_outcome is ApprovalOutcome.PENDING
    dialog.get_by_role("button", name="Approve attempt 2", exact=True).click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("PROCEED").first).to_be_visible()
    expect(page.get_by_text("Approved just now. The pilot is completed.")).to_be_visible()
    assert pilot_of("Brisa Health").approval_outcome is ApprovalOutcome.APPROVED

    page.get_by_role("tab", name="Outcome report").click()
    expect(page.get_by_role("heading", name="Recommendation: PROCEED")).to_be_visible()
    everything = page.get_by_role("link", name="Download everything").get_attribute("href")
    with zipfile.ZipFile(io.BytesIO(page.request.get(everything).body())) as archive:
        assert archive.testzip() is None
        assert f"{pilot.pilot_id}/outcome_report.md" in archive.namelist()
        assert sum(name.endswith("review_pack/final_video.mp4") for name in archive.namelist()) == 2
    printed = page.context.new_page()
    printed.goto(page.get_by_role("link", name="Open to print").get_attribute("href"))
    expect(printed.get_by_role("heading", name="Recommendation: PROCEED")).to_be_visible()


def test_two_leads_on_one_pilot_meet_the_message_and_lose_nothing(
    open_page: OpenPage, pilot_of: Callable[[str], PilotRun]
) -> None:
    pilot = pilot_of("Conflict Ltd")
    first, second = open_pilot(open_page, pilot), open_pilot(open_page, pilot)
    decide(second, "Minor changes")
    in_their_words(second).fill("Nearly there.")
    decide(first, "Major changes")
    first.get_by_role("button", name="Log major changes on attempt 1").click()
    expect(first.get_by_role("button", name="Start attempt 2")).to_be_visible()

    second.get_by_role("button", name="Log minor changes on attempt 1").click()
    expect(second.get_by_text("Nothing was saved: while you were deciding, this pilot was changed.")).to_be_visible()
    expect(
        second.get_by_test_id("stAlert").get_by_text(re.compile("logged major changes on attempt 1"))
    ).to_be_visible()
    assert len(pilot_of("Conflict Ltd").attempt(1).feedback) == 1
    expect(in_their_words(second)).to_have_value("Nearly there.")
    second.get_by_role("button", name="Log minor changes on attempt 1").click()
    expect(second.get_by_text("Nothing was saved")).to_have_count(0)
    assert [given.level.value for given in pilot_of("Conflict Ltd").attempt(1).feedback] == [
        "major_changes",
        "minor_changes",
    ]


@pytest.mark.parametrize("dark", [False, True])
def test_the_page_fits_a_phone_in_either_theme(
    open_page: OpenPage, pilot_of: Callable[[str], PilotRun], dark: bool
) -> None:
    page = open_pilot(open_page, pilot_of("Phone Ltd"), phone=True, dark=dark)
    expect(page.locator(".player")).to_have_attribute("data-state", "paused", timeout=30_000)
    expect(page.get_by_role("img", name=re.compile(r"^Step 3 of 7 is today: Sent"))).to_be_visible()
    for name, content in SECTIONS.items():
        page.get_by_role("tab", name=name).click()
        expect(page.get_by_text(content).first).to_be_visible()
        wide = page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
        assert wide <= 390, name
    page.get_by_role("button", name="Pause…").click()
    box = page.get_by_role("dialog").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390


def test_feedback_is_logged_with_the_keyboard_alone(open_page: OpenPage, pilot_of: Callable[[str], PilotRun]) -> None:
    page = open_pilot(open_page, pilot_of("Keyboard Ltd"))

    def reach(target: Locator) -> None:
        """Tab on until the focus is there."""
        for _ in range(80):
            if target.evaluate("element => element === document.activeElement"):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"the Tab key never reached {target}")

    expect(page.get_by_role("radio", name="Approve", exact=True)).to_be_visible()
    reach(page.get_by_role("radio", name="Approve", exact=True))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Log minor changes on attempt 1")).to_be_visible()
    reach(page.get_by_role("button", name="Hook is weak", exact=True))
    page.keyboard.press("Space")
    expect(page.get_by_text("The first three seconds did not make me want to go on.")).to_be_visible()
    reach(in_their_words(page))
    page.keyboard.type("Begin sooner.")
    reach(page.get_by_role("button", name="Log minor changes on attempt 1"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Start attempt 2")).to_be_visible()
    review = pilot_of("Keyboard Ltd").attempt(1).review
    assert (review.level.value, review.flags, review.notes) == ("minor_changes", ["hook_weak"], "Begin sooner.")
