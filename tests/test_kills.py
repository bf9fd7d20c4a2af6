"""Kills at random moments, four hundred with ``--everything``: what was reported as done is there, and whole."""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.clock import utc_now
from pilot_core.domain.attempt import AttemptState
from pilot_core.maintenance.backup import verify
from pilot_core.maintenance.check import check
from pilot_core.maintenance.repair import repair
from pilot_core.maintenance.restore import restore
from pilot_core.rendering.launching import process_of
from pilot_core.services import pilots as services
from pilot_core.settings import ROOT
from tests.films import make_film
from tests.stores import make

KILLS = {"commits": 10, "state_files": 6, "render": 6, "backup": 5, "migration": 5, "commands": 5}
EVERYTHING = {"commits": 60, "state_files": 40, "render": 40, "backup": 30, "migration": 30, "commands": 200}
# How many steps are done before the first kill. That run also measures how long they take here; the other kills come at
# random within one and a half times as long.
FIRST = {"commits": 2, "state_files": 2, "render": 3, "backup": 1, "migration": 1, "commands": 6}
TOGETHER = {"commands": ["commands", "other_commands", "backup_command"]}
"""What is killed at the same moment, where it is more than one process."""

Kill = Callable[[str, Path], list[str]]


@pytest.fixture(scope="module")
def kill() -> Iterator[Kill]:
    """Yield a function that kills the named work in its own process and returns what it reported as done."""
    chance = random.Random(7)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.crashing"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"

        spans: dict[str, float] = {}

        def go(work: str, root: Path) -> list[str]:
            seconds = chance.uniform(0, spans.get(work, 0))
            order = {
                "work": TOGETHER.get(work, [work]),
                "root": str(root),
                "seconds": seconds,
                "after": 0 if spans.get(work) else FIRST[work],
            }
            parent.stdin.write(json.dumps(order) + "\n")
            parent.stdin.flush()
            answer = json.loads(parent.stdout.readline())
            spans.setdefault(work, 1.5 * answer["ran"])
            told: list[str] = answer["told"]
            assert told.count("begun") == len(order["work"])
            assert "ended by itself" not in told
            return [done for done in told if done != "begun"]

        yield go
        parent.stdin.close()


@pytest.fixture
def kills(request: pytest.FixtureRequest) -> dict[str, int]:
    """Return how often each work is killed."""
    return EVERYTHING if request.config.getoption("everything") else KILLS


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Yield a folder in memory if there is one. The kernel keeps a killed process's writes, so no disk is needed."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as made:
        yield Path(made)


def later() -> datetime:
    """Return a time a few minutes from now, when the next start after the crash would be."""
    return utc_now() + timedelta(minutes=5)


def reopened(root: Path) -> PilotStore:
    """Return the store after its startup repair, checked for consistency."""
    store = PilotStore(root, later)
    repair(store, thorough=False, under_way=0)
    assert check(store, under_way=0) == []
    return store


def wait_for_launched(store: PilotStore) -> None:
    """Wait until the renders that the repair has launched, since nobody had, are over."""
    for pilot in store.load_all():
        for attempt in pilot.runs:
            if attempt.state.is_under_way:
                process_of(store, pilot.pilot_id, attempt.attempt_number).wait(timeout=60)


def with_a_pilot(root: Path) -> str:
    return services.start_pilot(PilotStore(root), services.create_pilot("Lea", "Acme", "feature_launch")).pilot_id


def test_a_kill_among_commits_loses_nothing(kill: Kill, kills: dict[str, int], folder: Path) -> None:
    pilot_id = with_a_pilot(folder / "store")
    told: list[str] = []
    for _ in range(kills["commits"]):
        told += kill("commits", folder / "store")
        store = reopened(folder / "store")
        pilot, events = store.load(pilot_id), store.events(pilot_id)
        said = {f"{event.kind} {event.actor}" for event in events}
        known = set(store.pilot_ids())
        for done in told:
            kind, what = done.split()
            assert done in said or (kind == "started" and what in known), done
        assert len(events) == pilot.version, "each save left its one event"
        assert (pilot.status == "paused") == (events[-1].kind == "paused")
        assert pilot.pause_reason == (events[-1].detail["reason"] if pilot.status == "paused" else None)


def test_a_kill_among_state_files_leaves_each_whole(kill: Kill, kills: dict[str, int], folder: Path) -> None:
    pilot_id = with_a_pilot(folder / "store")
    told: list[str] = []
    for _ in range(kills["state_files"]):
        told += kill("state_files", folder / "store")
        before = json.loads((folder / "store" / f"{pilot_id}.json").read_text())
        store = reopened(folder / "store")
        pilot = store.load(pilot_id)
        words = [event.detail["word"] for event in store.events(pilot_id) if event.kind == "noted"]
        assert [f"noted {word}" for word in words if f"noted {word}" in told] == told
        assert pilot.notes == (words[-1] * 100_000 if words else None)
        assert before["revision"] in (pilot.version, pilot.version - 1), "whole, and of the last save or the one before"


def test_a_kill_in_a_render_leaves_an_attempt_ready_and_whole_or_failed_and_gone(
    kill: Kill, kills: dict[str, int], folder: Path
) -> None:
    PilotStore(folder / "store")
    make_film(folder / "film.mp4", seconds=1.0)
    told: list[str] = []
    for _ in range(kills["render"]):
        told += kill("render", folder / "store")
        store = reopened(folder / "store")
        wait_for_launched(store)
        pilots = {pilot.pilot_id: pilot for pilot in store.load_all()}
        for done in told:
            kind, pilot_id = done.split()
            attempt = next(iter(pilots[pilot_id].runs), None)
            assert attempt or kind == "started"
            assert kind != "ready" or attempt.state is AttemptState.READY
        for pilot in pilots.values():
            assert all(attempt.state in (AttemptState.READY, AttemptState.FAILED) for attempt in pilot.runs)
    states = {attempt.state for pilot in pilots.values() for attempt in pilot.runs}
    assert states == {AttemptState.READY, AttemptState.FAILED}, "both happened"


def test_a_kill_in_a_backup_leaves_whole_backups_only(kill: Kill, kills: dict[str, int], folder: Path) -> None:
    pilot_id = with_a_pilot(folder / "store")
    (folder / "store" / pilot_id / "attempt_1_20260101_000000").mkdir()
    (folder / "store" / pilot_id / "attempt_1_20260101_000000" / "notes.log").write_bytes(
        random.Random(1).randbytes(5_000_000)
    )
    (folder / "backups").mkdir()
    told: list[str] = []
    for _ in range(kills["backup"]):
        fresh = kill("backup", folder / "store")
        told += fresh
        reopened(folder / "store")
        found = {path.name: path for path in (folder / "backups").glob("*.zip")}
        assert set(fresh) <= found.keys()
        for path in found.values():
            assert verify(path).counts["pilots"] == 1
            path.unlink()


def test_a_kill_in_a_migration_leaves_the_old_schema_or_the_new(
    kill: Kill, kills: dict[str, int], folder: Path
) -> None:
    before = make.unpack(1, folder / "old")
    opened = 0
    for n in range(kills["migration"]):
        root = folder / f"store{n}"
        shutil.copytree(folder / "old", root)
        opened += kill("migration", root) == ["opened"]
        store = PilotStore(root, later)
        repair(store, thorough=False, under_way=0)
        assert {finding.kind for finding in check(store, thorough=False, under_way=0)} <= {"missing"}, (
            "the made-up pilots have no films"
        )
        assert {row["pilot_id"] for row in before["pilots"]} == set(store.pilot_ids())
        assert store.database.migrate() == []
    assert opened


def test_a_kill_of_commands_and_backups_at_once_loses_nothing_that_ended_well(
    kill: Kill, kills: dict[str, int], folder: Path
) -> None:
    root, backups = folder / "store", folder / "backups"
    for _ in range(2):
        with_a_pilot(root)
    backups.mkdir()
    done: list[str] = []
    made = 0
    for _ in range(kills["commands"]):
        told = kill("commands", root)
        said = saved_in(reopened(root))
        assert missing(done + told, said) == []
        for name in [line.removeprefix("made ") for line in told if line.startswith("made ")]:
            made += 1
            before = done + told[: told.index(f"began {name}")]
            restore(backups / name, folder / "restored")
            restored = PilotStore(folder / "restored")
            assert check(restored, under_way=0) == []
            assert missing(before, saved_in(restored)) == []
            shutil.rmtree(folder / "restored")
        for path in backups.glob("*.zip"):
            path.unlink()
        done += [line for line in told if not line.startswith(("began ", "made "))]
    print(f"{kills['commands']} kills, {len(done)} changes of commands that ended with 0, {made} backups restored")
    assert done
    assert made


def saved_in(store: PilotStore) -> Counter[str]:
    """Return what was done to the pilots, in the words of the commands that did it."""
    found = Counter[str]()
    for pilot_id in store.pilot_ids():
        found[f"imported {pilot_id}"] += 1
        for event in store.events(pilot_id):
            found[f"paused {event.detail['reason']}" if event.kind == "paused" else f"{event.kind} {pilot_id}"] += 1
    return found


def missing(told: list[str], saved: Counter[str]) -> list[str]:
    """Return the changes that were told as done more often than they were saved."""
    acknowledged = Counter(line for line in told if not line.startswith(("began ", "made ")))
    return [line for line, times in acknowledged.items() if saved[line] < times]
