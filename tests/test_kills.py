"""Two hundred kills at random moments: whatever was told to be done is there, and nothing is there by half."""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pilot_core import services
from pilot_core.care.backup import verify
from pilot_core.care.check import check
from pilot_core.care.repair import repair
from pilot_core.clock import utc_now
from pilot_core.models import AttemptState
from pilot_core.settings import ROOT
from pilot_core.store.pilots import PilotStore
from tests.films import make_film
from tests.stores import make

KILLS = {"commits": 60, "state_files": 40, "render": 40, "backup": 30, "migration": 30}
# How many things are done before the first kill, which also tells how long they take here; the other kills come at any
# moment of one and a half times as long.
FIRST = {"commits": 2, "state_files": 2, "render": 3, "backup": 1, "migration": 1}

Kill = Callable[[str, Path], list[str]]


@pytest.fixture(scope="module")
def kill() -> Iterator[Kill]:
    """Begins the named work on a store in a process of its own, kills it, and tells what it was told was done."""
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
                "work": work,
                "root": str(root),
                "seconds": seconds,
                "after": 0 if spans.get(work) else FIRST[work],
            }
            parent.stdin.write(json.dumps(order) + "\n")
            parent.stdin.flush()
            answer = json.loads(parent.stdout.readline())
            spans.setdefault(work, 1.5 * answer["ran"])
            assert answer["told"].pop(0) == "begun"
            assert "ended by itself" not in answer["told"]
            return answer["told"]

        yield go
        parent.stdin.close()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: a killed process's writes are the kernel's, so no disk is needed here."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as made:
        yield Path(made)


def later() -> datetime:
    """Now, as the next start a few minutes after the crash would see it."""
    return utc_now() + timedelta(minutes=5)


def reopened(root: Path) -> PilotStore:
    """The store after its start-up repair, found sound."""
    store = PilotStore(root, later)
    repair(store, thorough=False, under_way=0)
    assert check(store, under_way=0) == []
    return store


def with_a_pilot(root: Path) -> str:
    return services.start_pilot(PilotStore(root), services.create_pilot("Lea", "Acme", "feature_launch")).pilot_id


def test_a_kill_among_commits_loses_nothing(kill: Kill, folder: Path) -> None:
    pilot_id = with_a_pilot(folder / "store")
    told: list[str] = []
    for _ in range(KILLS["commits"]):
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


def test_a_kill_among_state_files_leaves_each_whole(kill: Kill, folder: Path) -> None:
    pilot_id = with_a_pilot(folder / "store")
    told: list[str] = []
    for _ in range(KILLS["state_files"]):
        told += kill("state_files", folder / "store")
        before = json.loads((folder / "store" / f"{pilot_id}.json").read_text())
        store = reopened(folder / "store")
        pilot = store.load(pilot_id)
        words = [event.detail["word"] for event in store.events(pilot_id) if event.kind == "noted"]
        assert [f"noted {word}" for word in words if f"noted {word}" in told] == told
        assert pilot.notes == (words[-1] * 100_000 if words else None)
        assert before["revision"] in (pilot.version, pilot.version - 1), "whole, and of the last save or the one before"


def test_a_kill_in_a_render_leaves_an_attempt_ready_and_whole_or_failed_and_gone(kill: Kill, folder: Path) -> None:
    PilotStore(folder / "store")
    make_film(folder / "film.mp4", seconds=1.0)
    told: list[str] = []
    for _ in range(KILLS["render"]):
        told += kill("render", folder / "store")
        store = reopened(folder / "store")
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


def test_a_kill_in_a_backup_leaves_whole_backups_only(kill: Kill, folder: Path) -> None:
    pilot_id = with_a_pilot(folder / "store")
    (folder / "store" / pilot_id / "attempt_1_20260101_000000").mkdir()
    (folder / "store" / pilot_id / "attempt_1_20260101_000000" / "notes.log").write_bytes(
        random.Random(1).randbytes(5_000_000)
    )
    (folder / "backups").mkdir()
    told: list[str] = []
    for _ in range(KILLS["backup"]):
        fresh = kill("backup", folder / "store")
        told += fresh
        reopened(folder / "store")
        found = {path.name: path for path in (folder / "backups").glob("*.zip")}
        assert set(fresh) <= found.keys()
        for path in found.values():
            assert verify(path).counts["pilots"] == 1
            path.unlink()


def test_a_kill_in_a_migration_leaves_the_old_schema_or_the_new(kill: Kill, folder: Path) -> None:
    before = make.unpack(1, folder / "old")
    opened = 0
    for n in range(KILLS["migration"]):
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
