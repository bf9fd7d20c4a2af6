"""The review room in a real browser, on a phone and on a desk: from the link to the approval, and what goes wrong."""

import hashlib
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pilot_core.models import ApprovalOutcome, FeedbackLevel, PilotRun, PilotStatus
from pilot_core.review.comments import comments_of, reply
from pilot_core.review.decisions import decide
from pilot_core.review.links import TeamMember, links_of, make_link, open_link, revoke_link
from pilot_core.review.receipts import receipts_of
from pilot_core.store.pilots import PilotStore
from tests.browser.numbered_films import READ_NUMBER
from tests.browser.review_films import filmed_attempt, new_review
from tests.reviewing import LEAD

pytestmark = pytest.mark.browser

# Streamlit answers with a run of the page, and the machine may be busy.
expect.set_options(timeout=15_000)

OpenPage = Callable[..., Page]
COMPANIES = ("Journey phone", "Journey desk", "Kept", "Revoked", "Away", "Undone")
AWAY = "review.localhost"
"""A host that is this machine for the browser and another one for the server."""


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pilot with one attempt for each test."""
    store = PilotStore(tmp_path_factory.mktemp("store"))
    for company in COMPANIES:
        filmed_attempt(store, new_review(store, company).pilot_id)
    return store.root


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    return {"STREAMLIT_BROWSER_SERVER_ADDRESS": AWAY}


@pytest.fixture
def store(store_folder: Path) -> PilotStore:
    return PilotStore(store_folder)


def pilot_of(store: PilotStore, company: str) -> PilotRun:
    return next(pilot for pilot in map(store.load, store.pilot_ids()) if pilot.company_name == company)


def link_to(store: PilotStore, pilot: PilotRun, name: str = "Dana Cruz") -> str:
    return f"/r/{make_link(store, pilot.pilot_id, name, actor=LEAD)[1]}"


class Room:
    """The review room on a page, with the gestures the tests share."""

    def __init__(self, page: Page):
        self.page = page
        self.player = page.locator(".player").first
        self.video = self.player.locator("video").first
        self.dock = page.locator(".dock")
        self.sheet = self.dock.locator(".sheet")

    def ready(self) -> "Room":
        expect(self.player).to_have_attribute("data-state", "paused")
        self.page.wait_for_function("video => video.readyState >= 1", arg=self.video.element_handle())
        expect(self.dock).to_be_visible()
        return self

    def go(self, frame: int) -> None:
        """Go to a frame, and see from the picture that it is there."""
        self.player.locator(".scrub").evaluate(
            "(scrub, frame) => { scrub.value = frame; scrub.dispatchEvent(new Event('input')); }", frame
        )
        self.shows(frame)

    def shows(self, frame: int) -> None:
        expect(self.player.locator(".view").first).to_have_attribute("data-frame", str(frame))
        self.page.wait_for_function("video => !video.seeking", arg=self.video.element_handle())
        assert self.video.evaluate(READ_NUMBER) == frame

    def button(self, name: str) -> Locator:
        return self.dock.get_by_role("button", name=name, exact=True)

    def write(self, words: str) -> None:
        self.sheet.get_by_label("Your comment").fill(words)

    def send(self) -> None:
        self.button("Send comment").click()
        expect(self.sheet).to_be_hidden()

    def drag(self, left: float, top: float, right: float, bottom: float) -> None:
        """Draw a box, given in parts of the picture."""
        box = self.video.bounding_box()
        assert box is not None

        def at(x: float, y: float) -> tuple[float, float]:
            return box["x"] + x * box["width"], box["y"] + y * box["height"]

        self.page.mouse.move(*at(left, top))
        self.page.mouse.down()
        self.page.mouse.move(*at(right, bottom), steps=3)
        self.page.mouse.up()


def soon(what: Callable[[], bool]) -> None:
    """Wait until something holds that the browser has set going."""
    deadline = time.monotonic() + 15
    while not what():
        assert time.monotonic() < deadline, "it did not come to hold"
        time.sleep(0.1)


def make_link_as_a_lead(page: Page, name: str) -> str:
    """Make a link on the pilot's page; returns its path."""
    page.get_by_role("tab", name="Review links").click()
    page.get_by_label("Reviewer").fill(name)
    page.get_by_role("button", name="Make the link").click()
    address = page.get_by_test_id("stCode").locator("code").first.inner_text()
    assert address.startswith("http://localhost:")
    return "/r/" + address.split("/r/")[1].strip()


@pytest.mark.parametrize("phone", [True, False], ids=["phone", "desk"])
def test_from_the_link_to_the_approval(open_page: OpenPage, store: PilotStore, phone: bool) -> None:
    pilot = pilot_of(store, "Journey phone" if phone else "Journey desk")
    pilot_id = pilot.pilot_id
    lead = open_page(f"/pilot?pilot={pilot_id}")
    path = make_link_as_a_lead(lead, "Dana Cruz")

    # Open, watch
    page = open_page(path, phone=phone, dark=phone)
    room = Room(page).ready()
    assert page.url.endswith("/review")
    expect(page.get_by_test_id("stSidebar")).to_have_count(0)
    if phone:
        last = room.player.locator(".controls").bounding_box()
        row = room.dock.locator(".bar").bounding_box()
        assert last is not None
        assert row is not None
        assert last["y"] + last["height"] <= row["y"], "film and controls fit above the row of buttons"
        assert row["y"] + row["height"] <= 844
        assert row["height"] >= 48
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert room.video.evaluate("video => video.textTracks[0].mode") == "showing"
    assert room.video.get_attribute("poster")
    room.player.locator(".big").click()
    page.wait_for_function("video => video.currentTime > 1.2", arg=room.video.element_handle())
    room.video.click()
    soon(lambda: bool(receipts_of(store, pilot_id)) and receipts_of(store, pilot_id)[0].watched_seconds >= 2)

    # Two comments, the second with a box
    room.go(40)
    room.button("Comment here").click()
    expect(room.sheet.locator(".where")).to_have_text("At 0:01")
    room.write("The logo is <b>cut off</b> here.")
    room.send()
    room.go(101)
    room.button("Comment here").click()
    room.button("Draw").click()
    room.drag(0.6, 0.6, 0.2, 0.3)
    room.write("Größer, bitte 🙂")
    room.send()
    expect(page.get_by_text("Größer, bitte 🙂", exact=True)).to_be_visible()
    first, second = comments_of(store, pilot_id)
    assert (first.frame, first.body, first.shape) == (40, "The logo is <b>cut off</b> here.", None)
    assert (second.frame, second.timecode, second.author) == (101, "00:00:04:01", "Dana Cruz")
    assert second.shape is not None
    shape = (second.shape.x, second.shape.y, second.shape.width, second.shape.height)
    assert shape == pytest.approx((0.2, 0.3, 0.4, 0.3), abs=0.01)
    page.get_by_role("button", name="0:01", exact=True).click()
    room.shows(40)

    # Minor changes
    room.button("Ask for changes").click()
    page.get_by_test_id("stButtonGroup").get_by_text("Too long").click()
    page.get_by_label("What would you change first?").fill("The middle drags.")
    page.get_by_role("button", name="Send: minor changes").click()
    expect(page.get_by_text("Thank you, Dana Cruz.")).to_be_in_viewport()
    page.wait_for_function("() => !Object.keys(localStorage).some((name) => name.startsWith('pilot-ops'))")
    given = store.load(pilot_id).attempt(1).review
    assert given is not None
    assert (given.level, given.flags, given.notes) == (FeedbackLevel.MINOR_CHANGES, ["too_long"], "The middle drags.")

    # The team sees it
    lead.reload()
    lead.get_by_role("tab", name="Review links").click()
    expect(
        lead.get_by_text(re.compile(r"Attempt 1: opened .*, watched \d+%, 2 comments, minor changes"))
    ).to_be_visible()
    lead.get_by_role("tab", name="Feedback and comments").click()
    expect(lead.get_by_text("The logo is <b>cut off</b> here.", exact=True)).to_be_visible()
    lead.get_by_role("button", name="0:04", exact=True).click()
    Room(lead).shows(101)

    # The next version, compared with the last
    reply(store, TeamMember(LEAD, pilot_id), second.comment_id, "Twice as large now.")
    filmed_attempt(store, pilot_id, "Shortened (too long).")
    page.reload()
    Room(page).ready()
    page.get_by_text("Compare with attempt 1").click()
    expect(page.locator(".view")).to_have_count(2)
    expect(page.get_by_text("Twice as large now.")).to_be_visible()
    page.get_by_text("Addressed", exact=True).last.click()
    expect(page.get_by_text("Addressed in attempt 2")).to_be_visible()
    assert [comment.addressed for comment in comments_of(store, pilot_id) if not comment.parent_id] == [None, True]

    # The approval, with its second act
    room.button("Approve").click()
    page.get_by_role("button", name="Approve attempt 2…").click()
    dialog = page.get_by_role("dialog")
    film = store.path_of(store.load(pilot_id).attempt(2).video_path or "")
    checksum = hashlib.sha256(film.read_bytes()).hexdigest()
    short = " ".join(checksum[at : at + 4] for at in (0, 4, 8))
    expect(dialog.get_by_text(f"draft_v1.mp4 of attempt 2, 6 s, checksum {short}")).to_be_visible()
    assert store.load(pilot_id).status is PilotStatus.ACTIVE
    dialog.get_by_role("button", name="Yes, I approve it as Dana Cruz").click()
    expect(page.get_by_text("The pilot is completed.")).to_be_in_viewport()
    expect(room.dock).to_have_count(0)
    done = store.load(pilot_id)
    assert (done.status, done.approval_outcome) == (PilotStatus.COMPLETED, ApprovalOutcome.APPROVED)
    approval = done.attempt(2).review
    assert approval is not None
    assert (approval.sha256, approval.by) == (checksum, "Dana Cruz")


def test_what_is_typed_survives_a_lost_connection_and_a_closed_tab(open_page: OpenPage, store: PilotStore) -> None:
    pilot = pilot_of(store, "Kept")
    page = open_page(link_to(store, pilot), phone=True)
    room = Room(page).ready()
    room.go(75)
    room.button("Comment here").click()
    room.write("Half a thought")
    page.close(run_before_unload=False)

    page = page.context.new_page()
    page.goto("/review")
    room = Room(page).ready()
    expect(room.sheet.get_by_label("Your comment")).to_have_value("Half a thought")
    expect(room.sheet.locator(".where")).to_have_text("At 0:03")
    room.shows(75)
    room.write("A whole thought")
    page.context.set_offline(True)
    room.button("Send comment").click()
    expect(room.sheet.get_by_role("alert")).to_contain_text("Your words are kept on this device")
    expect(room.sheet.get_by_label("Your comment")).to_have_value("A whole thought")
    assert comments_of(store, pilot.pilot_id) == []
    page.context.set_offline(False)
    room.button("Send comment").click()
    expect(room.sheet).to_be_hidden(timeout=30_000)
    assert [(c.frame, c.body) for c in comments_of(store, pilot.pilot_id)] == [(75, "A whole thought")]
    page.wait_for_function("() => !Object.keys(localStorage).some((name) => name.startsWith('pilot-ops'))")

    # A range, too many words, and the sentence of the decision
    room.go(100)
    room.button("Comment here").click()
    room.button("Range").click()
    room.go(125)
    room.button("End here").click()
    expect(room.sheet.locator(".where")).to_have_text("From 0:04 to 0:05")
    room.write("x" * 2_001)
    expect(room.sheet.locator(".counter")).to_have_text("1 too many")
    expect(room.button("Send comment")).to_be_disabled()
    room.write("Too fast")
    room.send()
    assert [(c.frame, c.end_frame) for c in comments_of(store, pilot.pilot_id)][1] == (100, 125)
    room.button("Ask for changes").click()
    page.get_by_label("What would you change first?").fill("The middle drags.")
    page.reload()
    Room(page).ready().button("Ask for changes").click()
    expect(page.get_by_label("What would you change first?")).to_have_value("The middle drags.")


def test_a_revoked_link_ends_in_an_open_tab(open_page: OpenPage, server: str, store: PilotStore) -> None:
    pilot = pilot_of(store, "Revoked")
    page = open_page("about:blank", phone=True)
    page.goto(server.replace("localhost", AWAY) + link_to(store, pilot))
    room = Room(page).ready()
    film = f"/watch/{pilot.runs[0].attempt_id}/video.mp4"
    status = "async (path) => (await fetch(path)).status"
    assert page.evaluate(status, film) == 200
    for link in links_of(store, pilot.pilot_id):
        revoke_link(store, link.link_id, LEAD)
    assert page.evaluate(status, film) == 404
    room.button("Ask for changes").click()
    expect(page.get_by_text("This link does not open anything any more.")).to_be_visible()
    expect(page.locator(".player")).to_have_count(0)
    expect(page.get_by_text("Revoked", exact=True)).to_have_count(0)


def test_from_elsewhere_a_grant_opens_the_room_and_nothing_else(
    open_page: OpenPage, server: str, store: PilotStore
) -> None:
    mine, other = pilot_of(store, "Away"), pilot_of(store, "Undone")
    page = open_page("about:blank")
    away = server.replace("localhost", AWAY)
    page.goto(f"{away}/")
    expect(page.get_by_text("open the link you were sent")).to_be_visible()
    page.goto(f"{away}{link_to(store, mine)}")
    Room(page).ready()
    for path in ("/", f"/pilot?pilot={other.pilot_id}", "/metrics", "/anything"):
        page.goto(f"{away}{path}")
        Room(page).ready()
        expect(page.get_by_text("Away", exact=True)).to_be_visible()
        expect(page.get_by_text("Undone")).to_have_count(0)
        expect(page.get_by_test_id("stSidebar")).to_have_count(0)


def test_a_decision_is_taken_back_with_one_press(open_page: OpenPage, store: PilotStore) -> None:
    pilot = pilot_of(store, "Undone")
    token = make_link(store, pilot.pilot_id, "Dana Cruz", actor=LEAD)[1]
    grant = open_link(store, token)[0]
    decide(store, grant, 1, "major_changes", notes="Wrong idea")
    page = open_page(f"/r/{token}", phone=True)
    expect(page.get_by_text(re.compile(r"for (9:\d\d|10:00) more"))).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Your decision")).to_be_visible()
    assert store.load(pilot.pilot_id).attempt(1).review is None


def test_the_passphrase_page_works_without_script(browser: Browser, server: str, store: PilotStore) -> None:
    pilot = pilot_of(store, "Undone")
    _, token = make_link(store, pilot.pilot_id, "Eve", passphrase="three small sardines", actor=LEAD)
    context = browser.new_context(base_url=server, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"/r/{token}")
    page.get_by_label("Passphrase").fill("three large sardines")
    page.get_by_role("button", name="Open the review").click()
    expect(page.get_by_role("alert")).to_contain_text("That is not the passphrase")
    page.get_by_label("Passphrase").fill("three small sardines")
    page.get_by_role("button", name="Open the review").click()
    assert page.url == f"{server}/review"
    [cookie] = [cookie for cookie in context.cookies() if cookie["name"] == "pilot_review"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    context.close()
