"""Renders beside the server: each in its own process, watched, and failed with a reason when its process is gone."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pilot_core import ids
from pilot_core.care import nightly
from pilot_core.care.elsewhere import follower
from pilot_core.errors import PilotNotFound
from pilot_core.messages.sender import send_due
from pilot_core.models import AttemptState
from pilot_core.rendering import fail_abandoned, fail_attempt
from pilot_core.settings import ROOT, database_url, left_to_workers, settings
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries import any_in_the_making

log = logging.getLogger(__name__)

WATCH_SECONDS = 3.0
NIGHT_SECONDS = 600.0
"""How often it is looked whether a backup is due; also how long a failed one waits to be tried again."""

MEND_SECONDS = 10.0
"""How long after the start it is looked what a crash left; a process that is gone is noticed at once."""

SEND_SECONDS = 20.0
"""How often it is looked whether a message is due, or another server erased something."""
STOP_SECONDS = 5.0
"""How long what is being done while the server ends is waited for. All of it may be killed: a message is tried again
later, what is left of a backup is removed at the next, what a repair began is done at the next start.
"""

_watches: dict[Path, "Watch"] = {}
_started: dict[tuple[Path, str, int], subprocess.Popen[bytes]] = {}
_guard = threading.Lock()


def start_render(store: PilotStore, pilot_id: str, attempt_number: int) -> None:
    """Have a queued attempt's cut made: by the workers, or by a new process, which outlives this one.

    Such a process writes to the store's logs. Raises StoreError when the workers cannot be told.
    """
    if url := left_to_workers():
        from pilot_core import render_queue

        return render_queue.ask(url, pilot_id, attempt_number)
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
        ended = {key: _started[key] for key in ours if _started[key].poll() is not None}
    for key, process in ended.items():
        _, pilot_id, number = key
        with suppress(PilotNotFound):  # erased meanwhile
            if store.load(pilot_id).attempt(number).state is AttemptState.QUEUED:
                reason = f"The render never began: its process ended with code {process.returncode}. Retry it."
                fail_attempt(store, pilot_id, number, reason, "pipeline")
        with _guard:
            if _started.get(key) is process:  # else the attempt was begun again
                del _started[key]
    if any_in_the_making(store.database):
        for attempt_id in fail_abandoned(store):
            log.warning("the render of %s was abandoned", attempt_id)


def back_up_if_due(store: PilotStore) -> None:
    """Make the nightly backup, if the settings want one and there is none of today."""
    folder = settings().backups
    if folder and nightly.is_due(folder, store.clock()):
        nightly.run(store, folder)


def watch_of(store: PilotStore) -> "Watch | None":
    """The watch that this server has set over a store, if there is one."""
    return _watches.get(store.root)


class Watch:
    """Looks after a store from ``start`` until ``stop``: renders every few seconds, messages, a backup every night."""

    def __init__(self, store: PilotStore):
        self._store = store
        self._over = threading.Event()
        self._looked = time.monotonic()
        self._threads = [
            threading.Thread(target=self._renders, name="render watch", daemon=True),
            threading.Thread(target=self._nights, name="nightly backup", daemon=True),
            threading.Thread(target=self._messages, name="messages", daemon=True),
        ]
        if database_url():
            self._threads.append(threading.Thread(target=self._shared, name="other servers", daemon=True))
        # Unlike the others it is done one day, which is no sign of trouble.
        self._mending = threading.Thread(target=self._mend, name="mending", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether all that it does is still being done."""
        return all(thread.is_alive() for thread in self._threads)

    @property
    def seconds_since_look(self) -> float:
        """How long ago it last looked after the renders, or began to."""
        return time.monotonic() - self._looked

    def start(self) -> None:
        _watches[self._store.root] = self
        for thread in (*self._threads, self._mending):
            thread.start()

    def stop(self) -> None:
        _watches.pop(self._store.root, None)
        self._over.set()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in (*self._threads, self._mending):
            thread.join(max(0.0, deadline - time.monotonic()))

    def _renders(self) -> None:
        self._try("the renders could not be looked after", look_after)
        while not self._over.wait(WATCH_SECONDS):
            self._looked = time.monotonic()
            self._try("the renders could not be looked after", look_after)

    def _mend(self) -> None:
        """Have what a crash left mended, in a process of its own, once the first pages are out."""
        if self._over.wait(MEND_SECONDS):
            return
        command = [sys.executable, "-m", "pilot_core.care.mending", str(self._store.root)]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)
        while process.poll() is None:
            if self._over.wait(WATCH_SECONDS):
                process.terminate()
                process.wait()

    def _nights(self) -> None:
        while True:
            self._try("the nightly backup could not be made", back_up_if_due)
            if self._over.wait(NIGHT_SECONDS):
                return

    def _messages(self) -> None:
        while not self._over.wait(SEND_SECONDS):
            self._try("messages could not be sent", lambda store: send_due(store, settings(), self._over.is_set))

    def _shared(self) -> None:
        """What servers on one database owe each other."""
        from pilot_core.store import limits

        url, follow = database_url() or "", follower(self._store)
        while not self._over.wait(SEND_SECONDS):
            self._try("tries that are over could not be forgotten", lambda store: limits.forget(url))
            self._try("what was erased elsewhere could not be looked for", lambda store: follow())

    def _try(self, failed: str, work: Callable[[PilotStore], object]) -> None:
        try:
            work(self._store)
        except Exception:
            # A busy store, say; the next round tries again, and a watch that died would be noticed by nobody.
            log.exception("%s", failed)
