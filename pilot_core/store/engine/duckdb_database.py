"""A store's database in a DuckDB file, accessed through the lease."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import duckdb

from pilot_core.errors import StoreError
from pilot_core.store.engine import duckdb_errors
from pilot_core.store.engine.commit_numbers import last_number, take_number
from pilot_core.store.engine.connection import Connection
from pilot_core.store.engine.database import Database
from pilot_core.store.engine.duckdb_session import journal_of, opened_copy, read_everything
from pilot_core.store.engine.failures import WriteFailure
from pilot_core.store.engine.lease import lease_on

T = TypeVar("T")


class DuckDatabase(Database):
    """A DuckDB file, accessed through its lease.

    ``note`` is the file in the store's folder that records that the rows were moved to PostgreSQL: while it is there,
    nothing is written. It has no secondary indexes: DuckDB forbids some updates of indexed columns, and scans as fast.
    """

    errors = duckdb.Error

    def __init__(self, path: Path, note: Path | None = None):
        super().__init__(path)
        self.lease = lease_on(path)
        self._note = note

    @property
    def name(self) -> str:
        """The store's folder."""
        return str(self.path.parent)

    @property
    def database_name(self) -> str:
        """The file's name."""
        return self.path.name

    def is_new(self) -> bool:
        """Whether the file does not exist yet."""
        return not self.path.exists()

    def session(self) -> AbstractContextManager[Connection]:
        """Open a session of the lease. Raises StoreError."""
        return self.lease.session()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self.session() as session:
            # Asked within the session: a move writes the note, then waits for its own session and compares.
            if self._note is not None and self._note.exists():
                raise StoreError(
                    f"The pilots of {self.name} were moved to PostgreSQL; nothing was written. Start the program again "
                    "with PILOT_OPS_DATABASE_URL set to its address."
                )
            if self.lease.lost_commits:
                raise StoreError(self.lost_sentence(self.lease.lost_commits))
            yield session

    def _take_number(self, connection: Connection) -> int | None:
        return take_number(connection) if self.lease.has_numbers else None

    def _record(self, number: int) -> None:
        self.lease.record.write(number)

    def lost_commits(self) -> int:
        """Return how many acknowledged commits are not in the file, as found when it was last attached."""
        if self.lease.lost_commits is None:
            with self.session():
                pass  # attaches the file
        return self.lease.lost_commits or 0

    def accept_loss(self) -> None:
        """Take the file's own number for the right one."""
        with self.session() as session:
            self.lease.record.reset(last_number(session) or 0)
            self.lease.lost_commits = 0

    def file_stamp(self) -> tuple[float, ...]:
        """Return the time and size of the file and of its journal, without opening either."""
        stamp: list[float] = []
        for path in (self.path, journal_of(self.path)):
            with suppress(OSError):
                now = path.stat()
                stamp += [now.st_mtime_ns, now.st_size]
        return tuple(stamp)

    def keep_attached(self) -> None:
        """Keep the file attached between sessions while no other process wants it."""
        self.lease.keep_attached()

    def release(self) -> None:
        """Stop keeping the file attached between sessions."""
        self.lease.release()

    def copy_to(self, target: Path) -> None:
        """Copy the file between two transactions. Raises StoreError, OSError."""
        self.lease.copy_to(target)

    def read_snapshot(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on a copy of the file. Raises StoreError, OSError."""
        with tempfile.TemporaryDirectory(prefix="pilot-ops-copy-") as folder:
            copy = Path(folder) / self.path.name
            self.copy_to(copy)
            with opened_copy(copy, self.path) as connection:
                return work(connection)

    def read_everything(self) -> None:
        """Read every row and every index, on a copy of the file. Raises StoreDamaged, and OSError."""
        with tempfile.TemporaryDirectory(prefix="pilot-ops-copy-") as folder:
            copy = Path(folder) / self.path.name
            self.copy_to(copy)
            read_everything(copy, self.path)

    def rewrite(self) -> None:
        """Rewrite the file. Raises StoreError."""
        self.lease.rewrite()

    def write_failure(self, error: Exception) -> WriteFailure | None:
        """See ``duckdb_errors``."""
        return duckdb_errors.write_failure(error)

    def not_read(self, error: Exception) -> str:
        """Return the sentence for a failed read."""
        reason = duckdb_errors.system_reason(error)
        return f"The store {self.name} could not be read ({reason}). Check the disk, then try again."

    def not_written(self, error: Exception) -> str:
        """Return the sentence for a failed change."""
        return (
            f"The store {self.name} could not take the change ({duckdb_errors.system_reason(error)}); nothing was "
            "written. Free some space or mend the disk, then try again."
        )
