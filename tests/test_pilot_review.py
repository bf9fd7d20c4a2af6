"""Review links and comments on the pilot's page, as the team uses them."""

from collections.abc import Callable
from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from pilot_core import PilotStore
from pilot_core.domain.comments import Anchor
from pilot_core.domain.reviews import LinkState
from pilot_core.review.checklist import marks_of
from pilot_core.review.comments import add_comment, comments_of, threads_of
from pilot_core.review.decisions import Decision, decide
from pilot_core.review.links import grant_for, links_of, open_link
from pilot_core.review.receipts import record_opened, record_watched
from pilot_core.review.requests import answer_request
from tests.conftest import HandClock
from tests.pilot_pages import (
    LEAD,
    Cast,
    as_lead,
    button,
    cast,
    field,
    film,
    labels,
    open_page,
    page_text,
    shown,
    web_store,
)
from tests.reviewing import reviewer
from tests.served import serve

__all__ = ["as_lead", "cast", "film", "open_page", "web_store"]

Open = Callable[..., AppTest]
LINKS, COMMENTS = "Review links", "Feedback and comments"


def section(at: AppTest, pilot_id: str, name: str) -> AppTest:
    at.session_state[f"{pilot_id} section"] = name
    at.run()
    assert not at.exception
    return at


@pytest.fixture(autouse=True)
def one_clock(web_store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the pages use the test's store and its clock."""
    monkeypatch.setenv("PILOT_OPS_URL", "https://pilots.example.com")
    serve(monkeypatch, web_store)


@pytest.fixture
def pilot_id(cast: Cast) -> str:
    """Return a pilot with one ready attempt of one second."""
    pilot_id = cast.new()
    cast.attempt(pilot_id)
    return pilot_id


# Links


def test_a_link_is_made_shown_once_and_listed(
    open_page: Open, pilot_id: str, store: PilotStore, clock: HandClock
) -> None:
    at = button(open_page(pilot_id), "Send a review link…")
    field(at, "text_input", "Reviewer").set_value("Dana Cruz")
    assert field(at, "date_input", "Open until the end of").value == date(2026, 3, 16)
    at = button(at, "Make the link")
    assert not at.exception
    [link] = links_of(store, pilot_id)
    assert (link.reviewer, link.created_by, link.has_passphrase) == ("Dana Cruz", LEAD, False)
    address = next(code.value for code in at.code if "/r/" in code.value)
    assert open_link(store, address.split("/r/")[1])[0].link_id == link.link_id
    assert "Not opened yet." in shown(at)
    assert "to the end of 16 March 2026 (UTC)" in page_text(at)
    again = section(open_page(pilot_id), pilot_id, LINKS)
    assert not [code for code in again.code if "/r/" in code.value], "kept nowhere"


@pytest.mark.parametrize(
    ("name", "passphrase", "reason"),
    [("", "", "A name is needed"), ("Dana", "short", "A passphrase needs 8 to 200 characters")],
)
def test_a_link_that_cannot_be_made_says_why(
    open_page: Open, pilot_id: str, store: PilotStore, name: str, passphrase: str, reason: str
) -> None:
    at = section(open_page(pilot_id), pilot_id, LINKS)
    field(at, "text_input", "Reviewer").set_value(name)
    field(at, "text_input", "Passphrase, if you want one").set_value(passphrase)
    at = button(at, "Make the link")
    assert reason in at.error[0].value
    assert links_of(store, pilot_id) == []


def test_receipts_stand_under_their_link_and_others_apart(
    open_page: Open, pilot_id: str, store: PilotStore, clock: HandClock
) -> None:
    pilot = store.load(pilot_id)
    dana, ben = reviewer(store, pilot), reviewer(store, pilot, "Ben Ito")
    record_opened(store, dana, 1)
    clock.forward(minutes=5)
    record_watched(store, dana, 1, [(0, 0)])
    add_comment(store, dana, 1, Anchor(3), "Slower")
    decide(store, dana, 1, Decision("minor_changes"))
    clock.forward(hours=2)
    at = section(open_page(pilot_id), pilot_id, LINKS)
    assert "Attempt 1: opened 2 h ago, watched 100%, 1 comment, **minor changes** 2 h ago" in page_text(at)
    assert page_text(at).count("Not opened yet.") == 1, ben.name


def test_revoking_ends_a_link_at_once(open_page: Open, pilot_id: str, store: PilotStore) -> None:
    at = section(open_page(pilot_id), pilot_id, LINKS)
    at = button(at, "Make the link")
    address = next(code.value for code in at.code if "/r/" in code.value)
    cookie = open_link(store, address.split("/r/")[1])[1]
    at = button(at, "Revoke now")
    assert grant_for(store, cookie) is None
    assert links_of(store, pilot_id)[0].state(store.clock()) is LinkState.REVOKED
    assert "Revoke now" not in labels(at)
    assert not [code for code in at.code if "/r/" in code.value]


def test_the_switch_for_downloads_is_off_set_with_the_link_and_changed_beside_it(
    open_page: Open, pilot_id: str, store: PilotStore
) -> None:
    label = "May download the approved video"
    at = section(open_page(pilot_id), pilot_id, LINKS)
    assert field(at, "toggle", label).value is False
    field(at, "toggle", label).set_value(True)
    at = button(at, "Make the link")
    assert [link.may_download for link in links_of(store, pilot_id)] == [True]
    [_, beside] = [toggle for toggle in at.toggle if toggle.label == label]
    assert beside.value is True
    beside.set_value(False).run()
    assert [link.may_download for link in links_of(store, pilot_id)] == [False]


def test_answers_on_flags_and_words_stand_with_the_feedback_and_in_the_next_brief(
    open_page: Open, pilot_id: str, cast: Cast, store: PilotStore
) -> None:
    grant = reviewer(store, store.load(pilot_id))
    given = decide(store, grant, 1, Decision("minor_changes", flags=["too_long"], notes="Louder"))
    cast.attempt(pilot_id)
    answer_request(store, grant, f"{given.feedback_id}.too_long", addressed=False, in_attempt=2)
    answer_request(store, grant, f"{given.feedback_id}.notes", addressed=True, in_attempt=2)
    decide(store, grant, 2, Decision("minor_changes", flags=["hook_weak"]))
    text = page_text(section(open_page(pilot_id), pilot_id, COMMENTS))
    assert "“Too long”: not addressed in attempt 2, says Dana Cruz" in text
    assert "What was written: addressed in attempt 2, says Dana Cruz" in text
    assert "Attempt 1, Dana Cruz, not addressed in attempt 2: Too long" in text, "in the brief of attempt 3"


# Comments


def test_comments_are_listed_and_filtered(open_page: Open, pilot_id: str, cast: Cast, store: PilotStore) -> None:
    pilot = store.load(pilot_id)
    add_comment(store, reviewer(store, pilot), 1, Anchor(3), "Slower, please")
    add_comment(store, reviewer(store, pilot, "Ben Ito"), 1, Anchor(9), "The logo **is** ![x](http://evil/a.png)")
    at = section(open_page(pilot_id), pilot_id, COMMENTS)
    assert "2 comments open, 0 resolved." in page_text(at)
    assert {"Slower, please", "The logo **is** ![x](http://evil/a.png)"} <= {text.value for text in at.text}
    field(at, "selectbox", "With words of").set_value("Ben Ito").run()
    assert "Slower, please" not in {text.value for text in at.text}
    field(at, "selectbox", "With words of").set_value(None).run()
    state = next(control for control in at.segmented_control if control.label == "State")
    state.set_value("Resolved").run()
    assert "No comment passes the filter." in shown(at)


def test_a_click_on_a_comment_brings_its_film_to_its_frame(
    open_page: Open, pilot_id: str, cast: Cast, store: PilotStore
) -> None:
    add_comment(store, reviewer(store, store.load(pilot_id)), 1, Anchor(9), "The logo")
    cast.review(pilot_id, 1, "minor_changes")
    cast.attempt(pilot_id, drafts=2)
    at = section(open_page(pilot_id), pilot_id, COMMENTS)
    at = button(at, "0:00")
    assert not at.exception
    assert at.session_state[f"{pilot_id} attempts Attempt 2"] == "Attempt 1"
    assert at.session_state[f"{pilot_id} film 1 1:seek"] == (1, 9)


def test_the_team_answers_and_changes_its_own_words(open_page: Open, pilot_id: str, store: PilotStore) -> None:
    comment = add_comment(store, reviewer(store, store.load(pilot_id)), 1, Anchor(9), "The logo")
    at = section(open_page(pilot_id), pilot_id, COMMENTS)
    assert "Edit" not in labels(at), "a reviewer’s words are the reviewer’s"
    at = button(at, "Answer")
    at.session_state[f"text team reply {comment.comment_id}"] = {"sent": {"id": "1", "text": "Twice as large?"}}
    at.run()
    [thread] = threads_of(store, pilot_id)
    [answer] = thread.replies
    assert (answer.author, answer.body, answer.from_team) == (LEAD, "Twice as large?", True)
    at = button(at, "Edit")
    at.session_state[f"text team edit {answer.comment_id}"] = {"sent": {"id": "2", "text": "Twice as large now."}}
    at.run()
    assert "Twice as large now." in shown(at)
    at = button(button(at, "Delete"), "Delete")
    assert [c.body for c in comments_of(store, pilot_id)] == ["The logo"]


def test_a_comment_is_locked_by_the_next_attempt_and_marked_on_its_checklist(
    open_page: Open, pilot_id: str, cast: Cast, store: PilotStore
) -> None:
    said = add_comment(store, reviewer(store, store.load(pilot_id)), 1, Anchor(9), "The logo")
    cast.review(pilot_id, 1, "minor_changes")
    cast.attempt(pilot_id)
    at = section(open_page(pilot_id), pilot_id, COMMENTS)
    assert "Answer" not in labels(at)
    assert "1 request needs a person in attempt 2" in page_text(at)
    note = "What was done, or why it is not possible"
    at = button(at, "Mark as not possible")
    assert "Say why it is not possible" in page_text(at)
    next(field for field in at.text_area if field.label == note).set_value("It is the only logo.").run()
    at = button(at, "Mark as not possible")
    [mark] = marks_of(store, pilot_id)
    assert (mark.request_id, mark.kind, mark.note, mark.made_by) == (
        said.comment_id,
        "not possible",
        "It is the only logo.",
        LEAD,
    )
    assert f"Not possible, says {LEAD}: It is the only logo." in page_text(at)
    assert "needs a person in attempt 2" not in page_text(at)
    at = button(at, next(label for label in labels(at) if label.startswith("Undo the mark")))
    assert marks_of(store, pilot_id) == []


def test_exports_are_offered_for_what_is_listed(open_page: Open, pilot_id: str, store: PilotStore) -> None:
    add_comment(store, reviewer(store, store.load(pilot_id)), 1, Anchor(9), "The logo")
    at = section(open_page(pilot_id), pilot_id, COMMENTS)
    links = {link.proto.url for link in at.get("link_button")}
    base = f"/download/{pilot_id}/comments"
    names = ("all.csv", "attempt_1.edl", "attempt_1.xml", "attempt_1.fcpxml")
    assert {f"{base}/{name}" for name in names} <= links
    next(box for box in at.checkbox if box.label == "EDL starts at 01:00:00:00").uncheck().run()
    links = {link.proto.url for link in at.get("link_button")}
    assert {f"{base}/attempt_1.edl?start=zero", f"{base}/attempt_1.xml"} <= links
