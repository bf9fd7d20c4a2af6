"""The overview's lines on messages and due dates, the calendar's address, and pilots without a reply."""

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.messages import MessageState
from pilot_core.domain.roles import Role
from pilot_core.messages import calendar, outbox
from pilot_core.messages.sender import send_due
from pilot_core.services import judgements
from pilot_core.web.access import page_guard, who
from tests.asking import ask
from tests.conftest import HandClock
from tests.messaging import make_ready, mark_sent, new_pilot, post_office, set_up
from tests.opened_pages import opened
from tests.pilot_pages import button, labels, page_text
from tests.served import serve

LEAD = at_command_line("Mara Lindqvist")
VIEWER = who.Visitor("Sam", Role.VIEWER)


@pytest.fixture(autouse=True)
def served(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the pages use the store and its clock, as Mara. Every day is a working day."""
    monkeypatch.setenv("PILOT_OPS_WORKING_DAYS", "mon-sun")
    monkeypatch.setenv("PILOT_OPS_WORKING_HOURS", "0-24")
    serve(monkeypatch, store)
    monkeypatch.setattr(page_guard, "visitor", lambda: who.Visitor(LEAD, Role.LEAD))


def give_up(store: PilotStore, pilots: list[str], leads: tuple[str, ...] = ("mara@ops.example",)) -> None:
    """File a report of each pilot, whose messages the mail server rejects."""
    for pilot_id in pilots:
        judgements.file_report(store, pilot_id, LEAD)
    with post_office() as office:
        office.moods = ["reject"] * len(pilots) * len(leads)
        assert send_due(store, set_up(office, mail_leads=leads, answer_hours=1000.0)).given_up == len(pilots)


def test_messages_given_up_on_are_counted_and_the_newest_named_with_the_way_there(
    store: PilotStore, clock: HandClock
) -> None:
    pilots = []
    for number in range(5):
        pilots.append(new_pilot(store, company=f"<Company> {number}").pilot_id)
        give_up(store, pilots[-1:])
        clock.forward(minutes=1)
    at = opened("overview")
    text = page_text(at)
    assert "5 messages could not be sent." in text
    named = [line for line in text.splitlines() if "550 5.1.1" in line]
    assert [line[:11] for line in named] == ["<Company> 4", "<Company> 3", "<Company> 2"]
    links = [link for link in at.get("page_link") if link.label == "See the message"]
    assert [link.query_string for link in links] == [f"pilot={p}&section=Messages" for p in reversed(pilots[2:])]


def test_that_way_leads_to_the_messages_of_the_pilot(store: PilotStore) -> None:
    pilot_id = new_pilot(store).pilot_id
    give_up(store, [pilot_id])
    at = opened("pilot", pilot=pilot_id, section="Messages")
    assert "**Outcome report ready**" in page_text(at)
    assert "section" not in at.query_params


def test_a_digest_given_up_on_can_be_called_off_where_it_is_named(store: PilotStore, clock: HandClock) -> None:
    new_pilot(store)
    clock.forward(days=3)
    with post_office() as office:
        office.moods = ["reject"]
        assert send_due(store, set_up(office)).given_up == 1
    at = opened("overview")
    assert "Pilots on Thursday 5 March: 1 for us: The mail server does not take this address" in page_text(at)
    at = button(at, "Cancel")
    assert "could not be sent" not in page_text(at)
    assert not at.exception


def test_a_viewer_reads_what_could_not_be_sent_and_is_offered_nothing(
    store: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_pilot(store)
    clock.forward(days=3)
    with post_office() as office:
        office.moods = ["reject"]
        send_due(store, set_up(office))
    monkeypatch.setattr(page_guard, "visitor", lambda: VIEWER)
    at = opened("overview")
    assert "1 message could not be sent" in page_text(at)
    assert not {"Cancel", "Make an address", "End it"} & set(labels(at))


def test_the_calendars_address_is_shown_once_made_anew_and_ended(
    store: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_pilot(store)
    at = button(opened("overview"), "Make an address")
    first = address(at)
    assert "it is not shown again" in page_text(at)
    assert ask(first).status == 200
    at = opened("overview")  # another tab
    assert not at.get("code")
    assert "You have one, made" in page_text(at)
    at = button(at, "Make a new address")
    second = address(at)
    assert (ask(first).status, ask(second).status) == (404, 200)
    at = button(at, "End it")
    assert ask(second).status == 404
    assert "Make an address" in labels(at)
    assert calendar.feeds(store) == []


def address(at: AppTest) -> str:
    (code,) = at.get("code")
    assert code.value.startswith("http://localhost:8501/calendar/")
    return str(code.value).removeprefix("http://localhost:8501")


def test_a_silent_founders_pilot_is_offered_for_pausing_with_how_often_they_were_reminded(
    store: PilotStore, clock: HandClock
) -> None:
    pilot_id = new_pilot(store).pilot_id
    outbox.set_address(store, pilot_id, "alice@founder.example", LEAD)
    make_ready(store, pilot_id)
    mark_sent(store, pilot_id)
    for _ in range(6):
        send_due(store, set_up())
        clock.forward(days=1)
    at = opened("pilot", pilot=pilot_id)
    assert "review of attempt 1 is late: it was due 4 days ago" in page_text(at)
    at = button(at, "Pause it, waiting for the founder…")
    (why,) = [area.value for area in at.text_area if area.label == "Why"]
    assert why == (
        "Waiting for founder feedback: Alice Chen has not answered attempt 1 since 2 March 2026 after 4 reminders."
    )
    button(at, "Pause the pilot")
    assert store.load(pilot_id).pause_reason == why
    clock.forward(days=1)
    assert send_due(store, set_up()).failed == 0
    assert [m.state for m in outbox.messages_of(store, pilot_id)] == [MessageState.BY_HAND] * 5
    assert store.clock() - store.load(pilot_id).updated_at == timedelta(days=1)
