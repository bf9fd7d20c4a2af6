"""Undelivered messages on the diagnostics page: how many, why, where they are, and retrying."""

import pytest
from streamlit.testing.v1 import AppTest

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.messages import MessageState
from pilot_core.domain.roles import Role
from pilot_core.messages import outbox
from pilot_core.messages.sender import send_due
from pilot_core.services import judgements
from pilot_core.web.access import page_guard, who
from pilot_core.web.pages.diagnostics import messages
from tests.conftest import HandClock
from tests.messaging import PostOffice, make_ready, new_pilot, parts, post_office, receiver, set_up
from tests.opened_pages import opened
from tests.pilot_pages import button, field, labels, shown
from tests.served import serve

LEAD = at_command_line("Mara Lindqvist")


@pytest.fixture
def office(store: PilotStore, monkeypatch: pytest.MonkeyPatch):
    """Start the mail server of the pages' settings; the visitor is Mara."""
    serve(monkeypatch, store)
    monkeypatch.setattr(page_guard, "visitor", lambda: who.Visitor(LEAD, Role.LEAD))
    with post_office() as running:
        monkeypatch.setenv("PILOT_OPS_URL", "https://pilots.ops.example")
        monkeypatch.setenv("PILOT_OPS_SMTP", f"plain://127.0.0.1:{running.port}")
        monkeypatch.setenv("PILOT_OPS_MAIL_FROM", "pilots@ops.example")
        yield running


def section(at: AppTest) -> str:
    text = shown(at).replace("\\", "").replace("\u2060", "")
    assert "Messages" in [heading.value for heading in at.header]
    return text


def test_a_store_whose_messages_all_go_says_so_and_by_which_way(store: PilotStore, office: PostOffice) -> None:
    assert "✓] No message is given up on. They go by mail." in section(opened("diagnostics"))


def test_with_no_way_out_messages_wait_to_be_copied_which_is_no_trouble(
    store: PilotStore, office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PILOT_OPS_SMTP")
    assert "✓] No message is given up on. No way out is set up, so they wait to be copied." in section(
        opened("diagnostics")
    )


def test_a_message_given_up_on_is_named_with_what_the_server_said_and_goes_when_tried_again(
    store: PilotStore, clock: HandClock, office: PostOffice
) -> None:
    pilot_id = new_pilot(store, company="Ñandú *Works*").pilot_id
    outbox.set_address(store, pilot_id, "zoe.secret@founder.example", LEAD)
    make_ready(store, pilot_id)
    office.moods = ["reject"]
    office.refusal = "550 5.1.1 <zoe.secret@founder.example>: nobody of that name here"
    assert send_due(store, set_up(office)).given_up == 1
    before = opened("diagnostics")
    text = section(before)
    assert "1 message could not be sent, and nobody tries any more." in text
    assert (
        "**Ñandú *Works***, cut ready, attempt 1. To founder.example: The mail server does not take this address "
        "(550 5.1.1 <…@founder.example>: nobody of that name here)."
    ) in text
    assert "zoe.secret" not in text
    (link,) = [link for link in before.get("page_link") if link.label == "See the message"]
    assert link.query_string == f"pilot={pilot_id}&section=Messages"
    at = button(before, "Try again")
    assert "No message is given up on." in section(at)
    assert send_due(store, set_up(office)).sent == 1
    assert [message.state for message in outbox.messages_of(store, pilot_id)] == [MessageState.SENT]


def test_the_newest_few_are_named_and_the_others_counted(
    store: PilotStore, clock: HandClock, office: PostOffice
) -> None:
    for number in range(messages.SHOWN + 3):
        judgements.file_report(store, new_pilot(store, company=f"Company {number}").pilot_id, LEAD)
    config = set_up(office, answer_hours=1000.0)
    office.moods = ["reject"] * (messages.SHOWN + 3)
    while not send_due(store, config).given_up:
        clock.forward(minutes=1)
    at = opened("diagnostics")
    assert f"{messages.SHOWN + 3} messages could not be sent" in section(at)
    assert "And 3 earlier." in section(at)
    assert labels(at).count("Try again") == messages.SHOWN


def test_a_digest_is_read_and_edited_before_it_goes_and_stays_readable(
    store: PilotStore, clock: HandClock, office: PostOffice
) -> None:
    new_pilot(store, company="Late & Co")
    clock.forward(days=3)
    config = set_up(office, hold_minutes=10.0)
    assert send_due(store, config).sent == 0
    at = opened("diagnostics")
    assert field(at, "text_input", "Subject").value == "Pilots on Thursday 5 March: 1 for us"
    assert "Late & Co: The first attempt, late since" in field(at, "text_area", "Words").value
    field(at, "text_area", "Words").set_value("Please look at Late & Co today.")
    at = button(at, "Save the words")
    clock.forward(minutes=10)
    assert send_due(store, config).sent == 1
    assert parts(office.taken[0][1])[0].strip() == "Please look at Late & Co today."
    at = opened("diagnostics")
    assert "Please look at Late & Co today." in section(at)
    assert "Save the words" not in labels(at)


def test_a_digest_is_called_off_before_it_goes(store: PilotStore, clock: HandClock, office: PostOffice) -> None:
    new_pilot(store)
    clock.forward(days=3)
    config = set_up(office, hold_minutes=10.0)
    send_due(store, config)
    button(opened("diagnostics"), "Cancel")
    clock.forward(hours=1)
    assert send_due(store, config).sent == 0
    assert office.taken == []


def test_a_webhook_and_a_digest_are_named_by_what_they_are(
    store: PilotStore, clock: HandClock, office: PostOffice
) -> None:
    new_pilot(store)
    clock.forward(days=3)
    with receiver() as hook:
        hook.answers = [500] * 50
        while not send_due(store, set_up(hook=hook)).given_up:
            clock.forward(hours=13)
    text = section(opened("diagnostics"))
    assert "Daily digest. By webhook: The webhook answered 500." in text
