"""Renders beside the server: each in its own process, watched, and failed with a reason when its process is gone."""

import logging
import subprocess
import sys
import threading
from pathlib import Path

from pilot_core import ids
from pilot_core.models import AttemptState
from pilot_core.rendering import fail_abandoned, fail_attempt
from pilot_core.settings import ROOT
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries import any_in_the_making

log = logging.getLogger(__name__)

WATCH_SECONDS = 3.0

_started: dict[tuple[Path, str, int], subprocess.Popen[bytes]] = {}
_guard = threading.Lock()


def start_render(store: PilotStore, pilot_id: str, attempt_number: int) -> None:
    """Begin making a queued attempt's cut in a new process, which outlives this one; it writes to the store's logs."""
    logs = store.root / "logs"
    logs.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "pilot_core.worker", str(store.root), ids.checked_pilot_id(pilot_id)]
    with (logs / f"{ids.attempt_id_for(pilot_id, attempt_number)}.log").open("ab") as output:
        process = subprocess.Popen(
            [*command, str(attempt_number)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    with _guard:
        _started[store.root, pilot_id, attempt_number] = process


def process_of(store: PilotStore, pilot_id: str, attempt_number: int) -> subprocess.Popen[bytes]:
    """The process this server began for an attempt and has not reaped. Raises KeyError."""
    return _started[store.root, pilot_id, attempt_number]


def look_after(store: PilotStore) -> None:
    """Reap the processes that ended, and fail every render that nobody is making any more."""
    with _guard:
        ours = [key for key in _started if key[0] == store.root]
        ended = {key: _started.pop(key) for key in ours if _started[key].poll() is not None}
    for (_, pilot_id, number), process in ended.items():
        if store.load(pilot_id).attempt(number).state is AttemptState.QUEUED:
            reason = f"The render never began: its process ended with code {process.returncode}. Retry it."
            fail_attempt(store, pilot_id, number, reason, "pipeline")
    if any_in_the_making(store.database):
        for attempt_id in fail_abandoned(store):
            log.warning("the render of %s was abandoned", attempt_id)


class Watch:
    """Looks after a store's renders every few seconds, from ``start`` until ``stop``."""

    def __init__(self, store: PilotStore):
        self._store = store
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="render watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                look_after(self._store)
            except Exception:
                # A busy store, say; the next round tries again, and a watch that died would be noticed by nobody.
                log.exception("the renders could not be looked after")
            if self._over.wait(WATCH_SECONDS):
                return
