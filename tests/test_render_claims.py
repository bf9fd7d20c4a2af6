"""A claim on a render holds while its holder is heard from. What the holder owes is written once the store answers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import pytest

from pilot_core import PilotStore
from pilot_core.domain.actors import at_command_line
from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.domain.pilot import PilotRun
from pilot_core.rendering.attempt import run_attempt
from pilot_core.rendering.recovery import fail_abandoned, give_back_abandoned
from pilot_core.services import pilots
from pilot_core.services.acts import Act
from pilot_core.settings import ROOT, Settings, read_settings
from pilot_core.store.engine.connection import Connection
from pilot_core.store.processes import this_machine
from pilot_core.store.queries.renders import under_way
from pilot_core.store.tables import renders
from tests.conftest import HandClock
from tests.films import make_conformed_film
from tests.test_recovery import claim_and_begin

# Says that it has begun, waits until it may go on, and then ends as it is told to.
PROGRAM = """
import json, os, shutil, sys, time
begun, go_on, film = sys.argv[1:]
open("draft_v1.mp4", "wb").write(b"half made")
open(begun, "w").close()
while not os.path.exists(go_on):
    print("progress 0.4 Drawing", flush=True)
    time.sleep(0.1)
if open(go_on).read() == "fail":
    sys.exit("out of paint")
shutil.copy(film, "draft_v1.mp4")
json.dump({"video_path": "draft_v1.mp4"}, open(os.environ["PILOT_OPS_RESULT"], "w"))
"""
# Ends itself as an orderly stop of the server does, between the commit of its first change and the change's return.
STOPPED_AS_IT_BEGINS = """
import os, signal, sys, threading
from pilot_core import PilotStore
from pilot_core.rendering import worker
store, pilot_id = PilotStore(sys.argv[1]), sys.argv[2]
changed = store.database.transaction
def transaction(work):
    result = changed(work)
    if threading.current_thread() is threading.main_thread() and not ended and state() == "rendering":
        ended.append(1)
        os.kill(os.getpid(), signal.SIGTERM)
    return result
def state():
    return store.load(pilot_id).attempt(1).state
ended = []
store.database.transaction = transaction
worker.PilotStore = lambda *given, **named: store
worker.main(str(store.root), pilot_id, 1)
"""

NewPilot = Callable[..., PilotRun]
Go = Callable[[str], None]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    make_conformed_film(path, seconds=16, width=1080, height=1920, rate=Fraction(8))
    return path


@pytest.fixture
def queued(store: PilotStore, new_pilot: NewPilot) -> str:
    pilot = pilots.start_pilot(store, new_pilot(scenario_type="problem_solution"), at_command_line("Lea"))
    return pilots.queue_attempt(store, pilot.pilot_id, "command", Act(at_command_line("Lea")))[0].pilot_id


@pytest.fixture
def config(tmp_path: Path, film: Path) -> Settings:
    (tmp_path / "program.py").write_text(PROGRAM)
    command = (sys.executable, *(str(tmp_path / name) for name in ("program.py", "begun", "go_on")), str(film))
    return read_settings().model_copy(update={"command": command, "command_timeout_seconds": 60.0})


@pytest.fixture
def go(tmp_path: Path) -> Go:
    """Return a function that makes the program end in that way."""

    def make_it(end: str) -> None:
        (tmp_path / "word").write_text(end)
        (tmp_path / "word").rename(tmp_path / "go_on")

    return make_it


@pytest.fixture
def rendering(store: PilotStore, queued: str, config: Settings, tmp_path: Path) -> Iterator["Future[PilotRun]"]:
    """Return what a render that is under way in a thread of this process will return."""
    with ThreadPoolExecutor(1) as thread:
        made = thread.submit(run_attempt, store, queued, 1, config)
        until((tmp_path / "begun").exists)
        yield made
        (tmp_path / "go_on").touch()


def until(comes: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not comes():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def kinds(store: PilotStore, pilot_id: str) -> list[str]:
    return [event.kind for event in store.events(pilot_id) if event.kind.startswith(("render_", "cut_"))]


def only_attempt(store: PilotStore, pilot_id: str) -> PilotRunAttempt:
    return store.load(pilot_id).attempt(1)


@pytest.mark.parametrize("end", ["", "well", "fail"], ids=["in the middle", "made", "failed"])
def test_a_render_whose_claim_is_lost_stops_and_writes_nothing_more(
    store: PilotStore, queued: str, rendering: "Future[PilotRun]", go: Go, end: str
) -> None:
    def take_away(connection: Connection) -> None:
        connection.execute("DELETE FROM renders")

    store.database.transaction(take_away)
    before = store.load(queued)
    if end:
        go(end)
    assert rendering.result(60).attempt(1).state is AttemptState.RENDERING
    assert store.load(queued) == before
    assert kinds(store, queued) == ["render_started"]
    assert list(store.root.glob(f"{queued}/**/*.mp4")) == []


def test_a_render_without_a_heartbeat_is_failed_though_its_process_lives(
    store: PilotStore, queued: str, clock: HandClock
) -> None:
    assert store.database.transaction(lambda c: renders.claim(c, f"{queued}_a1", queued, clock()))
    clock.forward(seconds=29)
    assert fail_abandoned(store) == []
    clock.forward(seconds=2)
    assert fail_abandoned(store) == [f"{queued}_a1"]
    assert only_attempt(store, queued).failure == (
        "The render stopped at “Waiting for a free place” because its process was silent for 30 s. Retry it."
    )


def test_a_render_in_a_living_process_is_given_back_to_the_workers_when_its_heart_stops(
    store: PilotStore, queued: str, clock: HandClock
) -> None:
    claim_and_begin(store, queued)
    clock.forward(minutes=1)
    launched: list[int] = []
    assert give_back_abandoned(store, lambda *given: launched.append(given[2])) == [f"{queued}_a1"]
    assert (launched, under_way(store.database)) == ([1], [])


def test_a_living_render_keeps_its_claim_when_others_reach_the_store_first(
    store: PilotStore, queued: str, rendering: "Future[PilotRun]", go: Go, clock: HandClock
) -> None:
    """So it is after half a minute without a database: all claims have run out, and their holders live."""
    clock.forward(minutes=1)
    assert fail_abandoned(store) == []
    go("well")
    assert rendering.result(60).attempt(1).state is AttemptState.READY


def test_a_render_that_waits_for_its_turn_is_heard_from(
    store: PilotStore, queued: str, new_pilot: NewPilot, config: Settings, go: Go, clock: HandClock
) -> None:
    before = store.save(new_pilot()).pilot_id
    pilots.queue_attempt(store, before, "storyboard")
    first = store.database.transaction(lambda c: renders.claim(c, f"{before}_a1", before, clock()))
    assert first
    assert store.database.transaction(lambda c: renders.enter(c, first, clock(), 1))
    go("well")

    def heard_at() -> dict[str, datetime]:
        return {render.pilot_id: render.heartbeat_at for render in under_way(store.database)}

    with ThreadPoolExecutor(1) as thread:
        made = thread.submit(run_attempt, store, queued, 1, config, at_once=1)
        until(lambda: queued in heard_at())
        now = clock.forward(minutes=1)
        until(lambda: heard_at()[queued] == now)
        assert heard_at()[before] < now
        store.database.transaction(lambda c: renders.leave(c, first))
        assert made.result(60).attempt(1).state is AttemptState.READY


def test_a_render_that_is_stopped_as_it_begins_is_failed_with_the_reason(store: PilotStore, queued: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", STOPPED_AS_IT_BEGINS, store.root, queued], cwd=ROOT, check=False, timeout=60
    )
    assert run.returncode == 128 + signal.SIGTERM
    attempt = only_attempt(store, queued)
    assert (attempt.state, attempt.failure) == (
        AttemptState.FAILED,
        "The render was stopped before it was finished.",
    )
    assert under_way(store.database) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may start a container")
def test_two_containers_on_one_machine_have_names_of_their_own() -> None:
    print_it = "from pilot_core.store.processes import this_machine; print(this_machine())"
    run = subprocess.run(
        ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", print_it],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if run.returncode and "unshare" in run.stderr:
        pytest.skip(f"no container can be started here: {run.stderr}")
    assert run.stdout.strip().startswith(this_machine().partition("-")[0])
    assert run.stdout.strip() != this_machine()
