"""Renders on a disk that is really full: each failure is written, and its files do not keep the disk full."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.domain.actors import program
from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import StoreError
from pilot_core.maintenance.check import check
from pilot_core.rendering.attempt import run_attempt
from pilot_core.rendering.failure import fail_attempt
from pilot_core.services import pilots
from pilot_core.settings import Settings, read_settings
from pilot_core.store.files import reserve
from pilot_core.store.files.layout import RESERVE
from tests.small_disks import fill, mounted

NewPilot = Callable[..., PilotRun]

FILLS_ITS_FOLDER = """
import json, sys
for n in range(1000):
    with open(f"draft_v1.{n}.mp4", "wb", buffering=0) as film:
        while film.write(bytes(65536)) == 65536:
            pass
"""
FILLS_ANOTHER_FOLDER = """
import sys
with open(sys.argv[1], "wb", buffering=0) as film:
    while film.write(bytes(4096)) == 4096:
        pass
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk that has room for a reserve."""
    with mounted(tmp_path / "disk", megabytes=64) as place:
        yield place


@pytest.fixture
def disk_store(disk: Path) -> PilotStore:
    """Return a store on that disk."""
    return PilotStore(disk / "store")


def running(tmp_path: Path, source: str, *arguments: Path) -> Settings:
    """Return settings whose command pipeline is that program."""
    path = tmp_path / "program.py"
    path.write_text(source)
    command = (sys.executable, str(path), *map(str, arguments))
    return read_settings().model_copy(update={"command": command, "command_timeout_seconds": 60.0})


def queued(store: PilotStore, pilot: PilotRun) -> str:
    pilot_id = pilots.start_pilot(store, pilot).pilot_id
    pilots.queue_attempt(store, pilot_id, "command")
    return pilot_id


def test_a_render_that_fills_the_disk_leaves_its_failure_and_none_of_its_films(
    disk_store: PilotStore, new_pilot: NewPilot, tmp_path: Path
) -> None:
    pilot_id = queued(disk_store, new_pilot())
    attempt = run_attempt(disk_store, pilot_id, 1, running(tmp_path, FILLS_ITS_FOLDER)).attempt(1)
    assert attempt.state is AttemptState.FAILED
    assert (attempt.failure or "").endswith("its last line was “OSError: [Errno 28] No space left on device”.")
    assert disk_store.load(pilot_id).attempt(1).failure == attempt.failure
    assert [path.name for path in (disk_store.root / (attempt.folder or "")).iterdir()] == ["pipeline.log"]
    assert (disk_store.root / RESERVE).exists(), "the render's own files were room enough"
    assert check(disk_store, under_way=0) == []


def test_a_render_on_a_disk_that_others_fill_leaves_its_failure_in_the_room_of_the_reserve(
    disk: Path, disk_store: PilotStore, new_pilot: NewPilot, tmp_path: Path
) -> None:
    pilot_id = queued(disk_store, new_pilot())
    config = running(tmp_path, FILLS_ANOTHER_FOLDER, disk / "filler")
    assert run_attempt(disk_store, pilot_id, 1, config).attempt(1).state is AttemptState.FAILED
    assert disk_store.load(pilot_id).attempt(1).state is AttemptState.FAILED
    assert not (disk_store.root / RESERVE).exists()
    assert check(disk_store, under_way=0) == [], "its state file is written, too"

    (disk / "filler").unlink()
    pilots.retry_attempt(disk_store, pilot_id)
    run_attempt(disk_store, pilot_id, 1, running(tmp_path, "raise SystemExit(3)"))
    assert (disk_store.root / RESERVE).stat().st_size == reserve.RESERVE_BYTES


def test_a_failure_without_any_files_is_written_in_the_room_of_the_reserve_once(
    disk: Path, disk_store: PilotStore, new_pilot: NewPilot
) -> None:
    one, other = (queued(disk_store, new_pilot()) for _ in range(2))
    reserve.keep(disk_store.root)
    fill(disk, 0)
    failed = fail_attempt(disk_store, one, 1, "The worker is gone.", program("pipeline"))
    assert failed.attempt(1).failure == "The worker is gone."
    assert failed.warnings == [], "its state file is written, too"
    assert not (disk_store.root / RESERVE).exists()
    fill(disk, 0)
    with pytest.raises(StoreError, match="No space left on device"):
        fail_attempt(disk_store, other, 1, "The worker is gone.", program("pipeline"))


def test_a_reserve_is_made_where_there_is_room_and_is_given_up_only_on_a_full_disk(disk: Path) -> None:
    fill(disk, reserve.ROOM_BYTES - 8192)
    reserve.keep(disk)
    assert not (disk / RESERVE).exists()
    (disk / "filler").unlink()
    reserve.keep(disk)
    used = shutil.disk_usage(disk).used
    assert used >= reserve.RESERVE_BYTES, "the room is taken, not only named"
    reserve.keep(disk)
    assert shutil.disk_usage(disk).used == used
    reserve.give_up(disk)
    assert (disk / RESERVE).exists()
    fill(disk, 0)
    reserve.give_up(disk)
    assert shutil.disk_usage(disk).free == reserve.RESERVE_BYTES
