"""Sending an attempt to its founder: by mail, by hand, from the command line, and what is held back."""

import pytest

from pilot_core import PilotStore
from pilot_core.cli import main
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.attempt import SentHow
from pilot_core.domain.events import describe
from pilot_core.domain.messages import MessageKind, MessageState
from pilot_core.domain.stages import Stage, stage_of
from pilot_core.errors import NotAllowedNow
from pilot_core.messages import deadlines, outbox, sending
from pilot_core.messages.sender import send_due
from pilot_core.server_address import why_unreachable
from pilot_core.services import pilots
from tests.conftest import NOW, HandClock
from tests.messaging import make_ready, mark_sent, new_pilot, post_office, set_up

LEAD = at_command_line("Lea Lead")


@pytest.fixture
def pilot_id(store: PilotStore) -> str:
    """Make a pilot with a ready attempt and its message, and the founder's address. Returns its id."""
    made = new_pilot(store).pilot_id
    outbox.set_address(store, made, "alice@founder.example", LEAD)
    make_ready(store, made)
    return made


def latest(store: PilotStore, pilot_id: str):
    return store.load(pilot_id).latest_attempt


def states(store: PilotStore, pilot_id: str) -> list[tuple[MessageKind, MessageState]]:
    return [(message.kind, message.state) for message in reversed(outbox.messages_of(store, pilot_id))]


def test_an_attempt_is_sent_when_the_mail_server_has_taken_the_message_not_before(
    store: PilotStore, clock: HandClock, pilot_id: str
) -> None:
    with post_office() as office:
        config = set_up(office, mail_leads=())
        office.moods = ["refuse"]
        sending.send_now(store, config, pilot_id, 1, LEAD)
        assert send_due(store, config).failed == 1
        assert stage_of(latest(store, pilot_id)).stage is Stage.READY
        clock.forward(minutes=2)
        assert send_due(store, config).sent == 1
    attempt = latest(store, pilot_id)
    assert (attempt.sent_at, attempt.sent_by, attempt.sent_how) == (clock(), "Lea Lead", SentHow.MAIL)
    event = store.events(pilot_id)[-1]
    assert describe(event) == "sent attempt 1 to the founder by mail"
    with pytest.raises(NotAllowedNow, match="sent before"):
        sending.send_now(store, config, pilot_id, 1, LEAD)


def test_a_message_that_goes_by_itself_is_sent_by_nobody(store: PilotStore, pilot_id: str) -> None:
    with post_office() as office:
        assert send_due(store, set_up(office)).sent == 1
    attempt = latest(store, pilot_id)
    assert (attempt.sent_by, attempt.sent_how) == ("", SentHow.MAIL)


def test_what_is_marked_as_sent_ends_its_message_and_undone_it_waits_for_a_person(
    store: PilotStore, clock: HandClock, pilot_id: str
) -> None:
    config = set_up()
    sending.mark_sent(store, config, pilot_id, 1, LEAD)
    assert states(store, pilot_id) == [(MessageKind.CUT_READY, MessageState.SENT)]
    assert (latest(store, pilot_id).sent_at, latest(store, pilot_id).sent_by) == (NOW, "Lea Lead")
    clock.forward(minutes=9)
    sending.undo_sent(store, pilot_id, 1, LEAD)
    assert latest(store, pilot_id).sent_at is None
    [message] = outbox.messages_of(store, pilot_id)
    assert (message.state, message.reason) == (MessageState.HELD, "Lea Lead undid marking it as sent.")
    with post_office() as office:
        assert send_due(store, set_up(office)).sent == 0
        sending.send_now(store, set_up(office), pilot_id, 1, LEAD)
        assert send_due(store, set_up(office)).sent == 1


def test_ticking_off_the_message_marks_the_attempt_and_an_attempt_needs_no_message(store: PilotStore) -> None:
    ready = new_pilot(store).pilot_id
    make_ready(store, ready)
    outbox.mark_sent(store, set_up(), outbox.messages_of(store, ready)[0].message_id, LEAD)
    assert latest(store, ready).sent_how is SentHow.HAND

    brought = new_pilot(store, company="Brought")
    store.change(brought.pilot_id, lambda p: p.add_attempt("film.mp4", at=store.clock()), LEAD)
    assert not sending.sending_of(store, set_up(), brought, 1).is_stored
    sending.mark_sent(store, set_up(), brought.pilot_id, 1, LEAD)
    assert latest(store, brought.pilot_id).sent_how is SentHow.HAND

    silent = new_pilot(store, company="Silent")
    outbox.set_enabled(store, silent.pilot_id, False, LEAD)
    make_ready(store, silent.pilot_id)
    sending.mark_sent(store, set_up(), silent.pilot_id, 1, LEAD)
    assert states(store, silent.pilot_id) == []
    assert latest(store, silent.pilot_id).sent_how is SentHow.HAND


def test_the_server_says_why_it_cannot_send(store: PilotStore, pilot_id: str) -> None:
    with post_office() as office:
        mail = set_up(office)

        def why(config=mail) -> str:
            found = sending.sending_of(store, config, store.load(pilot_id), 1).why_not_by_server
            if found:
                with pytest.raises(NotAllowedNow):
                    sending.send_now(store, config, pilot_id, 1, LEAD)
            return found

        assert why() == ""
        assert why(set_up()) == "Mail isn’t set up."
        assert why(set_up(office, url=None)).startswith("Founders cannot open http://localhost:8501: ")
        outbox.set_address(store, pilot_id, "", LEAD)
        assert why() == "There is no e-mail address of Alice Chen."
        outbox.set_address(store, pilot_id, "alice@founder.example", LEAD)
        pilots.pause(store, pilot_id, "Away", LEAD)
        assert why() == "The pilot is paused."


def test_what_a_founder_could_not_open_is_held_even_if_a_lead_releases_it(store: PilotStore, pilot_id: str) -> None:
    with post_office() as office:
        config = set_up(office, url="http://10.1.2.3:8501", mail_leads=())
        for _ in range(2):
            assert send_due(store, config).sent == 0
            [message] = outbox.messages_of(store, pilot_id)
            assert message.state is MessageState.HELD
            assert message.reason.startswith("Founders cannot open http://10.1.2.3:8501: it is an address inside one")
            outbox.release(store, message.message_id, LEAD)
        assert office.taken == []
        assert send_due(store, set_up(office, mail_leads=())).sent == 1


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:8501",
        "http://127.0.0.1",
        "http://[::1]:80",
        "http://0.0.0.0:8501",
        "http://192.168.1.20:8501",
        "https://10.0.0.1",
        "http://172.20.1.1",
        "http://100.64.3.2",
        "http://169.254.1.1",
        "http://[fd00::1]",
        "http://pilots",
        "https://pilots.local",
        "https://ops.corp.internal.",
        "http://app.localhost:3000",
    ],
)
def test_addresses_of_one_machine_or_network_are_named(origin: str) -> None:
    assert why_unreachable(origin).startswith(f"Founders cannot open {origin}: it is an address ")


@pytest.mark.parametrize(
    "origin", ["https://pilots.example.com", "http://93.184.216.34:8501", "https://[2606:2800:220:1::1]", "https://a.b"]
)
def test_other_addresses_are_taken_as_they_are(origin: str) -> None:
    assert why_unreachable(origin) == ""


def test_a_reminder_by_hand_is_one_a_day_and_marks_what_was_never_sent(
    store: PilotStore, clock: HandClock, pilot_id: str
) -> None:
    config = set_up()
    sending.mark_sent(store, config, pilot_id, 1, LEAD, MessageKind.REMINDER)
    assert latest(store, pilot_id).sent_at == NOW
    found = sending.sending_of(store, config, store.load(pilot_id), 1, MessageKind.REMINDER)
    assert found.why_not_by_server == "Alice Chen was reminded today."
    clock.forward(days=1)
    sending.mark_sent(store, config, pilot_id, 1, LEAD, MessageKind.REMINDER)
    reminders = [state for kind, state in states(store, pilot_id) if kind is MessageKind.REMINDER]
    assert reminders == [MessageState.SENT] * 2
    assert latest(store, pilot_id).sent_at == NOW
    waiting = outbox.remind(store, pilot_id, LEAD)
    clock.forward(days=1)
    found = sending.sending_of(store, config, store.load(pilot_id), 1, MessageKind.REMINDER)
    assert found.message.message_id == waiting, "the one that waits is the one that is shown"


def test_the_command_line_prints_a_link_and_marks_the_attempt_as_sent(
    store: PilotStore, pilot_id: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PILOT_OPS_STORE", str(store.root))
    assert main(["--review-link", pilot_id]) == 2
    assert "Founders cannot open http://localhost:8501" in capsys.readouterr().err
    monkeypatch.setenv("PILOT_OPS_URL", "https://pilots.example.com")
    assert main(["--review-link", pilot_id]) == 0
    link = capsys.readouterr().out.splitlines()[0]
    assert link.startswith("https://pilots.example.com/r/")
    assert latest(store, pilot_id).sent_at is None
    assert main(["--review-link", pilot_id, "--mark-sent"]) == 0
    told = capsys.readouterr().out
    assert told.splitlines()[0] == link, "the link that messages carry"
    assert "Attempt 1 is marked as sent." in told
    assert latest(store, pilot_id).sent_how is SentHow.HAND
    assert main(["--list"]) == 0
    assert " sent " in capsys.readouterr().out.replace("not sent", "")
    empty = new_pilot(store, company="Empty").pilot_id
    assert main(["--review-link", empty]) == 2
    assert main(["--list", "--mark-sent"]) == 2


def test_clocks_start_when_it_was_sent(store: PilotStore, clock: HandClock, pilot_id: str) -> None:
    config = set_up()
    (due,) = deadlines.dues(store.database, config, clock(), pilot_id)
    assert (due.step, due.is_ours, due.since) == ("send", True, NOW)
    sent_at = clock.forward(days=3)
    mark_sent(store, pilot_id)
    (due,) = deadlines.dues(store.database, config, clock(), pilot_id)
    assert (due.step, due.is_ours, due.since) == ("review", False, sent_at)
