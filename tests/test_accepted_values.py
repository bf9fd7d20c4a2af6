"""Whatever is accepted lasts: it is equal after save, state file, import, backup, restore, move and export."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pilot_core import PilotStore
from pilot_core.domain import limits
from pilot_core.errors import PilotError
from pilot_core.export.bundle import export_folder
from pilot_core.insight.cohort import Cohort
from pilot_core.maintenance.backup import back_up
from pilot_core.maintenance.move import move_store
from pilot_core.maintenance.restore import restore
from pilot_core.store.engine.nul import without_nul
from pilot_core.store.files import state_files

EXAMPLES = int(os.environ.get("PILOT_OPS_EXAMPLES", 600))
BATCH = 250
"""How many pilots take each way together. A way costs about as much for one as for all of them."""

State = dict[str, Any]

TEXT = st.text(max_size=40) | st.sampled_from(
    ["", " ", "=1+1", "\ufeff", "a\x00b", "\\u0000", "'\"\r\n;", "\U0010ffff"]
)
NAME = st.text(min_size=1, max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
MOMENT = st.datetimes().map(lambda at: at.isoformat()) | st.sampled_from(
    ["2026-01-01T10:00:00+05:30", "2026-01-01", "1900-01-01T00:00:00", "2200-12-31T23:59:59.999999", None]
)
AMOUNT = st.floats(0, limits.AMOUNT) | st.sampled_from([5e-324, 0.1, limits.AMOUNT, None])
COUNT = st.integers(0, limits.COUNT) | st.just(limits.COUNT)
LEVEL = st.sampled_from(["APPROVE", "minor_changes", "MAJOR_CHANGES"])
FLAGS = st.lists(st.sampled_from(["too_long", "hook_weak", "their_own", "ä"]), max_size=4)
CHANGE = TEXT | st.fixed_dictionaries({"text": TEXT, "flags": FLAGS, "answered": st.booleans()})
ATTEMPT = {
    "video_path": TEXT | st.just("pilot_20240115_abc12345/a.mp4"),
    "time_to_first_cut_seconds": AMOUNT,
    "iteration_count": COUNT,
    "total_cost_dollars": AMOUNT,
    "sla_passed": st.booleans() | st.none(),
    "sla_violations": st.lists(TEXT, max_size=2),
    "failure": TEXT,
    "theirs": JSON,
}
GUIDES = st.fixed_dictionaries(
    {"attempt_number": st.integers(1, limits.ATTEMPT_NUMBER)},
    optional=ATTEMPT
    | {
        "founder_feedback": TEXT,
        "feedback_level": LEVEL,
        "feedback_flags": FLAGS,
        "feedback_received_at": MOMENT,
        "feedback_persona": TEXT | st.fixed_dictionaries({"id": TEXT}),
        "feedback_mode": st.sampled_from(["human", "SIMULATED"]),
    },
)
"""An attempt as the customer's guide writes it."""
OURS = st.fixed_dictionaries(
    {
        "attempt_number": st.integers(1, limits.ATTEMPT_NUMBER),
        "state": st.sampled_from(["ready", "failed", "queued"]),
        "drafts": st.lists(
            st.fixed_dictionaries(
                {"iteration": st.integers(1, limits.ATTEMPT_NUMBER), "video_path": TEXT},
                optional={
                    "duration": AMOUNT,
                    "frame_count": COUNT,
                    "source_start": st.floats(allow_nan=False, allow_infinity=False),
                    "notes": st.lists(TEXT, max_size=2),
                    "changes": st.lists(CHANGE, max_size=2),
                },
            ),
            max_size=2,
        ),
        "feedback": st.lists(
            st.fixed_dictionaries(
                {"feedback_id": NAME, "level": st.sampled_from(["approve", "minor_changes"])},
                optional={
                    "notes": TEXT,
                    "flags": FLAGS,
                    "by": TEXT,
                    "received_at": MOMENT,
                    "checklist": st.lists(TEXT, max_size=2),
                },
            ),
            max_size=2,
        ),
    },
    optional=ATTEMPT | {"created_at": MOMENT, "ready_at": MOMENT},
)
"""An attempt as this product writes it."""
PILOT = {"founder_name": NAME, "company_name": NAME, "scenario_type": NAME}
OPTIONAL = {
    "brand_context": st.dictionaries(TEXT, JSON, max_size=3),
    "playbook_version": TEXT,
    "created_at": MOMENT,
    "updated_at": MOMENT,
    "decided_at": MOMENT,
    "notes": TEXT | st.lists(JSON, max_size=3),
    "status": st.sampled_from(["active", "PAUSED", "completed"]),
    "approval_outcome": st.sampled_from(["pending", "approved", "dropped"]),
    "pause_reason": TEXT,
    "drop_reason": TEXT,
    "drop_external": st.booleans(),
    "max_attempts": st.integers(1, limits.ATTEMPTS),
    "theirs": JSON,
}
BRIEF = st.fixed_dictionaries(
    {}, optional={"product": TEXT, "message": TEXT, "proof_points": st.lists(TEXT, max_size=5), "link": TEXT}
)
STATE = st.fixed_dictionaries(
    PILOT | {"runs": st.lists(GUIDES, max_size=3)}, optional=OPTIONAL
) | st.fixed_dictionaries(
    PILOT | {"runs": st.lists(OURS, max_size=3), "revision": COUNT, "brief": BRIEF}, optional=OPTIONAL
)


def made_up(number: int) -> list[State]:
    """Return that many state files without their ids."""
    found: list[State] = []

    @settings(
        max_examples=number,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(state=STATE)
    def collect(state: State) -> None:
        found.append(state)

    collect()
    assert len(found) >= number
    return found


@dataclass(frozen=True)
class Places:
    """Where stores of one engine are made: a folder, and what makes each its database."""

    root: Path
    database: Callable[[], Any]

    @contextmanager
    def store(self, name: str) -> Iterator[PilotStore]:
        with self.database() as url:
            yield PilotStore(self.root / name, database_url=url)


@contextmanager
def in_the_folder() -> Iterator[None]:
    yield None


@pytest.fixture
def places(request: pytest.FixtureRequest, tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.delenv("PILOT_OPS_DATABASE_URL", raising=False)
    if engine == "duckdb":
        return Places(tmp_path / "ways", in_the_folder)
    return Places(tmp_path / "ways", request.getfixturevalue("postgres_server").database)


def test_what_is_accepted_survives_every_way_out_and_back(places: Places, engine: str) -> None:
    accepted = 0
    states = made_up(EXAMPLES)
    for start in range(0, len(states), BATCH):
        batch = states[start : start + BATCH]
        try:
            accepted += survives(batch, places, engine)
        except (AssertionError, Exception):
            for state in batch:
                try:
                    survives([state], places, engine)
                except (AssertionError, Exception) as error:
                    raise AssertionError(f"lost on the way: {json.dumps(state)}") from error
            raise
    print(f"{engine}: {len(states)} examples, {accepted} of them accepted")
    assert accepted > EXAMPLES / 4


def survives(states: list[State], places: Places, engine: str) -> int:
    """Take the states that are accepted through every way, compare, and return how many they are."""
    shutil.rmtree(places.root, ignore_errors=True)
    given = places.root / "given"
    given.mkdir(parents=True)
    meant = {}
    for number, state in enumerate(states):
        path = given / f"pilot_20240115_{number:08x}.json"
        path.write_text(json.dumps({"pilot_id": path.stem} | with_own_ids(state, number)), "utf-8")
        try:
            meant[path.stem] = as_stored(state_files.dump(state_files.read(path)), engine)
        except PilotError:
            continue
    with places.store("one") as store, places.store("two") as again:
        report = store.import_state(given)
        assert sorted(report.imported) == sorted(meant)
        assert len(report.problems) == len(states) - len(meant)
        assert {problem[: len("pilot_20240115_00000000.json")] for problem in report.problems} <= {
            path.name for path in given.iterdir()
        }
        assert_same(dumped(store), meant)
        for path in store.root.glob("pilot_*.json"):
            json.loads(path.read_text("utf-8"), parse_constant=pytest.fail)
        assert again.import_state(store.root).problems == []
        assert_same(dumped(again), meant)
        back_up(store, places.root / "backup.zip")
        restore(places.root / "backup.zip", places.root / "three")
        restored = PilotStore(places.root / "three")
        assert_same(dumped(restored), meant)
        exported(store, places.root / "exported", meant)
        if engine == "postgres":
            with places.database() as url:
                move_store(restored, url)
                moved = PilotStore(places.root / "three", database_url=url)
                assert_same(dumped(moved), meant)
    return len(meant)


def with_own_ids(state: State, number: int) -> State:
    """Return a state file whose feedback has ids that no other has; those would be replaced."""
    runs = [
        run
        | {
            "feedback": [
                given | {"feedback_id": f"{number}.{place}.{nth} {given['feedback_id']}"}
                for nth, given in enumerate(run["feedback"])
            ]
        }
        if "feedback" in run
        else run
        for place, run in enumerate(state["runs"])
    ]
    return state | {"runs": runs}


def as_stored(state: State, engine: str) -> State:
    """Return a pilot as the engine stores it: PostgreSQL has no NUL characters. The count of saves is left out.

    A store has a pilot's attempts in the order of their numbers.
    """
    state["runs"].sort(key=lambda run: run["attempt_number"])
    text = json.dumps(state)
    stored: State = json.loads(without_nul(text) if engine == "postgres" else text)
    return stored | {"revision": 0}


def dumped(store: PilotStore) -> dict[str, State]:
    """Return what each pilot's state file holds, without the count of saves."""
    return {
        pilot.pilot_id: json.loads(json.dumps(state_files.dump(pilot) | {"revision": 0})) for pilot in store.load_all()
    }


def assert_same(found: Any, meant: Any) -> None:
    first = [*differences(found, meant)][:3]
    assert not first, "\n".join(first)


def differences(found: Any, meant: Any, where: str = "") -> Iterator[str]:
    """Yield where two values of JSON differ."""
    if isinstance(found, dict) and isinstance(meant, dict) and found.keys() == meant.keys():
        for key in meant:
            yield from differences(found[key], meant[key], f"{where}/{key}")
    elif isinstance(found, list) and isinstance(meant, list) and len(found) == len(meant):
        for place, (one, other) in enumerate(zip(found, meant, strict=True)):
            yield from differences(one, other, f"{where}/{place}")
    elif found != meant:
        yield f"{where}: {found!r} instead of {meant!r}"


def exported(store: PilotStore, folder: Path, meant: dict[str, State]) -> None:
    """Export, and compare the tables with the pilots. A text that is empty is exported as none."""
    export_folder(store, Cohort(), folder)
    pilots = rows(folder / "pilots.parquet", "pilot_id, founder_name, company_name, scenario_type, drop_reason")
    names = ("pilot_id", "founder_name", "company_name", "scenario_type", "drop_reason")
    assert pilots == sorted(tuple(pilot[name] or None for name in names) for pilot in meant.values())
    columns = "pilot_id, attempt_number, iteration_count, total_cost_dollars, time_to_first_cut_seconds"
    attempts = rows(folder / "attempts.parquet", columns)
    assert attempts == sorted(
        (pilot["pilot_id"], *(run[name] for name in columns.split(", ")[1:]))
        for pilot in meant.values()
        for run in pilot["runs"]
    )
    feedback = rows(folder / "feedback.parquet", "feedback_id, notes")
    assert feedback == sorted(
        (given["feedback_id"], given["notes"] or None)
        for pilot in meant.values()
        for run in pilot["runs"]
        for given in run["feedback"]
    )


def rows(file: Path, columns: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT {columns} FROM read_parquet('{file}')").fetchall()  # noqa: S608
    return sorted(found)
