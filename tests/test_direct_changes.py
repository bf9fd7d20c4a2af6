"""Fields set directly and saved through the Python API leave an event, and unknown flags do not pass."""

from collections.abc import Callable

import pytest

from pilot_core import PilotStore
from pilot_core.domain.events import EventKind, describe
from pilot_core.domain.feedback import Feedback
from pilot_core.domain.pilot import PilotRun, PilotStatus
from pilot_core.errors import InvalidRequest
from pilot_core.services.pilots import record_feedback
from tests.reviewing import LEAD, pilot_in_review


def test_what_is_set_directly_leaves_an_event_with_its_fields(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    pilot.status, pilot.notes, pilot.runs[0].total_cost_dollars = PilotStatus.PAUSED, "by hand", 3.0
    store.save(pilot, LEAD)
    event = store.events(pilot.pilot_id)[-1]
    assert (event.kind, event.actor) == (EventKind.FIELDS_CHANGED, LEAD)
    assert event.detail["fields"] == ["status", "notes", "attempt 1: total_cost_dollars"]
    assert describe(event) == "changed fields directly: status, notes, attempt 1: total_cost_dollars"
    assert store.load(pilot.pilot_id).updated_at == event.at


def test_a_direct_change_in_a_change_leaves_one_too(store: PilotStore) -> None:
    pilot = pilot_in_review(store)

    def forget(pilot: PilotRun) -> None:
        pilot.runs.clear()

    store.change(pilot.pilot_id, forget, LEAD)
    event = store.events(pilot.pilot_id)[-1]
    assert (event.kind, event.detail["fields"]) == (EventKind.FIELDS_CHANGED, ["attempt 1 removed"])


def test_saving_what_is_the_same_leaves_none(store: PilotStore) -> None:
    pilot = pilot_in_review(store)
    before = store.events(pilot.pilot_id)
    store.save(store.load(pilot.pilot_id))
    assert store.events(pilot.pilot_id) == before


def raised_on_the_pilot(store: PilotStore, pilot: PilotRun) -> None:
    pilot.record_feedback(1, "Hm", "minor_changes", ["never_heard_of"])
    store.save(pilot)


def appended(store: PilotStore, pilot: PilotRun) -> None:
    given = Feedback(feedback_id="feedback_by_hand", level="approve", flags=["never_heard_of"])
    pilot.runs[0].feedback.append(given)
    store.save(pilot)


def in_a_change(store: PilotStore, pilot: PilotRun) -> None:
    store.change(pilot.pilot_id, lambda p: p.record_feedback(1, "Hm", "minor_changes", ["never_heard_of"]))


def by_the_service(store: PilotStore, pilot: PilotRun) -> None:
    record_feedback(store, pilot.pilot_id, 1, "Hm", "minor_changes", ["never_heard_of"])


@pytest.mark.parametrize("way", [raised_on_the_pilot, appended, in_a_change, by_the_service])
def test_a_flag_that_the_catalogue_does_not_know_is_refused_however_it_comes(
    store: PilotStore, way: Callable[[PilotStore, PilotRun], None]
) -> None:
    pilot = pilot_in_review(store)
    with pytest.raises(InvalidRequest, match="There is no flag “never_heard_of”"):
        way(store, pilot)
    assert store.load(pilot.pilot_id).runs[0].feedback == []
