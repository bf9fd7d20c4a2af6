"""Outcome reports file themselves when a pilot completes, and are withdrawn when it is opened again."""

import pytest

from pilot_core import PilotStore
from pilot_core.domain.actors import PILOT_OPS, at_command_line
from pilot_core.domain.events import EventKind
from pilot_core.domain.messages import MessageKind, MessageState
from pilot_core.domain.pilot import UNDO_FOR
from pilot_core.errors import NotAllowedNow
from pilot_core.maintenance.repair import repair
from pilot_core.messages.outbox import messages_of
from pilot_core.review.decisions import Decision, decide, undo_decision
from pilot_core.review.shown import film_checksum
from pilot_core.services import judgements, owed_reports
from pilot_core.services.owed_reports import settle_due_reports
from pilot_core.store.queries.judgements import filed_reports
from tests.conftest import HandClock
from tests.pilot_stories import make_pilot
from tests.reviewing import pilot_in_review, reviewer

LEAD = at_command_line("Mara Lindqvist")


@pytest.mark.parametrize(("story", "due"), [("A", True), ("m drop", True), ("m", False), ("m pause", False)])
def test_a_pilot_that_completes_owes_one_report_which_is_filed_once(
    store: PilotStore, clock: HandClock, story: str, due: bool
) -> None:
    pilot = make_pilot(store, clock, "Acme", story)
    clock.forward(seconds=1)

    assert settle_due_reports(store) == ([pilot.pilot_id] if due else [])
    assert settle_due_reports(store) == []
    assert [line.filed_by for line in filed_reports(store.database, pilot.pilot_id)] == [PILOT_OPS] * due


def test_a_report_that_a_lead_filed_meanwhile_is_enough(store: PilotStore, clock: HandClock) -> None:
    pilot = make_pilot(store, clock, "Acme", "A")
    clock.forward(seconds=1)
    judgements.file_report(store, pilot.pilot_id, LEAD)
    clock.forward(seconds=1)
    settle_due_reports(store)

    assert [line.filed_by for line in filed_reports(store.database, pilot.pilot_id)] == [LEAD]


def test_an_approval_that_is_undone_withdraws_its_report_and_its_message(store: PilotStore, clock: HandClock) -> None:
    pilot = pilot_in_review(store)
    grant = reviewer(store, pilot)
    shown = film_checksum(store, pilot.pilot_id, pilot.attempt(1))
    given = decide(store, grant, 1, Decision("approve", approved_sha256=shown))
    clock.forward(seconds=1)
    settle_due_reports(store)
    by_hand = judgements.file_report(store, pilot.pilot_id, LEAD)
    clock.forward(seconds=1)
    undo_decision(store, grant, given.feedback_id)
    clock.forward(seconds=1)
    settle_due_reports(store)

    assert [line.report_id for line in filed_reports(store.database, pilot.pilot_id)] == [by_hand.report_id]
    told = {m.about: m.state for m in messages_of(store, pilot.pilot_id) if m.kind is MessageKind.REPORT_READY}
    assert sorted(told.values()) == [MessageState.CANCELLED, MessageState.WAITING]
    assert told[by_hand.report_id] is MessageState.WAITING
    assert EventKind.REPORT_WITHDRAWN in [event.kind for event in store.events(pilot.pilot_id)]


def test_a_report_that_cannot_be_filed_is_tried_again_later(
    store: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    pilot = make_pilot(store, clock, "Acme", "A")
    clock.forward(seconds=1)
    with monkeypatch.context() as broken:
        broken.setattr(owed_reports, "file_report", lambda *_: 1 / 0)
        assert settle_due_reports(store) == []
        clock.forward(seconds=owed_reports.AGAIN.total_seconds() - 1)
        assert settle_due_reports(store) == [], "others wait meanwhile"
    clock.forward(seconds=2)
    assert settle_due_reports(store) == [pilot.pilot_id]


def test_a_repair_files_what_no_server_did(store: PilotStore, clock: HandClock) -> None:
    pilot = make_pilot(store, clock, "Acme", "m drop")
    clock.forward(seconds=1)

    assert f"Filed or withdrew the outcome report of {pilot.pilot_id}." in repair(store).done
    assert len(filed_reports(store.database, pilot.pilot_id)) == 1


def test_a_lead_may_withdraw_a_report_for_ten_minutes(store: PilotStore, clock: HandClock) -> None:
    pilot = make_pilot(store, clock, "Acme", "m")
    filed = judgements.file_report(store, pilot.pilot_id, LEAD)
    clock.forward(seconds=UNDO_FOR.total_seconds() + 1)
    with pytest.raises(NotAllowedNow, match="Ten minutes"):
        judgements.withdraw_report(store, filed.report_id, LEAD, reason="undone")
    clock.forward(seconds=-2)
    judgements.withdraw_report(store, filed.report_id, LEAD, reason="undone")
    with pytest.raises(NotAllowedNow, match="withdrawn already"):
        judgements.withdraw_report(store, filed.report_id, LEAD, reason="undone")

    assert filed_reports(store.database, pilot.pilot_id) == []


def test_the_command_that_completes_a_pilot_files_its_report(store: PilotStore, clock: HandClock) -> None:
    from pilot_core.cli import main

    pilot = make_pilot(store, clock, "Acme", "wait")
    code = main(["--store", str(store.root), "--drop", pilot.pilot_id, "--reason", "The budget is gone"])

    assert code == 0
    assert len(filed_reports(store.database, pilot.pilot_id)) == 1
