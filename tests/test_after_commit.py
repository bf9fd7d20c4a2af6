"""After a commit nothing is refused: a failure in what follows is logged as a warning and retried later."""

import shutil
from collections.abc import Callable
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from pilot_core import PilotStore
from pilot_core.documents.names import FOUNDER_DOCUMENTS, RUNBOOK
from pilot_core.domain.actors import at_command_line, program
from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.brief import Brief
from pilot_core.domain.pilot import PilotRun
from pilot_core.erasure.pilot import erase_pilot, finish_erasures
from pilot_core.maintenance.check import check
from pilot_core.maintenance.repair import repair
from pilot_core.rendering import launching
from pilot_core.rendering.begin import begin, retry
from pilot_core.rendering.failure import fail_attempt
from pilot_core.rendering.recovery import fail_abandoned
from pilot_core.review.decisions import Decision, decide, undo_decision
from pilot_core.services import judgements, pilots
from pilot_core.services.acts import Act
from pilot_core.services.documents import write_due_documents
from tests import pilot_pages, reviewing, test_pages
from tests.conftest import HandClock
from tests.pilot_pages import Cast, button, field

NewPilot = Callable[..., PilotRun]
cast, film, web_store, as_lead = pilot_pages.cast, pilot_pages.film, pilot_pages.web_store, pilot_pages.as_lead
open_pilot, open_page = pilot_pages.open_page, test_pages.open_page

BRIEF = Brief(product="Recall", message="Find any decision")
DOCUMENTS = (RUNBOOK, *FOUNDER_DOCUMENTS)


def unlaunched(store: PilotStore, pilot_id: str, attempt_number: int) -> None:
    """A launcher that always fails."""
    raise OSError(11, "Resource temporarily unavailable")


def break_folder(store: PilotStore, pilot_id: str) -> None:
    """Make every write for the pilot fail: replace its folder with a file, and its state file with a folder."""
    shutil.rmtree(store.root / pilot_id, ignore_errors=True)
    (store.root / pilot_id).write_text("in the way")
    (store.root / f"{pilot_id}.json").unlink(missing_ok=True)
    (store.root / f"{pilot_id}.json").mkdir()


def mend_folder(store: PilotStore, pilot_id: str) -> None:
    (store.root / pilot_id).unlink()
    (store.root / f"{pilot_id}.json").rmdir()


def started(store: PilotStore) -> str:
    pilot = pilots.create_pilot("Alice Chen", "AcmeAI", "feature_launch", "acme", now=store.clock())
    return pilots.start_pilot(store, pilot, at_command_line("Theo")).pilot_id


def failed(store: PilotStore) -> str:
    pilot_id = started(store)
    pilots.queue_attempt(store, pilot_id, "storyboard")
    fail_attempt(store, pilot_id, 1, "It broke.", program("pipeline"))
    return pilot_id


def paused(store: PilotStore) -> str:
    pilot_id = started(store)
    pilots.pause(store, pilot_id, "Away")
    return pilot_id


def ready(store: PilotStore) -> str:
    return reviewing.pilot_in_review(store).pilot_id


def reviewed(store: PilotStore) -> str:
    pilot_id = ready(store)
    pilots.record_feedback(store, pilot_id, 1, "It is too long.", "minor_changes")
    return pilot_id


def accept(store: PilotStore, pilot_id: str) -> PilotRun:
    given = store.load(pilot_id).attempt(1).feedback[0]
    return judgements.accept_suggestion(store, pilot_id, given.feedback_id, "too_long", at_command_line("Lea"))


def ask_for_changes(store: PilotStore, pilot_id: str) -> None:
    grant = reviewing.reviewer(store, store.load(pilot_id))
    decide(store, grant, 1, Decision("minor_changes", notes="Shorter"))


def decided(store: PilotStore) -> str:
    pilot_id = ready(store)
    ask_for_changes(store, pilot_id)
    return pilot_id


def undo(store: PilotStore, pilot_id: str) -> PilotRun:
    pilot = store.load(pilot_id)
    return undo_decision(store, reviewing.team(pilot), pilot.attempt(1).feedback[0].feedback_id)


SERVICES = {
    "begin": (started, lambda s, id_: begin(s, unlaunched, id_, "storyboard", Act(at_command_line("Lea")))[0]),
    "retry": (failed, lambda s, id_: retry(s, unlaunched, id_, Act(at_command_line("Lea")))[0]),
    "edit_brief": (started, lambda s, id_: pilots.edit_brief(s, id_, BRIEF, at_command_line("Lea"))),
    "queue_attempt": (started, lambda s, id_: pilots.queue_attempt(s, id_, "storyboard")[0]),
    "retry_attempt": (failed, lambda s, id_: pilots.retry_attempt(s, id_)[0]),
    "record_feedback": (ready, lambda s, id_: pilots.record_feedback(s, id_, 1, "", "approve")),
    "pause": (started, lambda s, id_: pilots.pause(s, id_, "Away", at_command_line("Lea"))),
    "resume": (paused, lambda s, id_: pilots.resume(s, id_, at_command_line("Lea"))),
    "drop": (started, lambda s, id_: pilots.drop(s, id_, "Budget")),
    "raise_limit": (started, lambda s, id_: pilots.raise_limit(s, id_, 7, "Close")),
    "fail_attempt": (
        lambda s: begin(s, lambda *_: None, started(s), "storyboard", Act())[0].pilot_id,
        lambda s, id_: fail_attempt(s, id_, 1, "It broke.", program("pipeline")),
    ),
    "accept_suggestion": (reviewed, accept),
    "decide": (ready, ask_for_changes),
    "undo_decision": (decided, undo),
}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_whose_follow_up_fails_returns_what_it_saved_and_warns(store: PilotStore, name: str) -> None:
    prepare, act = SERVICES[name]
    pilot_id = prepare(store)
    before = store.load(pilot_id).version
    break_folder(store, pilot_id)

    saved = act(store, pilot_id)

    stored = store.load(pilot_id)
    assert stored.version > before
    if saved is not None:
        assert saved.model_dump() == stored.model_dump()
        assert any("could not be written" in sentence for sentence in saved.warnings)


def test_a_pilot_whose_files_cannot_be_removed_is_erased_and_the_rest_follows(store: PilotStore) -> None:
    pilot_id = started(store)
    (copy := store.database.path.with_name("pilots.schema_1.duckdb")).mkdir()  # stands where a file is to be removed
    done = erase_pilot(store, pilot_id, "Asked", at_command_line("Theo"))
    [warning] = done.warnings
    assert warning.startswith(f"The rows of {pilot_id} are erased, but its files are not all (")
    assert store.load_all() == []
    copy.rmdir()
    assert finish_erasures(store) == [pilot_id]


def test_a_pilot_whose_documents_cannot_be_written_is_started(store: PilotStore, new_pilot: NewPilot) -> None:
    pilot = new_pilot()
    (store.root / pilot.pilot_id).write_text("in the way")
    saved = pilots.start_pilot(store, pilot, at_command_line("Lea"))
    assert store.load(saved.pilot_id).model_dump() == saved.model_dump()
    [warning] = saved.warnings
    assert warning.startswith("The runbook and founder documents could not be written: ")
    assert warning.endswith(" The server tries again within a minute.")


def test_an_attempt_that_could_not_be_launched_stays_queued_with_a_warning(store: PilotStore) -> None:
    pilot, attempt = begin(store, unlaunched, started(store), "storyboard", Act(at_command_line("Lea")))
    assert attempt.state is AttemptState.QUEUED
    assert pilot.warnings == [
        "Attempt 1 is queued, but its render did not start: Resource temporarily unavailable. "
        "The server starts it within a minute."
    ]


def owing(store: PilotStore) -> str:
    """Return a pilot with a corrected brief whose documents could not be written, and can be written now."""
    pilot_id = started(store)
    break_folder(store, pilot_id)
    pilots.edit_brief(store, pilot_id, BRIEF)
    mend_folder(store, pilot_id)
    return pilot_id


def test_documents_that_are_due_are_written_in_the_background(store: PilotStore, clock: HandClock) -> None:
    pilot_id = owing(store)
    assert write_due_documents(store) == [], "the act itself may still be at it"
    clock.now += timedelta(minutes=1)
    assert write_due_documents(store) == [pilot_id]
    assert "Find any decision" in (store.root / pilot_id / RUNBOOK).read_text()
    assert all((store.root / pilot_id / name).is_file() for name in DOCUMENTS)
    clock.now += timedelta(minutes=10)
    assert write_due_documents(store) == []


def test_documents_that_fail_again_are_tried_again(store: PilotStore, clock: HandClock) -> None:
    pilot_id = owing(store)
    shutil.rmtree(store.root / pilot_id, ignore_errors=True)
    (store.root / pilot_id).write_text("in the way")
    clock.now += timedelta(minutes=1)
    assert write_due_documents(store) == []
    (store.root / pilot_id).unlink()
    assert write_due_documents(store) == [], "others wait meanwhile"
    clock.now += timedelta(minutes=1)
    assert write_due_documents(store) == [pilot_id]


def test_documents_that_are_due_are_found_by_a_check_and_written_by_a_repair(
    store: PilotStore, clock: HandClock
) -> None:
    pilot_id = owing(store)
    clock.now += timedelta(minutes=1)
    assert f"Documents of {pilot_id} are not written yet." in [found.sentence for found in check(store)]
    assert f"Wrote the documents of {pilot_id}." in repair(store).done
    assert "Find any decision" in (store.root / pilot_id / RUNBOOK).read_text()
    assert check(store) == []


def test_documents_of_an_act_that_succeeds_are_not_due(store: PilotStore, clock: HandClock) -> None:
    pilots.edit_brief(store, started(store), BRIEF)
    clock.now += timedelta(minutes=1)
    assert write_due_documents(store) == []


def test_an_attempt_that_could_not_be_launched_is_launched_in_the_background(
    store: PilotStore, clock: HandClock
) -> None:
    asked: list[tuple[str, int]] = []
    pilot_id = begin(store, unlaunched, started(store), "storyboard", Act())[0].pilot_id
    launch = lambda store, pilot_id, number: asked.append((pilot_id, number))  # noqa: E731
    assert (fail_abandoned(store, launch), asked) == ([], []), "its process may still be starting"
    clock.now += timedelta(minutes=1)
    assert (fail_abandoned(store, launch), asked) == ([], [(pilot_id, 1)])
    assert fail_abandoned(store, unlaunched) == [f"{pilot_id}_a1"]
    assert store.load(pilot_id).attempt(1).failure == (
        "The render could not be started: Resource temporarily unavailable. Retry it."
    )


def test_an_attempt_that_could_not_be_launched_is_launched_by_a_repair(
    store: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The process that the repair starts ends at once; this test only needs it to have started.
    monkeypatch.setattr(launching.sys, "executable", "/bin/false")
    pilot_id = begin(store, unlaunched, started(store), "storyboard", Act())[0].pilot_id
    clock.now += timedelta(minutes=1)
    assert f"Started the render of {pilot_id}_a1." in repair(store).done
    launching.process_of(store, pilot_id, 1).wait()


def seen(at: AppTest, pilot_id: str) -> int:
    return int(at.session_state[f"{pilot_id} seen"])


@pytest.mark.duckdb_only
def test_a_brief_whose_documents_fail_is_saved_and_the_next_click_is_no_conflict(
    open_pilot: Callable[..., AppTest], cast: Cast
) -> None:
    pilot_id = cast.new(brief=Brief(product="Recall"))
    at = button(open_pilot(pilot_id, whole=True), "Correct the brief…")
    break_folder(cast.store, pilot_id)
    field(at, "text_input", "Product").set_value("Recall 2")
    at = button(at, "Save the brief")
    stored = cast.store.load(pilot_id)
    assert (stored.brief.product, at.error.len, at.exception.len) == ("Recall 2", 0, 0)
    assert seen(at, pilot_id) == stored.version
    assert any("could not be written" in warning.value for warning in at.warning)
    at = button(at, "Pause…")
    field(at, "text_area", "Why").set_value("Away")
    button(at, "Pause the pilot")
    assert cast.store.load(pilot_id).status == "paused"


@pytest.mark.duckdb_only
def test_a_next_attempt_that_is_not_launched_is_saved_and_shown_with_a_warning(
    open_pilot: Callable[..., AppTest], cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launching, "in_a_subprocess", unlaunched)
    pilot_id = cast.new()
    at = button(open_pilot(pilot_id, whole=True), "Start attempt 1")
    stored = cast.store.load(pilot_id)
    assert (stored.attempt(1).state, at.error.len, at.exception.len) == (AttemptState.QUEUED, 0, 0)
    assert seen(at, pilot_id) == stored.version
    assert any("its render did not start" in warning.value for warning in at.warning)


@pytest.mark.duckdb_only
def test_a_new_pilot_whose_render_is_not_launched_is_shown_with_a_warning(
    open_page: Callable[..., AppTest], store: PilotStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launching, "in_a_subprocess", unlaunched)
    at = open_page("new_pilot")
    at.text_input("new_pilot_founder").set_value("Zoë Ñandú")
    at.text_input("new_pilot_company").set_value("Northbeam AI")
    at.button[0].click().run()
    [pilot] = store.load_all()
    assert at.query_params["pilot"] == pilot.pilot_id
    assert (pilot.attempt(1).state, at.error.len, at.exception.len) == (AttemptState.QUEUED, 0, 0)
    assert any("its render did not start" in warning.value for warning in at.warning)
