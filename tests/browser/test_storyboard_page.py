"""A lead edits a storyboard in the browser: words, order and picture, each seen at once, and the film is made again."""

import json
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from pilot_core import PilotStore
from pilot_core.domain.brief import Brief
from pilot_core.domain.comments import Anchor
from pilot_core.domain.reviews import TeamMember
from pilot_core.rendering import attempt as rendering
from pilot_core.review.comments import add_comment
from pilot_core.services import brand_kits, pilots
from pilot_core.settings import read_settings
from pilot_core.video.brand_files import KitFolder
from pilot_core.video.prepared_kit import prepared_kit
from tests.browser.team_pages import settled
from tests.browser.test_pilot_page import OpenPage, open_pilot
from tests.reviewing import LEAD

pytestmark = [pytest.mark.browser, pytest.mark.film]

RENDER_MS = 150_000
BRIEF = Brief(
    product="Shiftly",
    message="Fill open shifts in four minutes",
    problem="A nurse calls in sick, and somebody phones forty people",
    cost="Two hours a day per ward",
    proof_points=["38% fewer empty shifts", "Used on 61 wards"],
    call_to_action="See a five-minute demo",
    link="shiftly.example",
)


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pilot with a brand kit of one picture, and its first attempt."""
    store = PilotStore(tmp_path_factory.mktemp("store"))
    made = pilots.create_pilot("Mira Lund", "Shiftly AB", "problem_solution", "enterprise", brief=BRIEF)
    pilot = pilots.start_pilot(store, made)
    picture = tmp_path_factory.mktemp("kit") / "ward.png"
    Image.new("RGB", (600, 400), "#0F766E").save(picture)
    with prepared_kit(KitFolder(pictures=(picture,), colours=("#0F766E",))) as files:
        brand_kits.change_kit(store, pilot.pilot_id, files)
    pilots.queue_attempt(store, pilot.pilot_id, "storyboard")
    rendering.run_attempt(store, pilot.pilot_id, 1, read_settings())
    return store.root


def open_storyboard(open_page: OpenPage, store: PilotStore, **options: bool) -> Page:
    [pilot] = store.load_all()
    page = open_pilot(open_page, pilot, **options)
    page.get_by_role("tab", name="Storyboard").click()
    expect(page.get_by_role("heading", name="To look at")).to_be_visible(timeout=30_000)
    settled(page)
    return page


def choose(page: Page, field: str, option: str) -> None:
    """Choose an option of a list. A list closes when the page is drawn, or scrolls under it."""
    box = page.get_by_role("combobox", name=field)
    settled(page)
    box.scroll_into_view_if_needed()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    box.press("ArrowDown")
    page.get_by_role("option", name=option).click()
    settled(page)


def still(page: Page, number: int) -> str:
    """Return the address of a shot's still, which names what it shows."""
    picture = page.get_by_role("img", name=re.compile(rf"^Shot {number}: ")).first
    return picture.get_attribute("src") or ""


def test_words_order_and_picture_are_edited_seen_at_once_and_made(open_page: OpenPage, store: PilotStore) -> None:
    [pilot] = store.load_all()
    pilots.record_feedback(store, pilot.pilot_id, 1, "Say wards, not people", "minor_changes")
    page = open_storyboard(open_page, store)
    choose(page, "Start from", "Attempt 1 as it was")
    expect(page.get_by_text("not edited")).to_be_visible()
    first = json.loads(next((store.root / pilot.pilot_id).glob("attempt_1*/storyboard.json")).read_text())

    page.get_by_role("button", name=re.compile(r"^1 · ")).first.click()
    expect(page.get_by_role("heading", name="Shot 1: ")).to_be_visible()
    before = still(page, 1)
    words = page.get_by_role("textbox", name="Words")
    words.fill("A nurse calls in sick,\nand somebody phones *forty wards*")
    words.press("Control+Enter")
    expect(page.get_by_text("1 shot edited")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^Shot 1: .*forty wards")).first).to_be_visible()
    assert still(page, 1) != before, "the still shows the new words at once"
    expect(page.get_by_text("“wards” stands nowhere in the brief")).to_have_count(0)

    # Undo takes it back, and it can be done again.
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_text("not edited")).to_be_visible()
    expect(page.get_by_role("textbox", name="Words")).to_have_value(re.compile("forty.* people"))
    words = page.get_by_role("textbox", name="Words")
    words.fill("A nurse calls in sick,\nand somebody phones *forty wards*")
    words.press("Control+Enter")
    expect(page.get_by_text("1 shot edited")).to_be_visible()

    last = len(first["shots"]) - 1
    said = first["shots"][last - 1]["main"]
    page.get_by_role("button", name=re.compile(rf"^{last} · ")).first.click()
    expect(page.get_by_role("heading", name=f"Shot {last}: ")).to_be_visible()
    page.get_by_role("button", name="Earlier").click()
    expect(page.get_by_role("heading", name=f"Shot {last - 1}: ")).to_be_visible()
    expect(page.get_by_role("textbox", name="Words")).to_have_value(said)

    before = still(page, last - 1)
    choose(page, "Picture of the brand kit", "ward.png")
    expect(page.get_by_text(re.compile(r"[23] shots edited|1 shot edited"))).to_be_visible()
    page.wait_for_function(
        "before => ![...document.images].some(image => image.getAttribute('src') === before)", arg=before
    )

    page.get_by_role("button", name="Make attempt 2 from this storyboard").click()
    expect(page.get_by_role("tab", name="Attempt 2")).to_be_visible(timeout=RENDER_MS)
    attempt = store.load(pilot.pilot_id).attempt(2)
    told = json.loads((store.root / (attempt.folder or "") / "storyboard.json").read_text())
    assert told["shots"][0]["main"] == "A nurse calls in sick,\nand somebody phones *forty wards*"
    assert [shot["main"] for shot in told["shots"]][last - 2] == said
    assert [shot["picture"] for shot in told["shots"]][last - 2] == "ward.png"
    assert told["drawn"] < len(told["shots"]), "the shots that are as they were are taken from the first video"
    assert attempt.sla_passed
    assert attempt.final_draft
    assert attempt.final_draft.changes[0].text.startswith("A person edited the storyboard")


def test_a_comment_opens_the_storyboard_at_its_frame(open_page: OpenPage, store: PilotStore) -> None:
    [pilot] = store.load_all()
    latest = pilot.latest_attempt
    assert latest
    assert latest.final_draft
    shot = latest.final_draft.shots[2]
    frame = round((shot.start + shot.end) / 2 * 30)
    add_comment(store, TeamMember(LEAD, pilot.pilot_id), latest.attempt_number, Anchor(frame), "This is not our number")
    page = open_pilot(open_page, pilot)
    page.get_by_role("tab", name="Feedback and comments").click()
    page.get_by_role("button", name="Open in the storyboard").first.click()
    expect(page.get_by_role("heading", name="Shot 3: ")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("combobox", name="Start from")).to_have_value(
        re.compile(f"Attempt {latest.attempt_number} as it was")
    )


def test_on_a_phone_the_storyboard_is_as_wide_as_the_screen_in_either_theme(
    open_page: OpenPage, store: PilotStore
) -> None:
    for dark in (False, True):
        page = open_storyboard(open_page, store, phone=True, dark=dark)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
