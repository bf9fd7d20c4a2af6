"""Failures around the store: each one ends, with a sentence and a way to continue."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import StoreError
from pilot_core.maintenance.backup import back_up
from pilot_core.maintenance.check import check
from pilot_core.maintenance.repair import repair
from pilot_core.rendering.attempt import run_attempt
from pilot_core.rendering.recovery import fail_abandoned
from pilot_core.services import pilots
from pilot_core.settings import read_settings
from pilot_core.store.engine import lease as lease_module
from pilot_core.store.tables import renders
from tests.conftest import HandClock
from tests.small_disks import fill, mounted

NewPilot = Callable[..., PilotRun]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of four megabytes."""
    with mounted(tmp_path / "disk", megabytes=4) as place:
        yield place


def test_a_full_disk_is_told_at_once_and_nothing_is_written_and_space_is_the_way_on(
    small_disk: Path, new_pilot: NewPilot
) -> None:
    store = PilotStore(small_disk / "store")
    pilot_id = store.save(new_pilot()).pilot_id
    fill(small_disk, 0)
    with pytest.raises(StoreError) as told:
        pilots.pause(store, pilot_id, "Founder travels")
    assert str(told.value) == (
        f"The store {store.root} could not take the change (No space left on device); nothing was written. "
        "Free some space or mend the disk, then try again."
    )
    assert store.load(pilot_id).status == "active"
    (small_disk / "filler").unlink()
    pilots.pause(store, pilot_id, "Founder travels")
    assert check(store) == []


@pytest.mark.parametrize("spare", [4096, 12288, 65536])
def test_on_a_disk_that_fills_up_what_was_told_to_be_saved_is_there_and_the_rest_is_not(
    small_disk: Path, new_pilot: NewPilot, spare: int
) -> None:
    store = PilotStore(small_disk / "store")
    pilot_id = store.save(new_pilot()).pilot_id
    fill(small_disk, spare)
    saved = []
    for n in range(30):
        try:
            store.change(pilot_id, lambda p, n=n: p.log("noted", n=n, words="long " * 400))
        except StoreError:
            continue
        saved.append(n)
    (small_disk / "filler").unlink()
    assert [e.detail["n"] for e in store.events(pilot_id) if e.kind == "noted"] == saved
    store.change(pilot_id, lambda p: p.log("noted", n=-1))
    repair(store, under_way=0)
    assert check(store, under_way=0) == []
    assert len(saved) < 30


def test_a_backup_onto_a_full_disk_is_told_and_nothing_is_left_of_it(
    small_disk: Path, store: PilotStore, new_pilot: NewPilot
) -> None:
    store.save(new_pilot())
    fill(small_disk, 100_000)
    with pytest.raises(StoreError) as told:
        back_up(store, small_disk / "a.zip")
    assert str(told.value) == (
        f"The backup {small_disk / 'a.zip'} could not be written (No space left on device); nothing is left of it. "
        "Check the folder's permissions and free space, then try again."
    )
    assert [path.name for path in small_disk.iterdir()] == ["filler"]
    fill(small_disk, 3_000_000)
    back_up(store, small_disk / "a.zip")


def test_a_folder_that_can_only_be_read_is_refused_with_a_sentence(small_disk: Path, new_pilot: NewPilot) -> None:
    store = PilotStore(small_disk / "store")
    pilot_id = store.save(new_pilot()).pilot_id
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(StoreError) as told:
        PilotStore(small_disk / "store")
    assert str(told.value) == f"The store folder {store.root} cannot be used: no permission to write there."
    with pytest.raises(StoreError) as told:
        pilots.pause(store, pilot_id, "Founder travels")
    assert str(told.value) == f"The store {store.root} cannot be locked: Read-only file system."
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    assert pilots.pause(store, pilot_id, "Founder travels").status == "paused"


HOLDER = """
import sys, duckdb
held = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def hold(store: PilotStore) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Return a function that starts another program, which opens the database file without the lease and holds it."""
    holders = []

    def begin() -> subprocess.Popen[bytes]:
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER, store.database.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        holders.append(holder)
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        return holder

    yield begin
    for holder in holders:
        holder.communicate()


def test_a_database_that_another_program_keeps_open_is_given_up_on_with_its_name(
    store: PilotStore, new_pilot: NewPilot, hold: Callable[[], subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pilot_id = store.save(new_pilot()).pilot_id
    holder = hold()
    monkeypatch.setattr(lease_module, "TIMEOUT_SECONDS", 0.3)
    with pytest.raises(StoreError) as told:
        pilots.pause(store, pilot_id, "Founder travels")
    name = Path(f"/proc/{holder.pid}/exe").readlink().name
    assert str(told.value) == (
        f"The store {store.root} is held by another program ({name}, process {holder.pid}) that does not share it. "
        "Close that program, then try again."
    )
    holder.communicate()
    assert pilots.pause(store, pilot_id, "Founder travels").status == "paused"


def test_a_database_that_another_program_lets_go_of_in_time_is_waited_for(
    store: PilotStore, new_pilot: NewPilot, hold: Callable[[], subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pilot_id = store.save(new_pilot()).pilot_id
    holder = hold()
    waited = []

    def let_go(seconds: float) -> None:
        waited.append(seconds)
        holder.communicate()

    monkeypatch.setattr(lease_module.time, "sleep", let_go)
    assert pilots.pause(store, pilot_id, "Founder travels").status == "paused"
    assert lease_module.RETRY_SECONDS in waited


def test_a_clock_set_back_loses_nothing_and_holds_nothing_up(
    store: PilotStore, new_pilot: NewPilot, clock: HandClock
) -> None:
    pilot_id = store.save(new_pilot()).pilot_id
    pilots.pause(store, pilot_id, "first")
    clock.forward(days=-40)
    pilots.resume(store, pilot_id)
    pilots.pause(store, pilot_id, "second")
    assert [event.kind for event in store.events(pilot_id)] == ["created", "paused", "resumed", "paused"]
    assert store.load(pilot_id).pause_reason == "second"
    assert check(store) == []


def test_a_render_left_over_from_before_the_clock_was_set_back_is_noticed(
    store: PilotStore, new_pilot: NewPilot, clock: HandClock
) -> None:
    one, other = (store.save(new_pilot()).pilot_id for _ in range(2))
    for pilot_id in (one, other):
        pilots.queue_attempt(store, pilot_id, "storyboard")
    assert store.database.transaction(lambda c: renders.claim(c, f"{other}_a1", other, clock()))
    store.database.transaction(lambda c: c.execute("UPDATE renders SET worker = 'elsewhere'").fetchall())
    assert fail_abandoned(store) == []
    clock.now -= timedelta(days=1)
    assert sorted(fail_abandoned(store)) == sorted([f"{one}_a1", f"{other}_a1"])
    assert store.load(one).attempt(1).state is AttemptState.FAILED
    pilots.retry_attempt(store, one)
    assert fail_abandoned(store) == [], "what was queued by the new clock is waited for"


def test_no_descriptor_of_the_file_is_opened_while_it_is_attached_during_a_backup(
    store: PilotStore, new_pilot: NewPilot, tmp_path: Path
) -> None:
    """The kernel reports each open of the file: only the lease's holder opens it, and not while it is attached."""
    store.save(new_pilot())
    attached: list[str] = []
    opened: list[list[str]] = []
    lease = store.database.lease
    path = str(store.database.path)
    attach, detach = lease._attach, lease._detach

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event in ("open", "shutil.copyfile", "os.link") and str(arguments[0]) == path:
            opened.append(list(attached))

    watching = True
    lease._attach = lambda: (attach(), attached.append("attached"))  # type: ignore[method-assign]
    lease._detach = lambda: (attached.clear(), detach())  # type: ignore[method-assign]
    sys.addaudithook(watch)
    try:
        back_up(store, tmp_path / "a.zip")
        check(store)
        pilots.pause(store, store.pilot_ids()[0], "Founder travels")
        shutil.copyfile(tmp_path / "a.zip", tmp_path / "b.zip")
    finally:
        watching = False
        del lease._attach, lease._detach  # type: ignore[method-assign]
    assert opened, "the backup did read it"
    assert all(held == [] for held in opened)


@pytest.mark.parametrize(
    ("program", "seconds", "sentence"),
    [
        (
            "print('thinking', flush=True); time.sleep(60)",
            0.5,
            "The pipeline program {name} took longer than 0.5 seconds and was stopped; its last line was “thinking”.",
        ),
        (
            "while True: print('x' * 999)",
            60,
            "The pipeline program {name} wrote more than 1 MB of log and was stopped; its last line was “{flood}…”.",
        ),
        (
            "print('done')",
            60,
            "The pipeline program {name} ended with exit code 0 but left no result.json; its last line was “done”.",
        ),
        (
            "open('a.mp4', 'wb').write(b'no film'); json.dump({{'video_path': 'a.mp4'}}, "
            "open(os.environ['PILOT_OPS_RESULT'], 'w'))",
            60,
            "draft_v1.mp4 is not a playable video: it is neither MP4 or QuickTime nor WebM or Matroska.",
        ),
    ],
    ids=["hangs", "floods its log", "makes no film", "makes a broken film"],
)
def test_a_pipeline_that_goes_wrong_fails_its_attempt_with_a_sentence_and_the_attempt_can_be_retried(
    store: PilotStore, new_pilot: NewPilot, tmp_path: Path, program: str, seconds: float, sentence: str
) -> None:
    (tmp_path / "program.py").write_text(f"import json, os, time\n{program.format()}\n")
    config = read_settings().model_copy(
        update={"command": (sys.executable, str(tmp_path / "program.py")), "command_timeout_seconds": seconds}
    )
    pilot_id = pilots.start_pilot(store, new_pilot()).pilot_id
    pilots.queue_attempt(store, pilot_id, "command")
    pilot = run_attempt(store, pilot_id, 1, config)
    assert pilot.attempt(1).failure == sentence.format(name=Path(sys.executable).name, flood="x" * 199)
    assert pilot.attempts_used == 0
    assert check(store, under_way=0) == []
    _, attempt = pilots.retry_attempt(store, pilot_id)
    assert attempt.state is AttemptState.QUEUED
