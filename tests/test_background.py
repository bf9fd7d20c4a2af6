"""Renders in separate processes: started, killed, detected and retried."""

import os
import signal
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line, program
from pilot_core.domain.attempt import AttemptState
from pilot_core.erasure.pilot import erase_pilot
from pilot_core.rendering.failure import fail_attempt
from pilot_core.rendering.launching import in_a_subprocess, process_of
from pilot_core.services import pilots
from pilot_core.services.acts import Act
from pilot_core.store.queries.renders import any_under_way, progress_of, under_way
from pilot_core.store.tables import renders
from pilot_core.web.server import background
from pilot_core.web.server.background import Watch, look_after
from tests.conftest import HandClock
from tests.pilot_stories import make_pilot
from tests.served import app_on

# Reports that it has started, then waits until someone opens the other pipe.
PROGRAM = "import sys; open(sys.argv[1], 'w').close(); open(sys.argv[2]).close()"


@pytest.fixture
def pipes(tmp_path: Path) -> tuple[Path, Path]:
    begun, go_on = tmp_path / "begun", tmp_path / "go_on"
    os.mkfifo(begun)
    os.mkfifo(go_on)
    return begun, go_on


def queue(store: PilotStore, clock: HandClock) -> str:
    pilot = make_pilot(store, clock, "Acme")
    pilots.queue_attempt(store, pilot.pilot_id, "command", Act(at_command_line("Mara Lindqvist")))
    return pilot.pilot_id


def test_a_render_killed_in_the_middle_is_failed_with_the_reason_and_leaves_no_film(
    store: PilotStore, clock: HandClock, pipes: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = pipes
    monkeypatch.setenv("PILOT_OPS_COMMAND", f'{sys.executable} -c "{PROGRAM}" {begun} {go_on}')
    pilot_id = queue(store, clock)
    in_a_subprocess(store, pilot_id, 1)
    begun.open().close()
    process = process_of(store, pilot_id, 1)
    attempt = store.load(pilot_id).attempt(1)
    shown = progress_of(store.database, attempt.attempt_id)

    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    # Opened for reading and writing: opening it only for writing would block if nobody reads.
    os.close(os.open(go_on, os.O_RDWR))
    look_after(store, in_a_subprocess)

    assert (attempt.state, shown and shown.waiting) == (AttemptState.RENDERING, False)
    attempt = store.load(pilot_id).attempt(1)
    assert attempt.state is AttemptState.FAILED
    assert attempt.failure is not None
    assert "its process ended" in attempt.failure
    assert not list(store.root.glob("**/*.mp4"))
    assert not under_way(store.database)
    assert not any_under_way(store.database)


def test_a_render_whose_process_could_not_begin_is_failed_at_once(
    store: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOT_OPS_RENDERS", "none")
    pilot_id = queue(store, clock)
    in_a_subprocess(store, pilot_id, 1)
    process_of(store, pilot_id, 1).wait()

    look_after(store, in_a_subprocess)

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
        in_a_subprocess(store, pilot_id, 1)
        process_of(store, pilot_id, 1).wait()
        look_after(store, in_a_subprocess)
        failed = store.load(pilot_id).attempt(1)
        pilots.retry_attempt(store, pilot_id, Act(at_command_line("Mara Lindqvist")))

    assert failed.state is AttemptState.FAILED
    assert store.load(pilot_id).attempts_used == 1


def test_an_erased_pilot_keeps_no_other_render_from_being_failed(
    store: PilotStore, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOT_OPS_RENDERS", "none")
    erased, *others = (queue(store, clock) for _ in range(3))
    for pilot_id in (erased, *others):
        in_a_subprocess(store, pilot_id, 1)
        process_of(store, pilot_id, 1).wait()
    fail_attempt(store, erased, 1, "It was taken back.", program("pipeline"))
    erase_pilot(store, erased, "They asked for it", at_command_line("Lea Lead"))

    look_after(store, in_a_subprocess)

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
    watch = Watch(app_on(store))
    with FileLock(f"{store.database.path}.lock"):
        watch.start()
        watch.stop()
        still = [thread for thread in watch._threads if thread.is_alive()]
    for thread in still:
        thread.join()
    assert "nightly backup" in [thread.name for thread in still]


def test_the_watch_fails_what_an_earlier_server_left_behind(store: PilotStore, clock: HandClock) -> None:
    pilot = make_pilot(store, clock, "Acme", "queue")
    attempt = pilot.attempt(1)
    store.database.transaction(lambda c: renders.claim(c, attempt.attempt_id, pilot.pilot_id, clock()))
    gone = os.posix_spawn(sys.executable, [sys.executable, "-c", ""], os.environ)
    os.waitpid(gone, 0)
    store.database.transaction(lambda c: c.execute("UPDATE renders SET pid = ?", [gone]).fetchall())

    watch = Watch(app_on(store))
    watch.start()
    watch.stop()

    assert store.load(pilot.pilot_id).attempt(1).state is AttemptState.FAILED


def test_an_idle_server_leaves_the_store_alone_until_something_changes(store: PilotStore, clock: HandClock) -> None:
    """On PostgreSQL only a query tells, so there it looks each time."""
    watch = Watch(app_on(store))
    now = [watch._clock()]
    watch._clock = lambda: now[0]

    def looks() -> bool:
        now[0] += background.WATCH_SECONDS
        worth = watch._is_worth_a_look()
        if worth:
            watch._look_after(store)
        return worth

    assert looks()
    now[0] += background.SETTLED_SECONDS
    assert looks(), "it was not looked at for a minute"
    is_told = bool(store.database.change_mark())
    assert [looks() for _ in range(5)] == [not is_told] * 5
    make_pilot(store, clock, "Acme")
    assert all(looks() for _ in range(5)), "a change may owe documents"
    now[0] += background.SETTLED_SECONDS
    assert looks()
    assert looks() is not is_told
