"""Owner, snooze and reminder: what a lead does in the inbox that is no step of the pilot."""

from datetime import timedelta

import pytest

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.events import describe
from pilot_core.domain.messages import MessageState
from pilot_core.erasure.person import erase_person
from pilot_core.errors import Conflict, InvalidRequest, NotAllowedNow
from pilot_core.messages import outbox
from pilot_core.services import inbox, pilots
from pilot_core.store.files import state_files
from tests.conftest import HandClock
from tests.pilot_stories import make_pilot

LEAD = at_command_line("Mara Lindqvist")


def test_an_owner_is_set_and_removed_without_counting_as_activity(store: PilotStore, clock: HandClock) -> None:
    before = make_pilot(store, clock, "Acme", "wait")
    clock.forward(hours=1)
    inbox.assign(store, before.pilot_id, "  Theo   Grant ", LEAD)
    assert store.load(before.pilot_id).owner == "Theo Grant"
    inbox.assign(store, before.pilot_id, "Mara Lindqvist", LEAD)
    inbox.assign(store, before.pilot_id, None, LEAD)

    after = store.load(before.pilot_id)
    assert (after.owner, after.updated_at) == (None, before.updated_at)
    said = [describe(event) for event in store.events(before.pilot_id)[-3:]]
    assert said == ["made Theo Grant the owner", "took over as owner", "removed Mara Lindqvist as owner"]


@pytest.mark.parametrize("name", [" ", "\u200b", "x" * 201])
def test_an_owner_without_a_name_is_refused(store: PilotStore, clock: HandClock, name: str) -> None:
    pilot = make_pilot(store, clock, "Acme")
    with pytest.raises(InvalidRequest):
        inbox.assign(store, pilot.pilot_id, name, LEAD)


def test_a_lead_who_saw_an_outdated_row_is_refused(store: PilotStore, clock: HandClock) -> None:
    pilot = make_pilot(store, clock, "Acme")
    inbox.assign(store, pilot.pilot_id, "Theo Grant", LEAD, seen_version=pilot.version)
    with pytest.raises(Conflict):
        inbox.snooze(store, pilot.pilot_id, clock() + timedelta(days=1), LEAD, seen_version=pilot.version)


def test_a_snooze_ends_by_hand_or_when_something_happens(store: PilotStore, clock: HandClock) -> None:
    pilot_id = make_pilot(store, clock, "Acme", "wait").pilot_id
    until = clock() + timedelta(days=3)
    assert inbox.snooze(store, pilot_id, until, LEAD).snoozed_until == until
    assert inbox.assign(store, pilot_id, "Theo Grant", LEAD).snoozed_until == until, "an owner is no step"
    assert inbox.snooze(store, pilot_id, None, LEAD).snoozed_until is None
    inbox.snooze(store, pilot_id, until, LEAD)
    pilots.record_feedback(store, pilot_id, 1, "Shorter.", "minor_changes", actor=LEAD)
    assert store.load(pilot_id).snoozed_until is None
    with pytest.raises(InvalidRequest, match="in the future"):
        inbox.snooze(store, pilot_id, clock(), LEAD)


def test_owner_and_snooze_go_through_the_state_file_and_an_erasure(store: PilotStore, clock: HandClock) -> None:
    pilot_id = make_pilot(store, clock, "Acme", "wait").pilot_id
    inbox.assign(store, pilot_id, "Theo Grant", LEAD)
    inbox.snooze(store, pilot_id, clock() + timedelta(days=3), LEAD)
    pilot = store.load(pilot_id)
    read = state_files.read(store.root / f"{pilot_id}.json")
    assert (read.owner, read.snoozed_until) == (pilot.owner, pilot.snoozed_until)
    theirs = state_files.dump(pilot) | {"owner": 5}
    del theirs["revision"]
    assert state_files.dump(state_files.parse(theirs))["owner"] == 5, "another program's field is kept as it is"

    erase_person(store, "theo grant", "He asked", LEAD)

    assert store.load(pilot_id).owner is None
    assert "Theo Grant" not in str([event.detail for event in store.events(pilot_id)])


def test_a_reminder_is_written_once_and_only_while_the_founder_is_awaited(store: PilotStore, clock: HandClock) -> None:
    pilot_id = make_pilot(store, clock, "Acme", "wait").pilot_id
    outbox.cancel(store, first := outbox.remind(store, pilot_id, LEAD), LEAD)
    clock.forward(seconds=1)
    second = outbox.remind(store, pilot_id, LEAD)
    states = {message.message_id: message.state for message in outbox.messages_of(store, pilot_id)}
    assert (states[first], states[second]) == (MessageState.CANCELLED, MessageState.WAITING)
    with pytest.raises(NotAllowedNow, match="waiting to be sent already"):
        outbox.remind(store, pilot_id, LEAD)
    outbox.cancel(store, second, LEAD)
    pilots.record_feedback(store, pilot_id, 1, "Shorter.", "minor_changes", actor=LEAD)
    clock.forward(seconds=1)
    with pytest.raises(NotAllowedNow, match="has decided"):
        outbox.remind(store, pilot_id, LEAD)
    outbox.set_enabled(store, pilot_id, False, LEAD)
    clock.forward(seconds=1)
    with pytest.raises(NotAllowedNow, match="switched off"):
        outbox.remind(store, pilot_id, LEAD)
    waiting = [message for message in outbox.messages_of(store, pilot_id) if message.state is MessageState.WAITING]
    assert [message for message in waiting if message.kind == "reminder"] == []
