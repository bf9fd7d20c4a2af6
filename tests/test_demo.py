"""The demo: each pilot's videos, documents and history are its own, and a person could have lived them."""

import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from pilot_core import PilotStore, catalog
from pilot_core.clock import utc_now
from pilot_core.documents.names import DIRECTOR_NOTES, REVIEW_PACK_FOLDER
from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.domain.brief import BASIC, Brief
from pilot_core.domain.events import Event, EventKind
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.reviews import acting_through_link
from pilot_core.rendering import attempt as rendering
from pilot_core.services.owed_reports import PILOT_OPS
from pilot_core.settings import ROOT
from pilot_core.video import sla
from pilot_core.video.probe import opened
from pilot_core.video.storyboard.lines import fields_of
from pilot_core.working_hours import Hours
from scripts import make_demo

ENTRIES = tomllib.loads((ROOT / "data" / "demo.toml").read_text(encoding="utf-8"))["pilot"]
HOURS = Hours(first=9, last=18)
QUICK = ("Parcelwise",)
LONGEST_ANSWER_DAYS = 14


@pytest.fixture
def unpatched() -> Iterator[None]:
    """Take back what the demo's stories change of the rendering."""
    kept = rendering.time, rendering._pipeline_of, sla.judge
    yield
    rendering.time, rendering._pipeline_of, sla.judge = kept


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["company"])
def test_an_entry_names_what_the_catalogue_knows(entry: dict) -> None:
    brief = Brief(**entry["brief"])
    assert set(BASIC) <= set(brief.given()), "no placeholder is left in its videos"
    places = {*fields_of(beat.id for beat in catalog.scenario(entry["scenario"]).beats)}
    assert set(brief.given()) <= places, "each line has its place in the video"
    assert {entry["scenario"]} <= set(catalog.scenarios())
    said = [step for step in entry["steps"] if step not in ("wait", "ready")]
    assert len(said) == len(entry["notes"])
    raised = {flag for step in said if "{" in step for flag in step[step.index("{") + 1 : -1].split(",")}
    assert raised <= set(catalog.flags())
    for number in ("corrections", "comments", "marks"):
        assert all(1 <= int(n) <= len(entry["steps"]) for n in entry.get(number, {}))


def test_the_demos_pilots_are_their_own(tmp_path: Path, unpatched: None) -> None:
    for entry in ENTRIES:
        if entry["company"] in QUICK:
            check(PilotStore(tmp_path), make_demo.Story(PilotStore(tmp_path), entry, utc_now()).run(), entry)


@pytest.mark.exhaustive
@pytest.mark.timeout(900)
def test_every_pilot_of_the_demo_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["make_demo.py", "--store", str(tmp_path)])
    assert make_demo.main() == 0
    store = PilotStore(tmp_path)
    made = {pilot.company_name: pilot for pilot in store.load_all()}
    assert set(made) == {entry["company"] for entry in ENTRIES}
    for entry in ENTRIES:
        check(store, made[entry["company"]], entry)


@pytest.mark.parametrize(
    ("start", "minutes", "then"),
    [
        ("2026-11-27T16:50", 20, "2026-11-30T09:10"),
        ("2026-11-28T12:00", 5, "2026-11-30T09:05"),
        ("2026-11-30T09:00", -10, "2026-11-27T16:50"),
        ("2026-12-02T20:00", -480, "2026-12-02T09:00"),
    ],
)
def test_working_minutes_skip_nights_and_weekends(start: str, minutes: float, then: str) -> None:
    first, last = (datetime.fromisoformat(f"{moment}:00+00:00") for moment in (start, then))
    assert make_demo.working_minutes(first, minutes) == last
    earlier, later = sorted((first, last))
    assert make_demo.working_minutes_between(earlier, later) == abs(minutes)


def check(store: PilotStore, pilot: PilotRun, entry: dict) -> None:
    """Check a pilot of the demo against its entry and its own videos."""
    assert (pilot.founder_name, pilot.scenario_type) == (entry["founder"], entry["scenario"])
    attempts = [step for step in entry["steps"] if step != "pause" and not step.startswith("drop")]
    assert [a.attempt_number for a in pilot.runs] == list(range(1, len(attempts) + 1))
    for attempt in pilot.runs:
        if attempt.state is AttemptState.READY:
            check_video(store, pilot, attempt)
            check_times(attempt)
    check_history(pilot, store.events(pilot.pilot_id))


def check_video(store: PilotStore, pilot: PilotRun, attempt: PilotRunAttempt) -> None:
    """Check that the video, its plan, its documents and its SLA checks are of this attempt."""
    draft = attempt.final_draft
    assert draft is not None
    assert draft.video_path.startswith(f"{pilot.pilot_id}/attempt_{attempt.attempt_number}_")
    with opened(store.path_of(draft.video_path)) as (_, stream):
        assert float(stream.duration * stream.time_base) == pytest.approx(draft.duration, abs=0.05)
    assert draft.shots[-1].end == pytest.approx(draft.duration, abs=0.1)
    words = " ".join(shot.text for shot in draft.shots)
    assert pilot.brief.link in words
    assert "[" not in words, "no placeholder"
    scenario = catalog.scenario(pilot.scenario_type)
    assert {shot.beat for shot in draft.shots} <= {beat.id for beat in scenario.beats}
    assert attempt.iteration_count == len(attempt.drafts)
    limits = {check.code: check.limit for check in draft.checks}
    assert limits["length"] == f"{scenario.min_seconds:g} to {scenario.max_seconds:g} s"
    assert limits["first_cut"] == f"at most {catalog.sla_limits().first_cut_seconds:g} s"
    assert limits["size"] == "1080 × 1920"
    assert attempt.sla_passed == sla.passed(draft.checks)
    assert any("for the demo" in note for note in draft.notes), "it says that it is small"
    notes = store.path_of(f"{attempt.folder}/{REVIEW_PACK_FOLDER}/{DIRECTOR_NOTES}").read_text("utf-8")
    assert f"{scenario.label} video for {pilot.company_name}" in notes
    assert f"Version {attempt.attempt_number} of up to {pilot.max_attempts}" in notes


def check_times(attempt: PilotRunAttempt) -> None:
    """Check that an attempt's times are in order and its answer is neither instant nor forgotten."""
    times = [attempt.created_at, attempt.started_at, attempt.ready_at, attempt.sent_at]
    times += [given.received_at for given in attempt.feedback]
    known = [at for at in times if at]
    assert known == sorted(known)
    for given in attempt.feedback:
        assert attempt.sent_at is not None, "nobody judges what was not sent"
        assert given.received_at is not None
        waited = (given.received_at - attempt.sent_at).total_seconds()
        assert 60 < waited < LONGEST_ANSWER_DAYS * 86400


def check_history(pilot: PilotRun, events: list[Event]) -> None:
    """Check that the history is in order, in working hours, by people with names, and not in the future."""
    at = [event.at for event in events]
    assert at == sorted(at)
    assert at[0] == pilot.created_at
    assert at[-1] <= utc_now()
    people = {*make_demo.LEADS, acting_through_link(pilot.founder_name)}
    for event in events:
        assert HOURS.is_open(event.at), event
        assert event.actor in people or event.actor in (PILOT_OPS, "pipeline:storyboard", "pipeline"), event
        assert event.kind in set(EventKind)
