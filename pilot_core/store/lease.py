"""The lease: the only way in this code base to reach a database file.

DuckDB's POSIX lock on its file belongs to the process and is dropped when *any* descriptor on that file is closed, so
opening the file a second time, even to read it, can lose another process's committed rows. Therefore each process has
one ``:memory:`` instance that ATTACHes the file while it holds an inter-process lock beside it. Sessions share one
attachment, and the last one out DETACHes. A process that finds the lock taken says so with a second one: then, once the
attachment is 300 ms old, new sessions wait, so that the other process gets its turn.

Attaching and detaching cost 10 ms, so a process that works all day, the server, lingers: it stays attached between
sessions until it was idle for a while or another process wants the file.
"""

import atexit
import logging
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from weakref import WeakValueDictionary

import duckdb
from filelock import FileLock, Timeout

from pilot_core.errors import StoreError
from pilot_core.files import settle

log = logging.getLogger(__name__)

LEASE_SECONDS = 0.3
IDLE_SECONDS = 2.0
"""How long a lease that lingers stays attached with nobody in a session."""

POLL_SECONDS = 0.01
TIMEOUT_SECONDS = 15.0
YIELD_SECONDS = 0.02  # two polls of a waiting process, after a lease that was given up for its age
RETRY_SECONDS = 0.05
ALIAS = "store"
HOLDER = re.compile(r"lock is held in (\S+) \(PID (\d+)\)")

Connection = duckdb.DuckDBPyConnection


class Lease:
    """Sessions on one database file for all threads of this process. Get it from :func:`lease_on`."""

    def __init__(self, path: Path):
        self.path = path
        self._lock = FileLock(f"{path}.lock", thread_local=False)
        self._wanted = FileLock(f"{path}.wanted.lock", thread_local=False)
        self._turn = threading.Condition()
        self._root = duckdb.connect(":memory:")
        self._broken = False
        self._attached = False
        self._lingers = False
        self._watched = False
        self._watcher: threading.Thread | None = None
        self._users = 0
        self._opened_at = 0.0
        self._idle_since = 0.0
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
            except (duckdb.FatalException, duckdb.InternalException):
                # DuckDB answers nothing more on this instance, for instance after a checkpoint that met a full disk.
                self._broken = True
                raise
            finally:
                self._local.cursor = None
                cursor.close()
        finally:
            self._leave()

    def linger(self) -> None:
        """From now on stay attached between sessions while others do not ask for the file."""
        self._lingers = True

    def let_go(self) -> None:
        """Linger no more, and detach, unless someone is in a session; then the last one out does."""
        self._lingers = False
        self._rest()

    @property
    def is_attached(self) -> bool:
        """Whether this process has the file just now."""
        return self._attached

    def _rest(self) -> None:
        with self._turn:
            if self._attached and not self._users:
                self._give_up()

    def copy_to(self, target: Path) -> None:
        """Copy the database as it is between two transactions into the new file ``target``, and onto the disk.

        Everybody waits while the bytes are copied (18 ms for 44 MB), with the file attached nowhere; what was not yet
        folded into it goes beside the copy as ``.wal``. Raises StoreError, and OSError when the copy cannot be written;
        then it is gone.
        """
        copies = {self.path: target, _journal(self.path): _journal(target)}
        try:
            with self._file_apart():
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
        """Put the database into a new file of the same name, which holds nothing of what was deleted or changed.

        In the old one such bytes stay, through every checkpoint and VACUUM. Everybody waits until it is done (1.5 s for
        44 MB), so this is for the end of an erasure. The new file is compared with the old one and on the disk before
        it takes that one's place in one step: a crash leaves one of the two, whole. Raises StoreError; then the old one
        stands.
        """
        place = self.path.with_name(f".{self.path.name}.part")
        try:
            with self._file_apart():
                try:
                    shutil.rmtree(place, ignore_errors=True)  # left by a crash
                    place.mkdir()
                    fresh = place / self.path.name
                    _copy_rows(self.path, fresh)
                    # A journal that stayed beside the old file would be taken for the new one's.
                    if any(_journal(path).exists() for path in (self.path, fresh)):
                        raise OSError(None, "its journal could not be folded in")
                    shutil.copymode(self.path, fresh)
                    settle(fresh, self.path)
                finally:
                    shutil.rmtree(place, ignore_errors=True)
        except (duckdb.Error, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error).splitlines()[0]
            raise StoreError(
                f"The database {self.path.name} could not be written anew ({reason or error}); it stands as it was. "
                "Free some space or mend the disk, then try again."
            ) from error

    @contextmanager
    def _file_apart(self) -> Iterator[None]:
        """The file between two transactions, attached nowhere, while everybody waits. Raises StoreError."""
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
        """Whether another process waits for the file, which this one has had long enough."""
        return time.monotonic() - self._opened_at > LEASE_SECONDS and self._is_wanted()

    def _is_wanted(self) -> bool:
        if not Path(self._wanted.lock_file).exists():
            return False  # nobody ever waited here
        try:
            with self._wanted.acquire(blocking=False):
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
        except BaseException:
            self._lock.release()
            raise
        self._attached = True
        self._opened_at = time.monotonic()
        if self._lingers and not self._watched:
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
        """Detach once nobody here needs the file, or as soon as nobody is in a session and another process waits."""
        while True:
            time.sleep(POLL_SECONDS)
            with self._turn:
                idle = self._attached and not self._users
                if idle and (time.monotonic() - self._idle_since > IDLE_SECONDS or self._is_wanted()):
                    self._give_up()
                if not self._attached:
                    self._watched = False
                    return

    def _attach(self) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            try:
                self._root.execute(f"ATTACH '{_quoted(self.path)}' AS {ALIAS}")
                return
            except duckdb.Error as error:
                reason = str(error).splitlines()[0]
                holder = HOLDER.search(reason)
                if not holder:
                    raise StoreError(f"The store {self.path} cannot be opened: {reason}") from error
                if time.monotonic() > deadline:
                    name, number = Path(holder[1]).name, holder[2]
                    raise StoreError(
                        f"The store {self.path.parent} is held by another program ({name}, process {number}) that does "
                        "not share it. Close that program, then try again."
                    ) from error
            time.sleep(RETRY_SECONDS)

    def _detach(self) -> None:
        """Detach the file. What was committed is in its journal by now, whatever the folding in of it meets."""
        try:
            self._attached = False
            self._root.execute(f"DETACH {ALIAS}")
        except duckdb.Error as error:
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
                if self._broken or not self._lingers or self._is_wanted():
                    self._give_up()
            finally:
                self._turn.notify_all()

    def _give_up(self) -> None:
        """Detach and let other processes have the file."""
        wanted = self._is_wanted()
        try:
            self._detach()
        finally:
            self._lock.release()
            if wanted:
                self._yield_until = time.monotonic() + YIELD_SECONDS


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


@contextmanager
def opened_copy(path: Path) -> Iterator[Connection]:
    """A session on a copy of a store's database that nobody else knows of; its journal is folded in at the end.

    Raises StoreError when it is no database, or a damaged one.
    """
    connection = duckdb.connect(":memory:")
    try:
        connection.execute(f"ATTACH '{_quoted(path)}' AS {ALIAS}")
        connection.execute(f"USE {ALIAS}")
        yield connection
        connection.execute("USE memory")
        connection.execute(f"DETACH {ALIAS}")
    except duckdb.Error as error:
        raise StoreError(f"The database {path.name} cannot be read: {str(error).splitlines()[0]}") from error
    finally:
        connection.close()


def _copy_rows(source: Path, target: Path) -> None:
    """Copy a database that is attached nowhere into a new file, and fold the journals of both in.

    What lies unused in a block of the file is whatever lay in the writer's memory. So one process reads the rows and
    another, which has never seen anything else, writes them. Raises duckdb.Error, and OSError when the two are not the
    same.
    """
    rows = target.parent / "rows"
    for program, path in ((_TAKE_OUT, source), (_PUT_IN, target)):
        command = [sys.executable, "-I", "-c", program, _quoted(path), _quoted(rows)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise OSError(None, (done.stderr.strip().splitlines() or ["it was stopped"])[-1])
    connection = duckdb.connect(":memory:")
    try:
        connection.execute(f"ATTACH '{_quoted(source)}' AS source (READ_ONLY)")
        connection.execute(f"ATTACH '{_quoted(target)}' AS target (READ_ONLY)")
        if _tables(connection, "source") != _tables(connection, "target"):
            raise OSError(None, "the copy is not the same")
    finally:
        connection.close()


_TAKE_OUT = """
import duckdb, sys
connection = duckdb.connect()
connection.execute(f"ATTACH '{sys.argv[1]}' AS source")
connection.execute(f"EXPORT DATABASE source TO '{sys.argv[2]}' (FORMAT parquet)")
connection.execute("CHECKPOINT source")
connection.execute("DETACH source")
"""
_PUT_IN = """
import duckdb, sys
connection = duckdb.connect()
connection.execute(f"ATTACH '{sys.argv[1]}' AS target")
connection.execute("USE target")
connection.execute(f"IMPORT DATABASE '{sys.argv[2]}'")
connection.execute("CHECKPOINT target")
connection.execute("USE memory")
connection.execute("DETACH target")
"""


def _tables(connection: Connection, database: str) -> list[tuple[str, str, int]]:
    """Each table of an attached database: its name, how it is made, keys included, and how many rows it holds."""
    sql = "SELECT table_name, sql FROM duckdb_tables() WHERE database_name = ? ORDER BY table_name"
    found = []
    for name, made in connection.execute(sql, [database]).fetchall():
        [(rows,)] = connection.execute(f"SELECT count(*) FROM {database}.main.{name}").fetchall()  # noqa: S608
        found.append((name, made, rows))
    return found


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _journal(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")


# Weak, so that a process which opens one store after another does not keep an instance of DuckDB for each.
_leases: WeakValueDictionary[Path, Lease] = WeakValueDictionary()
_leases_guard = threading.Lock()


def lease_on(path: Path) -> Lease:
    """This process's one lease on that database file, however often and from wherever it is asked for."""
    path = path.resolve()
    with _leases_guard:
        found = _leases.get(path)
        if found is None:
            found = _leases[path] = Lease(path)
        return found


def _rest_all() -> None:
    """So that a process ends with its journals folded in, and with no thread within DuckDB, on which Python aborts."""
    for lease in list(_leases.values()):
        lease._rest()
        if lease._watcher:
            lease._watcher.join()


atexit.register(_rest_all)
