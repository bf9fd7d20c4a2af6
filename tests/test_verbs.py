"""Actions that a person decides on from what a page showed: all refuse an outdated page, and some are new."""

from collections.abc import Callable

import pytest

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line, program
from pilot_core.domain.brief import Brief
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import Conflict, InvalidRequest, NotAllowedNow
from pilot_core.rendering import failure
from pilot_core.services import pilots
from pilot_core.services.acts import Act
from pilot_core.store.queries.history import history

BRIEF = Brief(product="Recall", message="Find any decision")


@pytest.fixture
def pilot(store: PilotStore, new_pilot: Callable[..., PilotRun]) -> PilotRun:
    return pilots.start_pilot(store, new_pilot(), at_command_line("Mara"))


@pytest.mark.parametrize(
    "verb",
    [
        lambda store, id_, seen: pilots.pause(store, id_, "Away", seen_version=seen),
        lambda store, id_, seen: pilots.drop(store, id_, "Budget", seen_version=seen),
        lambda store, id_, seen: pilots.raise_limit(store, id_, 7, "Close", seen_version=seen),
        lambda store, id_, seen: pilots.edit_brief(store, id_, BRIEF, seen_version=seen),
        lambda store, id_, seen: pilots.queue_attempt(store, id_, "storyboard", Act(seen_version=seen)),
    ],
)
def test_an_act_decided_on_an_outdated_page_is_refused_and_names_who_acted(store: PilotStore, pilot, verb) -> None:
    seen = pilot.version
    pilots.raise_limit(store, pilot.pilot_id, 6, "They asked", at_command_line("Theo"))
    before = store.load(pilot.pilot_id)
    with pytest.raises(Conflict, match="Theo"):
        verb(store, pilot.pilot_id, seen)
    assert store.load(pilot.pilot_id) == before
    verb(store, pilot.pilot_id, before.version)
    assert store.load(pilot.pilot_id).version == before.version + 1


def test_resume_and_retry_refuse_an_outdated_page_too(store: PilotStore, pilot: PilotRun) -> None:
    pilots.queue_attempt(store, pilot.pilot_id, "storyboard")
    failure.fail_attempt(store, pilot.pilot_id, 1, "It broke.", program("pipeline"))
    with pytest.raises(Conflict):
        pilots.retry_attempt(store, pilot.pilot_id, Act(seen_version=pilot.version))
    pilots.pause(store, pilot.pilot_id, "Away")
    with pytest.raises(Conflict):
        pilots.resume(store, pilot.pilot_id, seen_version=pilot.version)


def test_a_corrected_brief_is_saved_with_what_stood_before_and_the_runbook_follows(
    store: PilotStore, pilot: PilotRun
) -> None:
    pilots.edit_brief(store, pilot.pilot_id, BRIEF, at_command_line("Theo"))
    assert store.load(pilot.pilot_id).brief == BRIEF
    event = store.events(pilot.pilot_id)[-1]
    assert (event.kind, event.actor, event.detail["fields"]) == ("brief_edited", "Theo", ["product", "message"])
    assert event.detail["before"] == {"product": "", "message": ""}
    assert "Find any decision" in (store.root / pilot.pilot_id / "pilot_runbook.txt").read_text()


def test_a_brief_that_changes_nothing_or_comes_too_late_is_refused(store: PilotStore, pilot: PilotRun) -> None:
    with pytest.raises(InvalidRequest, match="as it was"):
        pilots.edit_brief(store, pilot.pilot_id, Brief())
    pilots.drop(store, pilot.pilot_id, "Budget")
    with pytest.raises(NotAllowedNow, match="completed"):
        pilots.edit_brief(store, pilot.pilot_id, BRIEF)


def test_a_failed_upload_can_be_retried_as_a_storyboard(store: PilotStore, pilot: PilotRun) -> None:
    pilots.queue_attempt(store, pilot.pilot_id, "upload", upload_path=f"{pilot.pilot_id}/uploads/film.mp4")
    failure.fail_attempt(store, pilot.pilot_id, 1, "It broke.", program("pipeline"))
    _, attempt = pilots.retry_attempt(store, pilot.pilot_id, pipeline="storyboard")
    assert (attempt.pipeline, attempt.upload_path) == ("storyboard", None)


def test_a_failed_upload_is_retried_with_the_same_film(store: PilotStore, pilot: PilotRun) -> None:
    path = f"{pilot.pilot_id}/uploads/film.mp4"
    pilots.queue_attempt(store, pilot.pilot_id, "upload", upload_path=path)
    failure.fail_attempt(store, pilot.pilot_id, 1, "It broke.", program("pipeline"))
    _, attempt = pilots.retry_attempt(store, pilot.pilot_id)
    assert (attempt.pipeline, attempt.upload_path) == ("upload", path)


def test_feedback_by_someone_with_an_endless_name_is_refused(store: PilotStore, pilot: PilotRun) -> None:
    store.change(pilot.pilot_id, lambda p: p.add_attempt("film.mp4"))
    with pytest.raises(InvalidRequest, match="who said it"):
        pilots.record_feedback(store, pilot.pilot_id, 1, "", "approve", by="A" * 201)


def test_the_history_since_a_version_is_what_happened_after_it(store: PilotStore, pilot: PilotRun) -> None:
    pilots.pause(store, pilot.pilot_id, "Away", at_command_line("Theo"))
    pilots.resume(store, pilot.pilot_id, at_command_line("Theo"))
    assert [step.event.kind for step in history(store.database, pilot.pilot_id, pilot.version)] == ["paused", "resumed"]
    assert [step.version for step in history(store.database, pilot.pilot_id)] == [1, 2, 3]
