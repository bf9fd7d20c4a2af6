"""Renders left to workers: queued once, made by any free worker, and released when a worker dies."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import psycopg
import pytest

from pilot_core import PilotStore
from pilot_core.cli import render_worker
from pilot_core.domain.actors import at_command_line, program
from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.erasure.pilot import erase_pilot
from pilot_core.errors import InvalidRequest, PilotNotFound
from pilot_core.maintenance.repair import repair
from pilot_core.rendering.attempt import run_attempt
from pilot_core.rendering.failure import fail_attempt
from pilot_core.rendering.launching import launcher
from pilot_core.rendering.queue import remove_lost_jobs
from pilot_core.services import pilots as services
from pilot_core.services.acts import Act
from pilot_core.settings import ROOT, read_settings
from pilot_core.store.engine.connection import Connection
from pilot_core.store.queries.renders import under_way
from pilot_core.web.server.background import look_after
from tests.films import make_conformed_film

# The first run reports that it has started and waits forever; later runs return a video.
PROGRAM = """
import json, os, shutil, sys
begun, film = sys.argv[1:]
if not os.path.exists(begun):
    open(begun, "w").write(str(os.getpid()))
    sys.stdin.read()
    import signal
    signal.pause()
shutil.copy(film, "draft_v1.mp4")
json.dump({"video_path": "draft_v1.mp4"}, open(os.environ["PILOT_OPS_RESULT"], "w"))
"""
CLAIM_AND_DIE = """
import os, sys
from pilot_core.rendering import attempt as rendering
from pilot_core.store.tables import renders
from pilot_core import PilotStore
store, pilot_id = PilotStore(sys.argv[1]), sys.argv[2]
attempt_id = store.load(pilot_id).attempt(1).attempt_id
assert store.database.transaction(lambda c: renders.claim(c, attempt_id, pilot_id, store.clock()))
store.change(pilot_id, lambda pilot: rendering._begin(pilot, 1, store.clock()))
os._exit(9)
"""

pytestmark = pytest.mark.parametrize("engine", ["postgres"], indirect=True)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    make_conformed_film(path, seconds=16, width=1080, height=1920, rate=Fraction(8))
    return path


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    return tmp_path / "begun"


@pytest.fixture
def shared(engine: str, tmp_path: Path, film: Path, begun: Path, monkeypatch: pytest.MonkeyPatch) -> PilotStore:
    """Return a store whose renders are left to workers, with the machine's clock."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    monkeypatch.setenv("PILOT_OPS_RENDERS", "0")
    monkeypatch.setenv("PILOT_OPS_COMMAND", f"{sys.executable} {program} {begun} {film}")
    return PilotStore(tmp_path / "store")


@pytest.fixture
def worker() -> Iterator[Callable[[], "subprocess.Popen[bytes]"]]:
    """Return a function that starts a worker. All workers are stopped at the end."""
    with ExitStack() as ends:

        def begin() -> "subprocess.Popen[bytes]":
            process = subprocess.Popen([sys.executable, "-m", "pilot_core.cli.render_worker"], cwd=ROOT)
            ends.callback(process.wait)
            ends.callback(process.kill)
            return process

        yield begin


def url() -> str:
    found = read_settings().database_url
    assert found
    return found


def queue(store: PilotStore) -> str:
    pilot = services.create_pilot("Alice Chen", "AcmeAI", "problem_solution", "acme")
    services.start_pilot(store, pilot, at_command_line("Mara Lindqvist"))
    services.queue_attempt(store, pilot.pilot_id, "command", Act(at_command_line("Mara Lindqvist")))
    return pilot.pilot_id


def until(store: PilotStore, pilot_id: str, state: AttemptState) -> PilotRunAttempt:
    deadline = time.monotonic() + 90
    while (attempt := store.load(pilot_id).attempt(1)).state is not state and time.monotonic() < deadline:
        time.sleep(0.1)
    assert attempt.state is state, attempt.failure
    return attempt


def wait_until_begun(begun: Path, worker: "subprocess.Popen[bytes]") -> None:
    """Wait until the pipeline's program has written its process id. The worker must be alive meanwhile."""
    while not (begun.exists() and begun.read_text()):
        assert worker.poll() is None
        time.sleep(0.05)


def kinds(store: PilotStore, pilot_id: str) -> list[str]:
    return [event.kind for event in store.events(pilot_id) if event.kind.startswith(("render_", "cut_"))]


def jobs() -> int:
    with psycopg.connect(url()) as connection:
        [(found,)] = connection.execute("SELECT count(*) FROM procrastinate.procrastinate_jobs").fetchall()
    return int(found)


def test_attempts_are_asked_for_once_and_made_by_a_worker(
    shared: PilotStore, begun: Path, worker: Callable[[], "subprocess.Popen[bytes]"]
) -> None:
    begun.touch()
    pilots = [queue(shared) for _ in range(2)]
    for pilot_id in (*pilots, *pilots):
        launcher(url())(shared, pilot_id, 1)
    assert jobs() == 2
    process = worker()
    for pilot_id in pilots:
        attempt = until(shared, pilot_id, AttemptState.READY)
        assert shared.path_of(attempt.video_path or "").is_file()
        assert kinds(shared, pilot_id) == ["render_started", "cut_ready"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert jobs() == 0


def test_a_worker_killed_in_the_middle_gives_its_attempt_back_and_another_makes_it(
    shared: PilotStore, begun: Path, worker: Callable[[], "subprocess.Popen[bytes]"]
) -> None:
    pilot_id = queue(shared)
    first = worker()
    launcher(url())(shared, pilot_id, 1)
    wait_until_begun(begun, first)
    half_made = shared.path_of(shared.load(pilot_id).attempt(1).folder or "")
    worker()
    first.kill()
    os.kill(int(begun.read_text()), signal.SIGKILL)
    attempt = until(shared, pilot_id, AttemptState.READY)
    assert kinds(shared, pilot_id) == ["render_started", "render_given_back", "render_started", "cut_ready"]
    assert attempt.folder != half_made.relative_to(shared.root).as_posix()
    assert not list(half_made.glob("*.mp4"))
    assert shared.load(pilot_id).attempts_used == 1


def test_the_job_of_a_killed_worker_is_removed_by_another_one(
    shared: PilotStore, begun: Path, worker: Callable[[], "subprocess.Popen[bytes]"]
) -> None:
    pilot_id = queue(shared)
    first = worker()
    launcher(url())(shared, pilot_id, 1)
    wait_until_begun(begun, first)
    first.kill()
    os.kill(int(begun.read_text()), signal.SIGKILL)
    first.wait()
    with psycopg.connect(url()) as connection:
        connection.execute("UPDATE procrastinate.procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")
    assert remove_lost_jobs(url(), {(pilot_id, 1)}) == []
    assert jobs() == 1
    worker()
    until(shared, pilot_id, AttemptState.READY)
    deadline = time.monotonic() + 30
    while jobs() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert jobs() == 0


@pytest.mark.parametrize("imported", [False, True])
def test_an_attempt_that_three_workers_died_of_is_failed(shared: PilotStore, imported: bool) -> None:
    pilot_id = queue(shared)
    if imported:  # an imported pilot has its own id
        shared.change(pilot_id, lambda pilot: setattr(pilot.attempt(1), "attempt_id", "run-7f3c"))
    for _ in range(3):
        died = subprocess.run([sys.executable, "-c", CLAIM_AND_DIE, shared.root, pilot_id], cwd=ROOT, check=False)
        assert died.returncode == 9
        look_after(shared, launcher(url()), url())
    attempt = shared.load(pilot_id).attempt(1)
    assert attempt.state is AttemptState.FAILED
    assert attempt.failure == (
        "The render stopped at “Waiting for a free place”: its worker died, the third one. Look at the workers' logs."
    )
    assert under_way(shared.database) == []


def test_a_repair_tells_that_it_gave_an_attempt_back(shared: PilotStore) -> None:
    pilot_id = queue(shared)
    subprocess.run([sys.executable, "-c", CLAIM_AND_DIE, shared.root, pilot_id], cwd=ROOT, check=False)
    assert f"Given back to the workers: {pilot_id}_a1." in repair(shared, thorough=False, workers_url=url()).done
    assert shared.load(pilot_id).attempt(1).state is AttemptState.QUEUED


def test_a_worker_that_was_taken_for_dead_drops_what_it_made(shared: PilotStore, begun: Path, film: Path) -> None:
    pilot_id = queue(shared)
    slow = threading.Thread(target=run_attempt, args=(shared, pilot_id, 1, read_settings()))
    slow.start()
    while not (begun.exists() and begun.read_text()):
        time.sleep(0.05)

    def lose_sight(connection: Connection) -> None:
        connection.execute("UPDATE renders SET worker = 'elsewhere', heartbeat_at = '2026-01-01 00:00:00'")

    shared.database.transaction(lose_sight)
    look_after(shared, launcher(url()), url())
    assert shared.load(pilot_id).attempt(1).state is AttemptState.QUEUED
    made = run_attempt(shared, pilot_id, 1, read_settings()).attempt(1)
    os.kill(int(begun.read_text()), signal.SIGKILL)
    slow.join()
    assert shared.load(pilot_id).attempt(1) == made
    assert made.state is AttemptState.READY
    assert shared.path_of(made.video_path or "").is_file()


def test_a_worker_that_was_taken_for_dead_leaves_nothing_of_a_pilot_erased_meanwhile(
    shared: PilotStore, begun: Path
) -> None:
    pilot_id = queue(shared)
    folder = shared.root / pilot_id
    with ThreadPoolExecutor(1) as slow:
        made = slow.submit(run_attempt, shared, pilot_id, 1, read_settings())
        while not (begun.exists() and begun.read_text()):
            time.sleep(0.05)
        fail_attempt(shared, pilot_id, 1, "Its worker was not heard of.", program("pipeline"))
        erase_pilot(shared, pilot_id, "Asked", at_command_line("Mara"))
        folder.mkdir()
        (folder / "draft_v1.mp4").write_bytes(b"what it goes on writing")
        os.kill(int(begun.read_text()), signal.SIGKILL)
        with pytest.raises(PilotNotFound):
            made.result()
    assert not folder.exists()


def test_a_queued_attempt_whose_job_was_lost_is_asked_for_again(shared: PilotStore) -> None:
    pilot_id = queue(shared)
    launcher(url())(shared, pilot_id, 1)
    with psycopg.connect(url()) as connection:
        connection.execute("SET search_path TO procrastinate; DELETE FROM procrastinate_jobs")
    look_after(shared, launcher(url()), url())
    assert jobs() == 0, "it may be that somebody is just asking"
    old = "UPDATE pilots SET updated_at = '2026-01-01 00:00:00'"
    shared.database.transaction(lambda connection: connection.execute(old))
    look_after(shared, launcher(url()), url())
    assert jobs() == 1
    assert shared.load(pilot_id).attempt(1).state is AttemptState.QUEUED


def test_cuts_cannot_be_left_to_workers_without_a_common_database(
    engine: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PILOT_OPS_DATABASE_URL")
    assert render_worker.main() == 1
    assert "Workers need PILOT_OPS_DATABASE_URL" in capsys.readouterr().err
    monkeypatch.setenv("PILOT_OPS_RENDERS", "0")
    with pytest.raises(InvalidRequest, match=r"^The setting PILOT_OPS_RENDERS is 0, which leaves the cuts to workers"):
        read_settings()
