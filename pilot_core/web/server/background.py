"""The server's background work: monitor renders, send messages, back up nightly, apply other servers' erasures,
repair the store after the start."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pilot_core.bootstrap import App
from pilot_core.erasure.other_servers import follower
from pilot_core.errors import PilotNotFound, StoreError
from pilot_core.logs import warn_of
from pilot_core.maintenance import nightly
from pilot_core.messages.sender import send_due
from pilot_core.rendering import old_videos
from pilot_core.rendering.launching import Launcher, ended_processes, forget_process
from pilot_core.rendering.recovery import fail_unclaimed, recover_abandoned
from pilot_core.review import unsent
from pilot_core.services.acts import remove_expired_keys
from pilot_core.services.documents import write_due_documents
from pilot_core.services.owed_reports import settle_due_reports
from pilot_core.settings import ROOT
from pilot_core.store import sign_in_news, tries
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.renders import any_under_way
from pilot_core.web.server.open_sockets import SOCKETS
from pilot_core.web.server.rounds import Rounds

log = logging.getLogger(__name__)

WATCH_SECONDS = 3.0
SETTLED_SECONDS = 60.0
"""How long after a change to keep looking at the store, and how often to look at one that does not change."""
NIGHT_SECONDS = 600.0
"""How often to check whether a backup is due, and how long to wait after one that failed."""

REPAIR_SECONDS = 10.0
"""How long after the start the startup repair runs."""

SEND_SECONDS = 20.0
"""How often to check whether a message is due, or another server erased something."""
ROUND_SECONDS = 300.0
"""How long a round may take before its thread counts as late. Without a store that answers it ends within a minute."""
SENDING_SECONDS = ROUND_SECONDS + 900.0
"""The same for the messages. No try begins after ``ROUND_SECONDS``; the last one may take eleven minutes."""
BACKUP_SECONDS = 6 * 3600.0
"""The same for a backup, which copies every video."""
STOP_SECONDS = 5.0
"""How long to wait at shutdown for work in progress. All of it may be killed: a message is retried, an unfinished
backup is removed at the next one, and a repair is finished at the next start.
"""

_watches: dict[Path, "Watch"] = {}


def look_after(store: PilotStore, launch: Launcher, workers_url: str | None = None) -> bool:
    """Fail attempts whose process ended before it started rendering, and recover those that nobody renders any more.

    Returns whether anything is queued or rendering.
    """
    for pilot_id, number, code in ended_processes(store):
        with suppress(PilotNotFound):  # erased in the meantime
            fail_unclaimed(store, pilot_id, number, f"its process ended with code {code}")
        forget_process(store, pilot_id, number)
    under_way = any_under_way(store.database)
    if under_way:
        for attempt_id in recover_abandoned(store, workers_url, launch):
            log.warning("the render of %s was abandoned", attempt_id)
    return under_way


def back_up_if_due(store: PilotStore, folder: Path | None, *, restored: bool = False) -> None:
    """Make the nightly backup in ``folder``, if one is set and has no backup of today, also restored on trial."""
    if folder and nightly.is_due(folder, store.clock()):
        nightly.run(store, folder, restored=restored)


def watch_of(store: PilotStore) -> "Watch | None":
    """Return this server's watch of a store, if there is one."""
    return _watches.get(store.root)


class Watch:
    """The threads that do a store's background work, from ``start`` until ``stop``."""

    def __init__(self, app: App):
        self._store, self._settings, self._launch = app.store, app.settings, app.launch
        self._over = threading.Event()
        self._clock = time.monotonic
        self._looked_whole = self._changed = self._clock()
        self._mark: tuple[object, ...] = ()
        self._under_way = True
        self._conforming: subprocess.Popen[bytes] | None = None
        self._looks = Rounds("render watch", WATCH_SECONDS + ROUND_SECONDS)
        self._backups = Rounds("nightly backup", NIGHT_SECONDS + BACKUP_SECONDS)
        self._sends = Rounds("messages", SEND_SECONDS + SENDING_SECONDS)
        self._follows = Rounds("other servers", SEND_SECONDS + ROUND_SECONDS)
        self._listens = Rounds("sign-ins", WATCH_SECONDS + ROUND_SECONDS)
        work = {self._looks: self._renders, self._backups: self._nights, self._sends: self._messages}
        if self._settings.database_url:
            work |= {self._follows: self._shared, self._listens: self._sign_ins}
        self._rounds = list(work)
        self._threads = [threading.Thread(target=does, name=of.name, daemon=True) for of, does in work.items()]
        # Not checked by is_alive, since unlike the others it ends by itself.
        self._repair = threading.Thread(target=self._repair_once, name="startup repair", daemon=True)

    @property
    def is_alive(self) -> bool:
        """Whether every thread that should run is running."""
        return all(thread.is_alive() for thread in self._threads)

    @property
    def seconds_since_look(self) -> float:
        """Return how many seconds ago a round of the render watch finished. An idle one has nothing to read."""
        return self._looks.seconds_ago

    @property
    def late(self) -> list[str]:
        """The names of the threads that should have finished a round by now."""
        return [rounds.name for rounds in self._rounds if rounds.is_late]

    def start(self) -> None:
        _watches[self._store.root] = self
        for thread in (*self._threads, self._repair):
            thread.start()

    def stop(self) -> None:
        _watches.pop(self._store.root, None)
        self._over.set()
        if self._conforming:
            self._conforming.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in (*self._threads, self._repair):
            thread.join(max(0.0, deadline - time.monotonic()))

    def _renders(self) -> None:
        while True:
            if self._is_worth_a_look():
                self._under_way = True  # until it is known
                self._try("could not check the renders", self._look_after)
                self._try("could not write the documents that are due", write_due_documents)
                self._try("could not file the reports that are due", settle_due_reports)
            self._try("could not convert videos of older attempts", self._conform_opened)
            self._looks.finished()
            if self._over.wait(WATCH_SECONDS):
                return

    def _is_worth_a_look(self) -> bool:
        """Whether to read the store: something is under way, was changed of late, or was not looked at for a minute.

        An idle server then leaves the file alone. What an act owes is due well within that minute.
        """
        mark, now = self._store.database.change_mark(), self._clock()
        if mark != self._mark:
            self._mark, self._changed = mark, now
        is_due = now - self._looked_whole >= SETTLED_SECONDS
        if mark and not (self._under_way or now - self._changed < SETTLED_SECONDS or is_due):
            return bool(ended_processes(self._store))
        self._looked_whole = now
        return True

    def _repair_once(self) -> None:
        """Repair what a crash left behind, in a separate process, after the first pages have been served."""
        if self._over.wait(REPAIR_SECONDS):
            return
        command = [sys.executable, "-m", "pilot_core.maintenance.startup_repair", str(self._store.root)]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL)
        while process.poll() is None:
            if self._over.wait(WATCH_SECONDS):
                process.terminate()
                process.wait()

    def _nights(self) -> None:
        while True:
            self._try(
                "could not make the nightly backup",
                lambda store: back_up_if_due(store, self._settings.backups, restored=self._settings.backups_restored),
            )
            self._try("could not remove the expired keys of acts", remove_expired_keys)
            self._try("could not remove unsent words of long ago", unsent.remove_expired)
            self._backups.finished()
            if self._over.wait(NIGHT_SECONDS):
                return

    def _messages(self) -> None:
        while not self._over.wait(SEND_SECONDS):
            self._try("could not send messages", self._send)
            self._sends.finished()

    def _send(self, store: PilotStore) -> None:
        """Send what is due. A slow mail server and many messages make several rounds of it."""
        ends = time.monotonic() + ROUND_SECONDS
        send_due(store, self._settings, lambda: self._over.is_set() or time.monotonic() > ends)

    def _shared(self) -> None:
        """Do the work that the servers on one database share."""
        url, follow = self._settings.database_url or "", follower(self._store)
        while not self._over.wait(SEND_SECONDS):
            self._try("could not remove expired rate limits", lambda store: tries.forget(url))
            self._try("could not check what other servers erased", lambda store: follow())
            self._follows.finished()

    def _conform_opened(self, store: PilotStore) -> None:
        """Convert the videos of older attempts of pilots that were opened, one process at a time."""
        if self._conforming and self._conforming.poll() is None:
            return
        if waiting := old_videos.asked(store):
            self._conforming = old_videos.start(store, waiting, self._settings.workers_database_url)

    def _sign_ins(self) -> None:
        """Close the open pages of whoever was put out on another server."""
        url = self._settings.database_url or ""
        while not self._over.is_set():
            self._try(
                "could not listen for sign-ins that end",
                lambda store: sign_in_news.listen(url, SOCKETS.look_soon, self._over, self._listens.finished),
            )
            self._listens.finished()
            self._over.wait(WATCH_SECONDS)

    def _look_after(self, store: PilotStore) -> None:
        self._under_way = look_after(store, self._launch, self._settings.workers_database_url)

    def _try(self, failed: str, work: Callable[[PilotStore], object]) -> None:
        try:
            work(self._store)
        except StoreError as error:
            # The database may be down, for example. The next round tries again.
            warn_of(log, failed, error)
        except Exception:
            # Nobody would notice if this thread ended.
            log.exception("%s", failed)
