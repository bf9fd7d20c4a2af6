"""The lease: the only way in this code base to reach a database file.

DuckDB's POSIX lock on its file belongs to the process and is dropped when *any* descriptor on that file is closed, so
opening the file a second time, even to read it, can lose another process's committed rows. Therefore each process has
one ``:memory:`` instance that ATTACHes the file while it holds an inter-process lock beside it. Sessions share one
attachment; once it is 300 ms old new sessions wait, the last one out DETACHes, and other processes get their turn.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from pilot_core.errors import StoreError

LEASE_SECONDS = 0.3
POLL_SECONDS = 0.01
TIMEOUT_SECONDS = 15.0
YIELD_SECONDS = 0.02  # two polls of a waiting process, after a lease that was given up for its age
ALIAS = "store"

Connection = duckdb.DuckDBPyConnection


class Lease:
    """Sessions on one database file for all threads of this process. Get it from :func:`lease_on`."""

    def __init__(self, path: Path):
        self.path = path
        self._lock = FileLock(f"{path}.lock", thread_local=False)
        self._turn = threading.Condition()
        self._root = duckdb.connect(":memory:")
        self._users = 0
        self._opened_at = 0.0
        self._yield_until = 0.0
        self._local = threading.local()

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """A connection that sees the store's tables, for the length of the block; nested blocks share it.

        Do nothing slow inside: every other process waits. Raises StoreError when the store cannot be had.
        """
        held: Connection | None = getattr(self._local, "cursor", None)
        if held is not None:
            yield held
            return
        self._enter()
        try:
            cursor = self._root.cursor()
            try:
                cursor.execute(f"USE {ALIAS}")
                self._local.cursor = cursor
                yield cursor
            finally:
                self._local.cursor = None
                cursor.close()
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._turn:
            deadline = time.monotonic() + TIMEOUT_SECONDS
            while self._users and time.monotonic() - self._opened_at > LEASE_SECONDS:
                if not self._turn.wait(deadline - time.monotonic()):
                    raise StoreError(_busy(self.path))
            if not self._users:
                self._open()
            self._users += 1

    def _open(self) -> None:
        pause = self._yield_until - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        try:
            self._lock.acquire(timeout=TIMEOUT_SECONDS, poll_interval=POLL_SECONDS)
        except Timeout:
            raise StoreError(_busy(self.path)) from None
        except OSError as error:
            raise StoreError(f"The store {self.path.parent} cannot be locked: {error.strerror or error}.") from error
        try:
            quoted = str(self.path).replace("'", "''")
            self._root.execute(f"ATTACH '{quoted}' AS {ALIAS}")
        except duckdb.Error as error:
            self._lock.release()
            reason = str(error).splitlines()[0]
            raise StoreError(f"The store {self.path} cannot be opened: {reason}") from error
        self._opened_at = time.monotonic()

    def _leave(self) -> None:
        with self._turn:
            self._users -= 1
            if not self._users:
                try:
                    self._root.execute(f"DETACH {ALIAS}")
                finally:
                    self._lock.release()
                    if time.monotonic() - self._opened_at > LEASE_SECONDS:
                        self._yield_until = time.monotonic() + YIELD_SECONDS
                    self._turn.notify_all()


def _busy(path: Path) -> str:
    return f"The store {path.parent} is busy: another program has held it for {TIMEOUT_SECONDS:.0f} s. Try again."


@contextmanager
def scratch(folder: Path, memory: str) -> Iterator[Connection]:
    """An empty DuckDB of its own for work on copies: it opens no store; beyond ``memory`` it spills into ``folder``."""
    connection = duckdb.connect(":memory:", config={"memory_limit": memory, "temp_directory": str(folder / "spill")})
    try:
        yield connection
    finally:
        connection.close()


_leases: dict[Path, Lease] = {}
_leases_guard = threading.Lock()


def lease_on(path: Path) -> Lease:
    """This process's one lease on that database file, however often and from wherever it is asked for."""
    path = path.resolve()
    with _leases_guard:
        if path not in _leases:
            _leases[path] = Lease(path)
        return _leases[path]
