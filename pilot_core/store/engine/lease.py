"""The lease: the only way in this code base to access a database file.

DuckDB's POSIX lock on its file belongs to the process and is dropped when *any* descriptor on that file is closed, so
opening the file a second time, even to read it, can lose another process's committed rows. Therefore each process has
one ``:memory:`` instance that ATTACHes the file while it holds an inter-process lock beside it. Sessions share one
attachment, and the last one out DETACHes. A process that finds the lock taken signals this with a second lock. Once the
attachment is 300 ms old, new sessions then wait, so that the other process gets its turn.

Attaching and detaching cost 10 ms, so a process that runs all day, the server, stays attached between sessions until it
has been idle for a while or another process wants the file.
"""

import atexit
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from weakref import WeakValueDictionary

import duckdb
from filelock import FileLock, Timeout

from pilot_core.errors import StoreError
from pilot_core.store.engine import duckdb_errors
from pilot_core.store.engine.commit_numbers import CommitRecord, last_number
from pilot_core.store.engine.duckdb_session import ALIAS, DuckSession, journal_of, quoted
from pilot_core.store.engine.rewriting import rewrite_file

log = logging.getLogger(__name__)

LEASE_SECONDS = 0.3
IDLE_SECONDS = 2.0
"""Seconds without a session after which a lease with ``keep_attached`` detaches."""

POLL_SECONDS = 0.01
IDLE_POLL_SECONDS = 0.05
"""How often to look for waiting processes once the file was not used for ``LEASE_SECONDS``."""
TIMEOUT_SECONDS = 15.0
YIELD_SECONDS = 0.02  # two polls of a waiting process, after a lease was given up because of its age
RETRY_SECONDS = 0.05


class Lease:
    """Sessions on one database file for all threads of this process. Created by :func:`lease_on`."""

    def __init__(self, path: Path):
        self.path = path
        self._lock = FileLock(f"{path}.lock", thread_local=False)
        self._wanted = FileLock(f"{path}.wanted.lock", thread_local=False)
        self._probe = FileLock(f"{path}.wanted.lock", thread_local=False)
        self._turn = threading.Condition()
        self._root = duckdb.connect(":memory:")
        self._broken = False
        self._attached = False
        self._keeps_attached = False
        self._watched = False
        self._watcher: threading.Thread | None = None
        self._users = 0
        self._opened_at = 0.0
        self._idle_since = 0.0
        self._yield_until = 0.0
        self._seen_wanted = False
        self._local = threading.local()
        self.record = CommitRecord(path)
        self.lost_commits: int | None = None
        """How many commits the file had lost when it was last attached; None before that."""
        self.has_numbers = False
        """Whether the attached file counts its commits; one from before that is migrated first."""

    @contextmanager
    def session(self) -> Iterator[DuckSession]:
        """Yield a connection that sees the store's tables. Nested blocks share it.

        Do nothing slow inside: every other process waits. Raises StoreError if the store cannot be opened, and
        StoreDamaged if the block meets a damaged part of the file.
        """
        held: DuckSession | None = getattr(self._local, "session", None)
        if held is not None:
            yield held
            return
        self._enter()
        try:
            cursor = self._root.cursor()
            try:
                cursor.execute(f"USE {ALIAS}")
                session = self._local.session = DuckSession(cursor)
                yield session
            except duckdb.Error as error:
                if duckdb_errors.is_fatal(error):
                    self._broken = True
                if duckdb_errors.is_damage(error):
                    raise duckdb_errors.damage(self.path, error) from error
                raise
            finally:
                self._local.session = None
                cursor.close()
        finally:
            self._leave()

    def keep_attached(self) -> None:
        """Stay attached between sessions until another process asks for the file."""
        self._keeps_attached = True

    def release(self) -> None:
        """Detach now, or after the last open session, and from now on after each session."""
        self._keeps_attached = False
        self._detach_if_unused()

    @property
    def is_attached(self) -> bool:
        """Whether this process has the file attached now."""
        return self._attached

    def _detach_if_unused(self) -> None:
        with self._turn:
            if self._attached and not self._users:
                self._give_up()

    def copy_to(self, target: Path) -> None:
        """Copy the database between two transactions to the new file ``target``, and flush it to disk.

        Others wait while the bytes are copied (18 ms for 44 MB), with the file attached nowhere. A journal that is not
        merged yet is copied to ``.wal`` beside the copy. Raises StoreError, and OSError if the copy cannot be written;
        the partial copy is then removed.
        """
        copies = {self.path: target, journal_of(self.path): journal_of(target)}
        try:
            with self._file_detached():
                for source, copy in copies.items():
                    if source.exists():
                        shutil.copyfile(source, copy)
            for copy in copies.values():
                if copy.exists():
                    with copy.open("rb") as file:
                        os.fsync(file.fileno())
        except OSError:
            for copy in copies.values():
                copy.unlink(missing_ok=True)
            raise

    def rewrite(self) -> None:
        """Rewrite the database as a new file of the same name, without the bytes of deleted or changed rows.

        In the old file such bytes survive every checkpoint and VACUUM. Others wait until it is done (1.5 s for 44 MB),
        so this is only for the end of an erasure. The new file is compared with the old one and flushed to disk before
        it replaces it in one step: a crash leaves one complete file. Raises StoreError; the old file then stays.
        """
        try:
            with self._file_detached():
                rewrite_file(self.path)
        except (duckdb.Error, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else duckdb_errors.first_line(error)
            raise StoreError(
                f"The database {self.path.name} could not be written anew ({reason or error}); it stands as it was. "
                "Free some space or mend the disk, then try again."
            ) from error

    @contextmanager
    def _file_detached(self) -> Iterator[None]:
        """Yield while the file is attached nowhere, between two transactions; others wait. Raises StoreError."""
        with self._turn:
            self._wait_for(lambda: not self._users)
            if not self._attached:
                self._open()
            self._detach()
            try:
                yield
            finally:
                self._lock.release()

    def _enter(self) -> None:
        with self._turn:
            self._wait_for(lambda: not self._users or not self._others_turn())
            if not self._attached:
                self._open()
            self._users += 1

    def _wait_for(self, free: Callable[[], bool]) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not free():
            if not self._turn.wait(deadline - time.monotonic()):
                raise StoreError(_busy(self.path))

    def _others_turn(self) -> bool:
        """Whether another process waits for the file and this one has had it long enough."""
        return time.monotonic() - self._opened_at > LEASE_SECONDS and self._is_known_wanted()

    def _is_known_wanted(self) -> bool:
        """Whether another process waits, as the watcher saw it last, where there is one.

        Every session asks this, with the lock held that all sessions need. Touching a file there lets go of the
        interpreter each time, and fifty people at once then wait for each other.
        """
        return self._seen_wanted if self._watched else self._is_wanted()

    def _is_wanted(self) -> bool:
        if not Path(self._probe.lock_file).exists():
            return False  # no process has ever waited here
        try:
            with self._probe.acquire(blocking=False):
                return False
        except Timeout:
            return True

    def _open(self) -> None:
        pause = self._yield_until - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        try:
            self._take_lock()
        except Timeout:
            raise StoreError(_busy(self.path)) from None
        except OSError as error:
            raise StoreError(f"The store {self.path.parent} cannot be locked: {error.strerror or error}.") from error
        try:
            self._attach()
            self._count_lost()
        except BaseException:
            with suppress(duckdb.Error):
                self._root.execute(f"DETACH {ALIAS}")
            self._lock.release()
            raise
        self._attached = True
        self._opened_at = time.monotonic()
        if self._keeps_attached and not self._watched:
            self._watcher = threading.Thread(target=self._watch, name="lease", daemon=True)
            self._watcher.start()
            self._watched = True

    def _take_lock(self) -> None:
        try:
            self._lock.acquire(blocking=False)
        except Timeout:
            with self._wanted.acquire(timeout=TIMEOUT_SECONDS, poll_interval=POLL_SECONDS):
                self._lock.acquire(timeout=TIMEOUT_SECONDS, poll_interval=POLL_SECONDS)

    def _watch(self) -> None:
        """Detach when no session here needs the file, or between sessions when another process waits."""
        while True:
            is_used = self._users or time.monotonic() - self._idle_since < LEASE_SECONDS
            time.sleep(POLL_SECONDS if is_used else IDLE_POLL_SECONDS)
            wanted = self._is_wanted()
            with self._turn:
                self._seen_wanted = wanted
                idle = self._attached and not self._users
                if idle and (time.monotonic() - self._idle_since > IDLE_SECONDS or wanted):
                    self._give_up()
                if not self._attached:
                    self._watched = False
                    return

    def _attach(self) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            try:
                self._root.execute(f"ATTACH '{quoted(self.path)}' AS {ALIAS}")
                return
            except duckdb.Error as error:
                if duckdb_errors.is_damage(error):
                    raise duckdb_errors.damage(self.path, error) from error
                holder = duckdb_errors.lock_holder(error)
                if not holder:
                    reason = duckdb_errors.first_line(error)
                    raise StoreError(f"The store {self.path} cannot be opened: {reason}") from error
                if time.monotonic() > deadline:
                    name, number = holder
                    raise StoreError(
                        f"The store {self.path.parent} is held by another program ({name}, process {number}) that does "
                        "not share it. Close that program, then try again."
                    ) from error
            time.sleep(RETRY_SECONDS)

    def _count_lost(self) -> None:
        """Compare the number of the file's last commit with the one that was recorded after it."""
        cursor = self._root.cursor()
        try:
            cursor.execute(f"USE {ALIAS}")
            has = last_number(DuckSession(cursor))
        except duckdb.Error as error:
            if duckdb_errors.is_damage(error):
                raise duckdb_errors.damage(self.path, error) from error
            raise
        finally:
            cursor.close()
        self.has_numbers, recorded = has is not None, self.record.read()
        lost = 0 if has is None or recorded is None else max(0, recorded - has)
        if lost and not self.lost_commits:
            log.error("%s has lost its last %d commits", self.path, lost)
        self.lost_commits = lost

    def _detach(self) -> None:
        """Detach the file. Committed changes are in its journal, even if merging the journal fails."""
        try:
            self._attached = False
            self._root.execute(f"DETACH {ALIAS}")
        except duckdb.Error as error:
            if duckdb_errors.is_damage(error):
                log.error("%s", duckdb_errors.damage(self.path, error))
            else:
                log.warning("%s was let go of with trouble: %s", self.path, error)
            self._broken = True
        if self._broken:
            with suppress(duckdb.Error):
                self._root.close()
            self._root = duckdb.connect(":memory:")
            self._broken = False

    def _leave(self) -> None:
        with self._turn:
            self._users -= 1
            if self._users:
                return
            self._idle_since = time.monotonic()
            try:
                if self._broken or not self._keeps_attached or self._is_known_wanted():
                    self._give_up()
            finally:
                self._turn.notify_all()

    def _give_up(self) -> None:
        """Detach and let other processes use the file."""
        wanted = self._is_wanted()
        try:
            self._detach()
        finally:
            self._lock.release()
            self._seen_wanted = False
            if wanted:
                self._yield_until = time.monotonic() + YIELD_SECONDS


def _busy(path: Path) -> str:
    return f"The store {path.parent} is busy: another program has held it for {TIMEOUT_SECONDS:.0f} s. Try again."


# Weak, so that a process that opens one store after another does not keep a DuckDB instance for each.
_leases: WeakValueDictionary[Path, Lease] = WeakValueDictionary()
_leases_guard = threading.Lock()


def lease_on(path: Path) -> Lease:
    """Return this process's only lease on that database file."""
    path = path.resolve()
    with _leases_guard:
        found = _leases.get(path)
        if found is None:
            found = _leases[path] = Lease(path)
        return found


def _detach_all() -> None:
    """Merge journals and leave no thread inside DuckDB at process exit, where such a thread makes Python abort."""
    for lease in list(_leases.values()):
        lease._detach_if_unused()
        if lease._watcher:
            lease._watcher.join()


atexit.register(_detach_all)
