"""The review room in a real browser, on a phone and on a desk: from the link to the approval, and what goes wrong."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pilot_core import PilotStore
from pilot_core.domain.feedback import FeedbackLevel
from pilot_core.domain.pilot import ApprovalOutcome, PilotStatus
from pilot_core.domain.reviews import TeamMember
from pilot_core.review.comments import comments_of, reply
from pilot_core.review.decisions import Decision, decide
from pilot_core.review.links import links_of, make_link, open_link, revoke_link
from pilot_core.review.receipts import receipts_of
from tests.browser.conftest import AWAY
from tests.browser.review_films import filmed_attempt, new_review
from tests.browser.rooms import Room, link_to, pilot_of, soon
from tests.reviewing import LEAD

pytestmark = pytest.mark.browser

# Streamlit answers with a run of the page, and the machine may be busy.
expect.set_options(timeout=15_000)

OpenPage = Callable[..., Page]
COMPANIES = ("Journey phone", "Journey desk", "Kept", "Revoked", "Away", "Undone")


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


def make_link_as_a_lead(page: Page, name: str) -> str:
    """Make a link on the pilot's page; returns its path."""
    page.get_by_role("tab", name="Review links").click()
    page.get_by_label("Reviewer").fill(name)
    page.get_by_role("button", name="Make the link").click()
    page.get_by_text("Show it anyway, to try it here").click()
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
    assert "streamlit" not in page.content().lower()
    if phone:
        last = room.player.locator(".controls").bounding_box()
        row = page.locator("#bar").bounding_box()
        assert last is not None
        assert row is not None
        assert last["y"] + last["height"] <= row["y"], "film and controls fit above the row of buttons"
        assert row["y"] + row["height"] <= 844
        assert row["height"] >= 48
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert room.video.get_attribute("poster")
    room.player.locator(".big").click()
    page.wait_for_function("video => video.currentTime > 1.2", arg=room.video.element_handle())
    expect(room.player.locator(".cues")).to_have_text("First words.")
    room.video.click()
    soon(lambda: bool(receipts_of(store, pilot_id)) and receipts_of(store, pilot_id)[0].watched_seconds >= 2)

    # Two comments, the second with a box
    room.go(40)
    room.button("Comment").click()
    expect(room.sheet.locator(".where")).to_have_text("At 0:01")
    room.write("The logo is <b>cut off</b> here.")
    room.send()
    room.go(101)
    room.button("Comment").click()
    room.button("Draw").click()
    room.drag(0.6, 0.6, 0.2, 0.3)
    room.write("Größer, bitte 🙂")
    room.send()
    expect(page.locator("p.words").get_by_text("Größer, bitte 🙂", exact=True)).to_be_visible()
    first, second = comments_of(store, pilot_id)
    assert (first.frame, first.body, first.shape) == (40, "The logo is <b>cut off</b> here.", None)
    assert (second.frame, second.timecode, second.author) == (101, "00:00:04:01", "Dana Cruz")
    assert second.shape is not None
    shape = (second.shape.x, second.shape.y, second.shape.width, second.shape.height)
    assert shape == pytest.approx((0.2, 0.3, 0.4, 0.3), abs=0.01)
    page.get_by_role("link", name="Go to 0:01").click()
    room.shows(40)

    # Minor changes
    room.button("Ask for changes").click()
    page.get_by_label("Too long").check(force=True)
    page.get_by_label("What would you change first?").fill("The middle drags.")
    page.get_by_role("button", name="Send: ask for changes").click()
    expect(page.get_by_text("Thank you, Dana Cruz.")).to_be_in_viewport()
    expect(page.locator("#decided")).to_be_focused()
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
    page.get_by_role("link", name="Show version 2").click()
    Room(page).ready()
    page.get_by_role("link", name="Compare with version 1").click()
    expect(page.locator(".view")).to_have_count(2)
    expect(page.get_by_text("Twice as large now.")).to_be_visible()
    page.get_by_role("button", name="Yes, addressed").last.click()
    expect(page.get_by_text("Addressed in version 2")).to_be_visible()
    assert [comment.addressed for comment in comments_of(store, pilot_id) if not comment.parent_id] == [None, True]

    # The approval, with its second act
    page.get_by_role("link", name="Back to version 2").click()
    Room(page).ready().button("Approve").click()
    film = store.path_of(store.load(pilot_id).attempt(2).video_path or "")
    checksum = hashlib.sha256(film.read_bytes()).hexdigest()
    expect(page.get_by_role("heading", name="Approve version 2?")).to_be_visible()
    page.get_by_text("Which file").click()
    expect(page.get_by_text(checksum)).to_be_visible()
    assert store.load(pilot_id).status is PilotStatus.ACTIVE
    page.get_by_role("button", name="Yes, approve as Dana Cruz").click()
    expect(page.get_by_text("The review is complete.")).to_be_in_viewport()
    expect(page.locator("#bar")).to_be_empty()
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
    room.button("Comment").click()
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
    expect(page.locator("#offline")).to_have_text("Offline. Your words are kept on this device.")
    expect(room.sheet.get_by_label("Your comment")).to_have_value("A whole thought")
    assert comments_of(store, pilot.pilot_id) == []
    page.context.set_offline(False)
    room.button("Send comment").click()
    expect(room.sheet).to_be_hidden(timeout=30_000)
    assert [(c.frame, c.body) for c in comments_of(store, pilot.pilot_id)] == [(75, "A whole thought")]
    page.wait_for_function("() => !Object.keys(localStorage).some((name) => name.startsWith('pilot-ops'))")

    # A range, too many words, and the sentence of the decision
    room.go(100)
    room.button("Comment").click()
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
    page.wait_for_url("**/review")
    room = Room(page).ready()
    room.button("Comment").click()
    room.write("Nearly sent")
    film = f"/watch/{pilot.runs[0].attempt_id}/video.mp4"
    status = "async (path) => (await fetch(path)).status"
    assert page.evaluate(status, film) == 200
    for link in links_of(store, pilot.pilot_id):
        revoke_link(store, link.link_id, LEAD)
    assert page.evaluate(status, film) == 404
    expect(page.get_by_role("heading", name="This link is no longer valid")).to_be_visible()
    expect(page.get_by_text("Your comments and decisions were kept")).to_be_visible()
    expect(page.locator(".player")).to_have_count(0)
    expect(page.locator("textarea")).to_have_value("Nearly sent")


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
        answer = page.goto(f"{away}{path}")
        assert answer is not None
        assert answer.status == 403
        expect(page.get_by_text("This page is for the operations team.")).to_be_visible()
        expect(page.get_by_text("Undone")).to_have_count(0)
    page.get_by_role("link", name="Go to your review").click()
    Room(page).ready()


def test_a_decision_is_taken_back_with_one_press(open_page: OpenPage, store: PilotStore) -> None:
    pilot = pilot_of(store, "Undone")
    token = make_link(store, pilot.pilot_id, "Dana Cruz", actor=LEAD)[1]
    grant = open_link(store, token)[0]
    decide(store, grant, 1, Decision("major_changes", notes="Wrong idea"))
    page = open_page(f"/r/{token}", phone=True)
    expect(page.get_by_text(re.compile(r"for (9:\d\d|10:00) more"))).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Your decision", exact=True)).to_be_visible()
    expect(page.get_by_label("What would you change first?")).to_have_value("Wrong idea")
    expect(page.get_by_label("Major changes")).to_be_checked()
    assert store.load(pilot.pilot_id).attempt(1).review is None


def test_everything_works_without_a_script(browser: Browser, server: str, store: PilotStore) -> None:
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
    expect(page.locator("video")).to_have_js_property("controls", True)
    page.get_by_label("At", exact=True).fill("0:02")
    page.get_by_label("Your comment").fill("Typed, without a script")
    page.get_by_role("button", name="Send comment").click()
    expect(page.locator("p.words").get_by_text("Typed, without a script")).to_be_visible()
    [comment] = comments_of(store, pilot.pilot_id)
    assert (comment.frame, comment.author) == (50, "Eve")
    [cookie] = [cookie for cookie in context.cookies() if cookie["name"] == "pilot_review"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    context.close()
