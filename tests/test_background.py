"""Renders in processes of their own: begun, killed, noticed, tried again."""

import os
import signal
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from pilot_core import services
from pilot_core.erasure import erase_pilot
from pilot_core.models import AttemptState
from pilot_core.rendering import fail_attempt
from pilot_core.store import renders
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries import any_in_the_making, making
from pilot_core.web import background
from pilot_core.web.background import Watch, look_after, process_of, start_render
from tests.conftest import HandClock
from tests.told_pilots import tell

# Says that it has begun, and then goes on until somebody opens the other pipe.
PROGRAM = "import sys; open(sys.argv[1], 'w').close(); open(sys.argv[2]).close()"


@pytest.fixture
def pipes(tmp_path: Path) -> tuple[Path, Path]:
    begun, go_on = tmp_path / "begun", tmp_path / "go_on"
    os.mkfifo(begun)
    os.mkfifo(go_on)
    return begun, go_on


def queue(store: PilotStore, clock: HandClock) -> str:
    pilot = tell(store, clock, "Acme")
    services.queue_attempt(store, pilot.pilot_id, "command", "Mara Lindqvist")
    return pilot.pilot_id


def test_a_render_killed_in_the_middle_is_failed_with_the_reason_and_leaves_no_film(
    store: PilotStore, clock: HandClock, pipes: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = pipes
    monkeypatch.setenv("PILOT_OPS_COMMAND", f'{sys.executable} -c "{PROGRAM}" {begun} {go_on}')
    pilot_id = queue(store, clock)
    start_render(store, pilot_id, 1)
    begun.open().close()
    process = process_of(store, pilot_id, 1)
    attempt = store.load(pilot_id).attempt(1)
    shown = making(store.database, attempt.attempt_id)

    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    # Both ways, since nobody may be waiting there any more: then opening it for writing alone would never end.
    os.close(os.open(go_on, os.O_RDWR))
    look_after(store)

    assert (attempt.state, shown and shown.waiting) == (AttemptState.RENDERING, False)
    attempt = store.load(pilot_id).attempt(1)
    assert attempt.state is AttemptState.FAILED
    assert attempt.failure is not None
    assert "its process ended" in attempt.failure
    assert not list(store.root.glob("**/*.mp4"))
    assert not renders.under_way(store.database)
    assert not any_in_the_making(store.database)


def test_a_render_whose_process_could_not_begin_is_failed_at_once(
    store: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOT_OPS_RENDERS", "none")
    pilot_id = queue(store, clock)
    start_render(store, pilot_id, 1)
    process_of(store, pilot_id, 1).wait()

    look_after(store)

    attempt = store.load(pilot_id).attempt(1)
    assert attempt.state is AttemptState.FAILED
    assert attempt.failure == "The render never began: its process ended with code 1. Retry it."
    log = store.root / "logs" / f"{attempt.attempt_id}.log"
    assert "PILOT_OPS_RENDERS" in log.read_text()


def test_a_failed_render_can_be_begun_again(
    store: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOT_OPS_COMMAND", "/bin/false")
    pilot_id = queue(store, clock)
    for _ in range(2):
        start_render(store, pilot_id, 1)
        process_of(store, pilot_id, 1).wait()
        look_after(store)
        failed = store.load(pilot_id).attempt(1)
        services.retry_attempt(store, pilot_id, "Mara Lindqvist")

    assert failed.state is AttemptState.FAILED
    assert store.load(pilot_id).attempts_used == 1


def test_an_erased_pilot_keeps_no_other_render_from_being_failed(
    store: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOT_OPS_RENDERS", "none")
    erased, *others = (queue(store, clock) for _ in range(3))
    for pilot_id in (erased, *others):
        start_render(store, pilot_id, 1)
        process_of(store, pilot_id, 1).wait()
    fail_attempt(store, erased, 1, "It was taken back.", "pipeline")
    erase_pilot(store, erased, "They asked for it", "Lea Lead")

    look_after(store)

    assert [store.load(pilot_id).attempt(1).state for pilot_id in others] == [AttemptState.FAILED] * 2
    for pilot_id in (erased, *others):
        with pytest.raises(KeyError):
            process_of(store, pilot_id, 1)


@pytest.mark.duckdb_only
def test_the_end_of_the_server_waits_for_no_backup_that_hangs(
    store: PilotStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOT_OPS_BACKUPS", str(tmp_path / "nights"))
    monkeypatch.setattr(background, "STOP_SECONDS", 0.2)
    watch = Watch(store)
    with FileLock(f"{store.database.path}.lock"):
        watch.start()
        watch.stop()
        still = [thread for thread in watch._threads if thread.is_alive()]
    for thread in still:
        thread.join()
    assert "nightly backup" in [thread.name for thread in still]


def test_the_watch_fails_what_an_earlier_server_left_behind(store: PilotStore, clock: HandClock) -> None:
    pilot = tell(store, clock, "Acme", "queue")
    attempt = pilot.attempt(1)
    renders.claim(store.database, attempt.attempt_id, pilot.pilot_id, clock())
    gone = os.posix_spawn(sys.executable, [sys.executable, "-c", ""], os.environ)
    os.waitpid(gone, 0)
    store.database.transaction(lambda c: c.execute("UPDATE renders SET pid = ?", [gone]).fetchall())

    watch = Watch(store)
    watch.start()
    watch.stop()

    assert store.load(pilot.pilot_id).attempt(1).state is AttemptState.FAILED
