"""State files of both formats: imported, written back and compared."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pilot_core import PilotStore
from pilot_core.domain.actors import Actor, Source, Way
from pilot_core.domain.attempt import Change, Draft
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.roles import Role
from pilot_core.errors import AccessDenied, InvalidRequest, NotAllowedNow
from pilot_core.insight.recommend import recommend
from pilot_core.services import pilots
from pilot_core.store.files import state_files

GUIDE: dict[str, Any] = {
    "pilot_id": "pilot_20240115_abc12345",
    "founder_name": "Alice Chen",
    "company_name": "AcmeAI",
    "scenario_type": "feature_launch",
    "brand_context": {"brand_name": "acme", "tone": "bold"},
    "playbook_version": None,
    "status": "ACTIVE",
    "approval_outcome": "PENDING",
    "runs": [
        {
            "attempt_number": 1,
            "video_path": "output/draft_v1.mp4",
            "review_pack_path": "output/review_pack",
            "time_to_first_cut_seconds": 45.0,
            "iteration_count": 2,
            "total_cost_dollars": 0.0,
            "sla_passed": True,
            "founder_feedback": "Good start but hook is weak",
            "feedback_received_at": "2024-01-16T09:30:00",
            "feedback_level": "MAJOR_CHANGES",
        },
        {
            "attempt_number": 2,
            "video_path": "output/draft_v2.mp4",
            "review_pack_path": "output/review_pack_2",
            "time_to_first_cut_seconds": 0.0,
            "iteration_count": 1,
            "total_cost_dollars": 0.3,
            "sla_passed": False,
            "founder_feedback": None,
            "feedback_received_at": None,
            "feedback_level": None,
        },
    ],
}
PRESENT: dict[str, Any] = {
    "pilot_id": "pilot_20250310_0f9e8d7c",
    "founder_name": "Björn “BJ” Åkesson",
    "company_name": "שלום Ltd",
    "scenario_type": "problem_solution",
    "brand_context": {"preset": "wellness", "colour_notes": ["sage", "sand"]},
    "playbook_version": "v3",
    "status": "completed",
    "approval_outcome": "approved",
    "created_at": "2025-03-10T08:00:00.123456",
    "updated_at": "2025-03-12T10:00:00+01:00",
    "notes": ["Met at a fair", "Prefers mail"],
    "max_attempts": 4,
    "max_iterations_per_attempt": 2,
    "crm_link": {"system": "other", "id": 77},
    "runs": [
        {
            "attempt_number": 1,
            "attempt_id": "attempt_1_20250310_080000",
            "created_at": "2025-03-10T08:00:00",
            "video_path": "pilot_20250310_0f9e8d7c/attempt_1/draft_v1.mp4",
            "review_pack_path": None,
            "time_to_first_cut_seconds": None,
            "iteration_count": 1,
            "total_cost_dollars": 0.12,
            "sla_passed": None,
            "sla_violations": ["Too slow", "No audio"],
            "founder_feedback": "Voice is off. Tone is too salesy.",
            "feedback_mode": "HUMAN",
            "feedback_decision": "MINOR_CHANGES",
            "feedback_flags": ["tone_mismatch", "a_flag_of_their_own"],
            "feedback_notes": "Tone is too salesy.",
            "feedback_timestamp": "2025-03-11T12:00:00",
            "feedback_persona": None,
            "render_farm": "eu-1",
        },
        {
            "attempt_number": 2,
            "attempt_id": "attempt_2_20250311_130000",
            "created_at": "2025-03-11T13:00:00",
            "video_path": "x/draft_v1.mp4",
            "review_pack_path": "x/review_pack",
            "time_to_first_cut_seconds": 61.25,
            "iteration_count": 3,
            "total_cost_dollars": 0.4,
            "sla_passed": True,
            "sla_violations": [],
            "feedback_mode": "human",
            "feedback_decision": "approve",
            "feedback_flags": [],
            "feedback_notes": "",
            "feedback_timestamp": "2025-03-12T10:00:00+01:00",
            "feedback_persona": "founder",
        },
    ],
}


def write(folder: Path, data: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{data['pilot_id']}.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def only_keys_of(given: dict[str, Any], written: dict[str, Any]) -> dict[str, Any]:
    """Return ``written`` with only the fields that ``given`` has, including those of runs."""
    result = {key: written[key] for key in given}
    result["runs"] = [
        {key: there[key] for key in here} for here, there in zip(given["runs"], written["runs"], strict=True)
    ]
    return result


@pytest.mark.parametrize("generation", [GUIDE, PRESENT], ids=["guide", "present"])
def test_a_state_file_taken_in_is_written_back_word_for_word(
    store: PilotStore, tmp_path: Path, generation: dict[str, Any]
) -> None:
    report = store.import_state(write(tmp_path / "in", generation))
    assert (report.imported, report.problems) == ([generation["pilot_id"]], [])
    written = json.loads((store.root / f"{generation['pilot_id']}.json").read_text(encoding="utf-8"))
    assert only_keys_of(generation, written) == generation


@pytest.mark.parametrize("generation", [GUIDE, PRESENT], ids=["guide", "present"])
def test_what_one_store_writes_another_takes_in_equal(
    store: PilotStore, tmp_path: Path, generation: dict[str, Any], fresh_database: Callable[[], None]
) -> None:
    store.import_state(write(tmp_path / "in", generation))
    pilot_id = generation["pilot_id"]
    fresh_database()
    other = PilotStore(tmp_path / "other", store.clock)
    assert other.import_state(store.root).problems == []
    first, second = (json.loads((s.root / f"{pilot_id}.json").read_text(encoding="utf-8")) for s in (store, other))
    assert first == second
    assert other.load(pilot_id).model_copy(update={"source": {}, "runs": []}) == store.load(pilot_id).model_copy(
        update={"source": {}, "runs": []}
    )


def test_both_generations_mean_the_same_here(store: PilotStore, tmp_path: Path) -> None:
    store.import_state(write(tmp_path, GUIDE))
    store.import_state(write(tmp_path, PRESENT))
    guide, present = store.load(GUIDE["pilot_id"]), store.load(PRESENT["pilot_id"])
    assert (guide.status, guide.attempt(1).feedback_level, guide.attempt(1).founder_feedback) == (
        "active",
        "major_changes",
        "Good start but hook is weak",
    )
    assert guide.attempt(2).time_to_first_cut_seconds == 0.0, "a valid time, not a missing one"
    assert guide.attempt(2).review is None
    assert (present.status, present.approval_outcome, present.max_attempts) == ("completed", "approved", 4)
    assert present.attempt(1).review is not None
    assert present.attempt(1).review.flags == ["tone_mismatch", "a_flag_of_their_own"]
    assert present.attempt(1).time_to_first_cut_seconds is None


def test_a_field_that_changes_after_import_is_written_anew_and_the_others_stay(
    store: PilotStore, tmp_path: Path
) -> None:
    store.import_state(write(tmp_path, GUIDE))
    pilots.record_feedback(store, GUIDE["pilot_id"], 2, "Better", "minor_changes", ["too_long"])
    written = json.loads((store.root / f"{GUIDE['pilot_id']}.json").read_text(encoding="utf-8"))
    assert written["runs"][0]["feedback_level"] == "MAJOR_CHANGES"
    assert written["runs"][1]["feedback_level"] == "minor_changes"
    assert written["runs"][1]["founder_feedback"] == "Better"


def test_a_folder_with_one_broken_file_among_ten_imports_nine_and_names_the_tenth(tmp_path: Path) -> None:
    folder = tmp_path / "pilots"
    for n in range(9):
        write(folder, {**GUIDE, "pilot_id": f"pilot_20240115_0000000{n}"})
    (folder / "pilot_20240115_broken00.json").write_text('{"pilot_id": "pilot_20240115_broken00",\n "runs": [', "utf-8")
    store = PilotStore(folder)
    assert len(store.found_import.imported) == len(store.pilot_ids()) == 9
    assert store.found_import.problems == [
        "pilot_20240115_broken00.json is not a state file of a pilot: line 2 is not JSON."
    ]
    assert (folder / "pilot_20240115_broken00.json").read_text().startswith('{"pilot_id"'), "left as it was"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"pilot_id": "../../etc"}, "pilot_id is not an id like pilot_20240115_abc12345"),
        ({"founder_name": ""}, "founder_name: string should have at least 1 character"),
        ({"status": "asleep"}, "status is “asleep”; it must be one of: active, paused, completed"),
        ({"runs": [{"attempt_number": 1}, {"attempt_number": 1}]}, "two of its attempts have the same number"),
        (
            {"runs": [{"attempt_number": 1, "time_to_first_cut_seconds": -1}]},
            "time_to_first_cut_seconds: input should be",
        ),
        ({"runs": [{"attempt_number": 1, "feedback_level": "meh"}]}, "“meh” is not a decision"),
        ({"runs": "none"}, "is not a state file of a pilot"),
        ({"created_at": "yesterday"}, "created_at is “yesterday”; write a time like 2024-01-16T09:30:00"),
    ],
)
def test_a_state_file_with_a_wrong_field_is_refused_with_the_reason(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    path = tmp_path / "pilot_bad.json"
    path.write_text(json.dumps(GUIDE | change))
    with pytest.raises(InvalidRequest) as caught:
        state_files.read(path)
    assert str(caught.value).startswith("pilot_bad.json is not a state file of a pilot: ")
    assert reason in str(caught.value)


def test_importing_a_pilot_that_is_there_already_leaves_it_as_it_is(store: PilotStore, tmp_path: Path) -> None:
    path = write(tmp_path, GUIDE)
    store.import_state(path)
    pilots.pause(store, GUIDE["pilot_id"], "later")
    report = store.import_state(path)
    assert report.imported == []
    assert report.problems == [
        "pilot_20240115_abc12345.json: pilot_20240115_abc12345 is in the store already; it was left as it is."
    ]
    assert store.load(GUIDE["pilot_id"]).status == "paused"


def test_attempt_ids_that_two_imported_pilots_share_are_told_apart_and_kept(store: PilotStore, tmp_path: Path) -> None:
    twin = {**PRESENT, "pilot_id": "pilot_20250310_aaaaaaaa"}
    store.import_state(write(tmp_path, PRESENT))
    store.import_state(write(tmp_path, twin))
    ids = [a.attempt_id for pid in store.pilot_ids() for a in store.load(pid).runs]
    assert len(set(ids)) == 4
    written = json.loads((store.root / f"{twin['pilot_id']}.json").read_text(encoding="utf-8"))
    assert only_keys_of(twin, written) == twin


def test_ids_that_one_imported_pilot_repeats_are_told_apart(store: PilotStore, tmp_path: Path) -> None:
    [pilot_id, first, second] = [PRESENT["pilot_id"], *({**run} for run in PRESENT["runs"])]
    first["attempt_id"], second["attempt_id"] = f"{pilot_id}_a2", ""
    feedback = {"feedback_id": "one", "level": "approve"}
    ours = {**PRESENT, "revision": 3, "brief": {}, "runs": [{**first, "feedback": [feedback, feedback]}, second]}
    assert store.import_state(write(tmp_path, ours)).problems == []
    [pilot] = store.load_all()
    assert len({attempt.attempt_id for attempt in pilot.runs}) == 2
    assert len({given.feedback_id for given in pilot.runs[0].feedback}) == 2


def test_two_who_take_in_one_folder_at_once_take_in_each_file_once(store: PilotStore, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for n in range(20):
        write(folder, {**GUIDE, "pilot_id": f"pilot_20240115_000000{n:02}"})
    with ThreadPoolExecutor(2) as pool:
        reports = [job.result() for job in [pool.submit(store.import_state, folder) for _ in range(2)]]
    imported = [pilot_id for report in reports for pilot_id in report.imported]
    problems = [problem for report in reports for problem in report.problems]
    assert sorted(imported) == sorted(store.pilot_ids())
    assert len(imported) == len(problems) == 20
    assert all(problem.endswith("is in the store already; it was left as it is.") for problem in problems)
    assert {len(store.events(pilot_id)) for pilot_id in imported} == {1}


def test_feedback_ids_that_two_imported_pilots_share_are_told_apart(store: PilotStore, tmp_path: Path) -> None:
    store.import_state(write(tmp_path / "in", GUIDE))
    ours = json.loads((store.root / f"{GUIDE['pilot_id']}.json").read_text(encoding="utf-8"))
    copy = write(tmp_path / "copied", {**ours, "pilot_id": "pilot_20240115_copied00"})
    assert store.import_state(copy).problems == []
    first, second = (store.load(pilot_id).attempt(1) for pilot_id in (GUIDE["pilot_id"], "pilot_20240115_copied00"))
    assert first.review is not None
    assert second.review is not None
    assert first.review.feedback_id != second.review.feedback_id
    assert first.review.notes == second.review.notes == "Good start but hook is weak"


def test_a_state_file_that_cannot_be_written_keeps_no_other_from_being_written(
    store: PilotStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "in"
    for n in range(3):
        write(folder, {**GUIDE, "pilot_id": f"pilot_20240115_0000000{n}"})
    (store.root / "pilot_20240115_00000001.json").mkdir()
    assert len(store.import_state(folder).imported) == 3
    assert [(store.root / f"pilot_20240115_0000000{n}.json").is_file() for n in range(3)] == [True, False, True]
    assert "the state file of pilot_20240115_00000001 could not be written" in caplog.text


def test_the_flags_a_change_answers_survive_a_state_file_whose_drafts_list_plain_sentences(
    store: PilotStore, new_pilot: Callable[..., PilotRun]
) -> None:
    told = [Change(text="Shortened to 41 s.", flags=["too_long"]), Change(text="Another music bed.")]
    told.append(Change(text="Not settled.", flags=["factual_error"], answered=False))
    pilot = new_pilot()
    pilot.add_attempt("a.mp4").drafts = [Draft(iteration=1, video_path="a.mp4", changes=told)]
    store.save(pilot)
    assert store.load(pilot.pilot_id).attempt(1).drafts[0].changes == told
    (entry,) = state_files.dump(store.load(pilot.pilot_id))["runs"]
    assert entry["drafts"][0]["changes"] == ["Shortened to 41 s.", "Another music bed.", "Not settled."]
    assert state_files.parse(state_files.dump(pilot)).attempt(1).drafts[0].changes == told


def test_a_state_file_from_before_changes_named_flags_is_read_without_loss(
    store: PilotStore, new_pilot: Callable[..., PilotRun]
) -> None:
    pilot = new_pilot()
    pilot.add_attempt("a.mp4").drafts = [Draft(iteration=1, video_path="a.mp4", changes=["Shortened (too long)."])]
    data = state_files.dump(pilot)
    assert "draft_changes" not in data["runs"][0]
    assert state_files.parse(data).attempt(1).drafts[0].changes == [Change(text="Shortened (too long).")]


def imported(store: PilotStore, tmp_path: Path, **changed: Any) -> tuple[PilotRun, list[str]]:
    """Take in the guide's pilot, whose second attempt was approved on 17 January, and return it with the warnings."""
    approved = {"feedback_level": "APPROVE", "feedback_received_at": "2024-01-17T09:30:00"}
    runs = [GUIDE["runs"][0], GUIDE["runs"][1] | approved]
    file = tmp_path / "pilot_20240115_abc12345.json"
    file.write_text(json.dumps(GUIDE | {"runs": runs} | changed), encoding="utf-8")
    report = store.import_state(file)
    return store.load(report.imported[0]), report.warnings


def test_an_imported_approval_was_decided_when_its_review_was_received(store: PilotStore, tmp_path: Path) -> None:
    ended = {"status": "COMPLETED", "approval_outcome": "APPROVED", "decided_at": "2024-03-01T00:00:00"}
    pilot, warnings = imported(store, tmp_path, **ended)
    assert pilot.decided_at == datetime(2024, 1, 17, 9, 30, tzinfo=UTC)
    assert recommend(pilot).code == "approved_with_risk"
    assert not any("Close as approved" in warning for warning in warnings)


def test_an_imported_approval_without_an_approving_review_is_approved_with_that_risk(
    store: PilotStore, tmp_path: Path
) -> None:
    ended = {"status": "COMPLETED", "approval_outcome": "APPROVED", "runs": GUIDE["runs"][:1]}
    pilot, _ = imported(store, tmp_path, **ended)
    result = recommend(pilot)
    assert (result.code, result.risks) == ("approved_with_risk", ["No approving review is recorded"])


def test_an_import_whose_review_approves_and_whose_outcome_is_pending_can_be_closed_as_approved(
    store: PilotStore, tmp_path: Path
) -> None:
    pilot, warnings = imported(store, tmp_path)
    assert (pilot.status, pilot.approval_outcome) == ("active", "pending")
    assert sum("Close as approved" in warning for warning in warnings) == 1
    with pytest.raises(AccessDenied):
        pilots.close_as_approved(store, pilot.pilot_id, Actor("Vera", Source(Way.HERE, Role.VIEWER)))

    closed = pilots.close_as_approved(store, pilot.pilot_id)

    assert (closed.status, closed.approval_outcome) == ("completed", "approved")
    assert closed.decided_at == datetime(2024, 1, 17, 9, 30, tzinfo=UTC)
    event = store.events(pilot.pilot_id)[-1]
    assert (event.kind, event.detail["attempt_number"]) == ("approved", 2)
    with pytest.raises(NotAllowedNow, match="does not approve it"):
        pilots.close_as_approved(store, pilot.pilot_id)
