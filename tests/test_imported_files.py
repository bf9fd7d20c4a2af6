"""Files from outside: each bad one is named with field and reason, and the rest is taken in."""

import copy
import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest

from pilot_core import PilotStore
from pilot_core.cli import main
from pilot_core.services import pilots
from pilot_core.store.files import state_files
from pilot_core.store.tables import saving
from tests.test_state_files import GUIDE

CASES = Path(__file__).parent / "imported_files"

RUN = "runs/0/"
WRONG: list[tuple[str, Any, str]] = [
    ("pilot_id", None, "pilot_id is not an id like pilot_20240115_abc12345"),
    ("pilot_id", "../../etc/passwd", "pilot_id is not an id"),
    ("pilot_id", 7, "pilot_id is not an id"),
    ("founder_name", "", "founder_name: string should have at least 1 character"),
    ("founder_name", "   ", "founder_name: it has no visible character"),
    ("founder_name", "\u200b\u2060\u3164", "founder_name: it has no visible character"),
    ("founder_name", "x" * 201, "founder_name: string should have at most 200 characters"),
    ("founder_name", ["Alice"], "founder_name: input should be a valid string"),
    ("founder_name", "Alice \ud83d", "founder_name: a text has half a surrogate pair"),
    ("company_name", {"name": "AcmeAI"}, "company_name: input should be a valid string"),
    ("company_name", "\udfff", "company_name: a text has half a surrogate pair"),
    ("scenario_type", "", "scenario_type: string should have at least 1 character"),
    ("brand_context", "acme", "brand_context: input should be a valid dictionary"),
    ("brand_context", {"pacing": math.inf}, "brand_context: a number is not finite"),
    ("brand_context", {"tone": "\ud800"}, "brand_context: a text has half a surrogate pair"),
    ("playbook_version", {"v": 3}, "playbook_version: input should be a valid string"),
    ("status", "asleep", "status is “asleep”; it must be one of: active, paused, completed"),
    ("approval_outcome", "maybe", "approval_outcome is “maybe”; it must be one of: pending, approved, dropped"),
    ("created_at", "yesterday", "created_at is “yesterday”; write a time like"),
    ("created_at", "0001-01-01T00:00:00+14:00", "created_at: the year must lie between 1900 and 2200"),
    ("created_at", "9999-12-31T23:59:59-14:00", "created_at: the year must lie between 1900 and 2200"),
    ("created_at", "1899-12-31T23:59:59", "created_at: the year must lie between 1900 and 2200"),
    ("updated_at", "2201-01-01T00:00:00", "updated_at: the year must lie between 1900 and 2200"),
    ("notes", [math.nan], "notes"),
    ("notes", 12, "notes"),
    ("max_attempts", 0, "max_attempts: input should be greater than or equal to 1"),
    ("max_attempts", 51, "max_attempts: input should be less than or equal to 50"),
    ("max_attempts", 2.5, "max_attempts: input should be a valid integer"),
    ("max_iterations_per_attempt", 10**30, "max_iterations_per_attempt"),
    ("pause_reason", 5, "pause_reason: input should be a valid string"),
    ("an_extra_field", math.inf, "an unknown field: a number is not finite"),
    ("an_extra_field", -math.inf, "an unknown field: a number is not finite"),
    ("an_extra_field", {"deep": {"text": "\ud83d"}}, "an unknown field: a text has half a surrogate pair"),
    ("an_extra_field", 2**63, "an unknown field: an integer has more than 64 bits"),
    ("runs", {}, None),
    ("runs", "none", "runs is not a list of objects"),
    ("runs", [1], "runs is not a list of objects"),
    ("runs", [{}], "it has no attempt_number"),
    (RUN + "attempt_number", 0, "attempt_number: input should be greater than or equal to 1"),
    (RUN + "attempt_number", 2**31, "attempt_number: input should be less than or equal to 100000"),
    (RUN + "attempt_number", 2, "two of its attempts have the same number"),
    (RUN + "attempt_number", math.inf, "attempt_number is not a whole number"),
    (RUN + "video_path", 5, "video_path: input should be a valid string"),
    (RUN + "time_to_first_cut_seconds", math.inf, "time_to_first_cut_seconds: input should be a finite number"),
    (RUN + "time_to_first_cut_seconds", math.nan, "time_to_first_cut_seconds: input should be a finite number"),
    (RUN + "time_to_first_cut_seconds", -1, "time_to_first_cut_seconds: input should be greater than or equal to 0"),
    (RUN + "time_to_first_cut_seconds", "soon", "time_to_first_cut_seconds: input should be a valid number"),
    (RUN + "iteration_count", 3_000_000_000, "iteration_count: input should be less than or equal to 2147483647"),
    (RUN + "iteration_count", -1, "iteration_count: input should be greater than or equal to 0"),
    (RUN + "total_cost_dollars", 1e300, "total_cost_dollars: input should be less than or equal to 1000000000"),
    (RUN + "total_cost_dollars", math.inf, "total_cost_dollars: input should be a finite number"),
    (RUN + "sla_passed", "perhaps", "sla_passed: input should be a valid boolean"),
    (RUN + "sla_violations", "slow", "sla_violations: input should be a valid list"),
    (RUN + "feedback_level", "SHRUG", "“SHRUG” is not a decision"),
    (RUN + "feedback_mode", "robot", "feedback_mode is “robot”; it must be one of: human, simulated"),
    (RUN + "feedback_flags", "too_long", "feedback_flags is not a list"),
    (RUN + "feedback_flags", {"too_long": True}, "feedback_flags is not a list"),
    (RUN + "founder_feedback", "x" * 10_001, "notes: string should have at most 10000 characters"),
    (RUN + "founder_feedback", "\udc80", "notes: a text has half a surrogate pair"),
    (RUN + "feedback_received_at", "9999-12-31T23:59:59-23:59", "feedback_received_at: the year must lie between"),
    (RUN + "an_extra_field", math.nan, "an unknown field: a number is not finite"),
]
RAW: list[tuple[bytes, str]] = [
    (b"", "line 1 is not JSON"),
    (b"{", "line 1 is not JSON"),
    (b"[]", "it holds no JSON object"),
    (b"null", "it holds no JSON object"),
    (b"{}", "it has no pilot_id"),
    (b"\xff\xfe\x00", "cannot be read"),
    (b'{"pilot_id": "pilot_20240115_abc12345", "x": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "more than 100 deep"),
    (b'{"pilot_id": "pilot_20240115_abc12345", "x": ' + b"9" * 5000 + b"}", "is not a state file of a pilot"),
]


def mutated(place: str, value: Any, number: int) -> dict[str, Any]:
    """Return a state file of the guide with another value at ``place``."""
    data = copy.deepcopy(GUIDE) | {"pilot_id": f"pilot_20240115_{number:08x}"}
    *path, last = place.split("/")
    holder: Any = data
    for part in path:
        holder = holder[int(part) if part.isdigit() else part]
    holder[last] = value
    return data


@pytest.fixture
def folder(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A folder with good and bad state files and no database, and what has to be said of each bad one by its name."""
    root = tmp_path / "found"
    root.mkdir()
    said = {}
    for number, (place, value, sentence) in enumerate(WRONG):
        name = f"pilot_20240101_bad{number:05x}.json"
        (root / name).write_text(json.dumps(mutated(place, value, number + 1000)), "utf-8")
        if sentence is not None:
            said[name] = sentence
    for number, (content, sentence) in enumerate(RAW):
        name = f"pilot_20240102_raw{number:05x}.json"
        (root / name).write_bytes(content)
        said[name] = sentence
    for number in range(3):
        good = copy.deepcopy(GUIDE) | {"pilot_id": f"pilot_20240115_900d000{number}"}
        (root / f"pilot_20240115_900d000{number}.json").write_text(json.dumps(good), "utf-8")
    return root, said


def test_sixty_bad_files_are_named_and_the_rest_is_taken_in(
    folder: tuple[Path, dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    root, said = folder
    assert len(said) >= 60
    before = {path.name: path.read_bytes() for path in root.glob("*.json")}
    assert main(["--store", str(root), "--list"]) == 0
    out, err = capsys.readouterr()
    assert out.count("900d000") == 3
    told = {line.split()[2].rstrip(":"): line for line in err.splitlines() if line.startswith("Not imported: ")}
    assert set(told) == set(said)
    assert {name: line for name, line in told.items() if said[name] not in line} == {}
    assert all((root / name).read_bytes() == before[name] for name in said)
    for command in (["--list"], ["--repair"]):
        assert main(["--store", str(root), *command]) in (0, 1)
    assert main(["--store", str(root), "--check"]) == 1


@pytest.mark.parametrize("case", ["repeated_flag", "iteration_count_3e9", "nested_900_deep", "infinity"])
def test_a_folder_that_shut_the_store_opens_it(tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str]) -> None:
    root = Path(shutil.copytree(CASES / case, tmp_path / case))
    assert main(["--store", str(root), "--list"]) == 0
    out, err = capsys.readouterr()
    bad = {"repeated_flag": 0, "iteration_count_3e9": 1, "nested_900_deep": 1, "infinity": 2}[case]
    assert err.count("Not imported: ") == bad
    assert out.count("Test Founder") == len(list((CASES / case).iterdir())) - bad
    for pilot_id in PilotStore(root).pilot_ids():
        assert main(["--store", str(root), "--pause", pilot_id, "--reason", "Away"]) == 0


def test_a_flag_that_is_repeated_counts_once_and_is_written_back_as_it_came(store: PilotStore) -> None:
    store.import_state(CASES / "repeated_flag" / "pilot_20260201_zbad.json")
    [pilot] = store.load_all()
    assert pilot.runs[0].review.flags == ["hook_weak"]  # type: ignore[union-attr]
    assert state_files.dump(pilot)["runs"][0]["feedback_flags"] == ["hook_weak", "hook_weak"]


def test_values_beyond_the_limits_in_an_older_store_are_left_out_when_it_is_read(
    store: PilotStore, caplog: pytest.LogCaptureFixture
) -> None:
    store.import_state(CASES / "repeated_flag" / "pilot_20260201_good0.json")
    [pilot_id] = store.pilot_ids()

    def spoil(connection: Any) -> None:
        connection.execute("UPDATE attempts SET total_cost_dollars = 'inf', time_to_first_cut_seconds = 1e300")
        connection.execute(
            "UPDATE feedback SET received_at = '0001-01-01'; UPDATE events SET happened_at = '0001-01-01'"
        )
        connection.execute("UPDATE pilots SET source = '{\"x\": [NaN]}', company_name = '  '")

    store.database.transaction(spoil)
    [pilot] = store.load_all()
    assert (pilot.company_name, pilot.source) == ("Unknown", {})
    assert (pilot.runs[0].total_cost_dollars, pilot.runs[0].time_to_first_cut_seconds) == (None, None)
    assert pilot.runs[0].feedback[0].received_at is None
    assert [event.at.year for event in store.events(pilot_id)] == [1900]
    assert f"{pilot_id}: company_name is beyond the limits" in caplog.text
    pilots.pause(store, pilot_id, "Away")
    assert [row["company_name"] for row in store.database.read(lambda c: saving.read_rows(c, None)["pilots"])] == [
        "Unknown"
    ]
