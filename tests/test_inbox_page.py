"""The inbox on the overview: several pilots at once, undo for ten minutes, and views in the address."""

from datetime import timedelta

import pytest

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.messages import MessageState
from pilot_core.domain.roles import Role
from pilot_core.messages import outbox
from pilot_core.services import inbox
from pilot_core.store.queries.judgements import filed_reports
from pilot_core.web.access import page_guard, who
from tests.conftest import HandClock
from tests.opened_pages import opened
from tests.pilot_pages import button, labels, page_text
from tests.pilot_stories import make_pilot
from tests.served import serve
from tests.test_inbox import send

LEAD = at_command_line("Mara Lindqvist")


@pytest.fixture(autouse=True)
def served(store: PilotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the page use the store and its clock, as Mara."""
    serve(monkeypatch, store)
    monkeypatch.setattr(page_guard, "visitor", lambda: who.Visitor(LEAD, Role.LEAD))


def test_several_are_paused_at_once_and_put_back_within_ten_minutes(store: PilotStore, clock: HandClock) -> None:
    ids = [make_pilot(store, clock, f"Company {n}", "wait").pilot_id for n in range(2)]
    at = opened("overview")
    for pilot_id in ids:
        at = at.checkbox(f"pick_{pilot_id}").check().run()
    at = button(at, "Pause")
    assert [store.load(pilot_id).status for pilot_id in ids] == ["paused"] * 2
    assert "2 pilots paused." in page_text(at)
    at = button(at, "Undo")
    assert [store.load(pilot_id).status for pilot_id in ids] == ["active"] * 2
    assert "Undo" not in labels(at)


def test_one_that_changed_meanwhile_is_left_and_named(store: PilotStore, clock: HandClock) -> None:
    kept, changed = (make_pilot(store, clock, name, "wait").pilot_id for name in ("Kept", "Changed"))
    at = opened("overview")
    for pilot_id in (kept, changed):
        at = at.checkbox(f"pick_{pilot_id}").check().run()
    at = button(at, "Snooze")
    assert store.load(kept).snoozed_until
    assert store.load(changed).snoozed_until
    inbox.assign(store, changed, "Theo Grant", LEAD)
    at = button(at, "Undo")
    assert store.load(kept).snoozed_until is None
    assert store.load(changed).snoozed_until is not None
    assert "Changed: " in page_text(at)


def test_undo_is_offered_for_ten_minutes(store: PilotStore, clock: HandClock) -> None:
    pilot_id = make_pilot(store, clock, "Acme", "wait").pilot_id
    at = button(opened("overview").checkbox(f"pick_{pilot_id}").check().run(), "Set owner")
    assert store.load(pilot_id).owner == LEAD
    clock.forward(minutes=11)
    assert "Undo" not in labels(at.run())


def test_a_founder_is_reminded_and_the_reminder_taken_back(store: PilotStore, clock: HandClock) -> None:
    pilot_id = make_pilot(store, clock, "Acme", "wait", founder_name="Alice Chen").pilot_id
    send(store, pilot_id)
    at = button(opened("overview"), "Remind Alice")
    [reminder] = [one for one in outbox.messages_of(store, pilot_id) if one.kind == "reminder"]
    assert reminder.state is MessageState.WAITING
    button(at, "Undo")
    assert outbox.find(store, reminder.message_id).state is MessageState.CANCELLED


def test_a_missing_report_is_filed_and_withdrawn(store: PilotStore, clock: HandClock) -> None:
    pilot_id = make_pilot(store, clock, "Acme", "A").pilot_id
    store.database.transaction(lambda c: c.execute("DELETE FROM reports_due"))
    at = button(opened("overview"), "File the report")
    assert len(filed_reports(store.database, pilot_id)) == 1
    button(at, "Undo")
    assert filed_reports(store.database, pilot_id) == []


def test_a_view_is_in_the_address(store: PilotStore, clock: HandClock) -> None:
    mine, other = (make_pilot(store, clock, name, "wait").pilot_id for name in ("Mine", "Other"))
    inbox.assign(store, mine, LEAD, LEAD)
    inbox.snooze(store, other, clock() + timedelta(days=2), LEAD)

    def shown(**address: str) -> list[str]:
        return [one.key for one in opened("overview", **address).button if one.key.startswith("act_")]

    assert shown(inbox="Mine") == [f"act_{mine}"]
    assert shown(inbox="Snoozed") == [f"act_{other}"]
    assert shown(inbox="nonsense") == shown() == [f"act_{mine}"]


def test_a_viewer_reads_the_inbox_and_is_offered_nothing(
    store: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_pilot(store, clock, "Acme", "fail")
    monkeypatch.setattr(page_guard, "visitor", lambda: who.Visitor("Sam", Role.VIEWER))
    at = opened("overview")
    assert "Attempt 1 failed to render" in page_text(at)
    assert not [one for one in at.button if one.key and one.key.startswith("act_")]
    assert not at.checkbox
