"""Launch the render of a queued attempt: in a subprocess of the server, or on workers."""

import subprocess
import sys
import threading
from typing import Protocol

from pilot_core import ids
from pilot_core.settings import ROOT
from pilot_core.store.files.layout import render_log
from pilot_core.store.pilots import PilotStore

Key = tuple[str, str, int]
"""The store's folder, the pilot's id and the attempt's number."""

_processes: dict[Key, subprocess.Popen[bytes]] = {}
_guard = threading.Lock()


class Launcher(Protocol):
    """A function that launches the render of a queued attempt. It may wait for the render, and may raise anything."""

    def __call__(self, store: PilotStore, pilot_id: str, attempt_number: int, /) -> None: ...


def in_a_subprocess(store: PilotStore, pilot_id: str, attempt_number: int) -> None:
    """Start a process that renders the attempt and outlives this one; it logs to ``logs/`` in the store.

    Raises OSError.
    """
    attempt_log = store.root / render_log(ids.attempt_id_for(pilot_id, attempt_number))
    attempt_log.parent.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "pilot_core.rendering.worker", str(store.root), ids.checked_pilot_id(pilot_id)]
    with attempt_log.open("ab") as output:
        process = subprocess.Popen(
            [*command, str(attempt_number)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with _guard:
        _processes[_key(store, pilot_id, attempt_number)] = process


def by_workers(database_url: str) -> Launcher:
    """Return a launcher that queues a job for the workers on that database. It raises StoreError if it cannot."""

    def launch(store: PilotStore, pilot_id: str, attempt_number: int) -> None:
        # start-up time: procrastinate takes most of a second, and only a dashboard with workers needs it
        from pilot_core.rendering.queue import ask

        ask(database_url, pilot_id, attempt_number)

    return launch


def launcher(workers_url: str | None) -> Launcher:
    """Return a launcher that uses the workers on that database or, without one, subprocesses."""
    return by_workers(workers_url) if workers_url else in_a_subprocess


def process_of(store: PilotStore, pilot_id: str, attempt_number: int) -> subprocess.Popen[bytes]:
    """Return the process that this server started for an attempt and has not reaped. Raises KeyError."""
    return _processes[_key(store, pilot_id, attempt_number)]


def is_running(store: PilotStore, pilot_id: str, attempt_number: int) -> bool:
    """Whether a subprocess that this process started for the attempt is still running."""
    process = _processes.get(_key(store, pilot_id, attempt_number))
    return process is not None and process.poll() is None


def ended_processes(store: PilotStore) -> list[tuple[str, int, int]]:
    """Return pilot id, attempt number and exit code of each process of this server that has ended."""
    with _guard:
        ours = [(key, process.poll()) for key, process in _processes.items() if key[0] == str(store.root)]
    return [(key[1], key[2], code) for key, code in ours if code is not None]


def forget_process(store: PilotStore, pilot_id: str, attempt_number: int) -> None:
    """Forget the ended process of an attempt, unless another has been started since."""
    key = _key(store, pilot_id, attempt_number)
    with _guard:
        if key in _processes and _processes[key].poll() is not None:
            del _processes[key]


def _key(store: PilotStore, pilot_id: str, attempt_number: int) -> Key:
    return str(store.root), pilot_id, attempt_number
