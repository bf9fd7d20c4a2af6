"""A store's database: reads and transactions, the same on either engine.

``duckdb_database`` and ``postgres_database`` define how a session is opened and what an engine's errors mean.
"""

import os
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TypeVar

from pilot_core.errors import StoreError
from pilot_core.files import settle
from pilot_core.formatting import count
from pilot_core.store.engine import schema
from pilot_core.store.engine.connection import Connection
from pilot_core.store.engine.duckdb_session import journal_of, opened_copy
from pilot_core.store.engine.failures import WriteFailure

RETRY_SECONDS = 15.0
CONSTRAINT_TRIES = 5

T = TypeVar("T")


class Database(ABC):
    """A store's tables.

    ``path`` is its DuckDB file, or the path next to which copies of a PostgreSQL database are written.
    """

    errors: type[Exception]
    """The engine's error classes."""

    def __init__(self, path: Path):
        self.path = path
        self.before_reading: Callable[[], None] | None = None
        self.before_writing: Callable[[], None] | None = None
        """Called before each read and each transaction. An error that one of them raises refuses it."""
        self.after_writing: Callable[[], None] | None = None
        """Called after each committed transaction, in its thread."""
        self._last_commit = object()

    @property
    @abstractmethod
    def name(self) -> str:
        """The store's name in sentences."""

    @property
    @abstractmethod
    def database_name(self) -> str:
        """The database's own name."""

    @abstractmethod
    def is_new(self) -> bool:
        """Whether the database has never been used."""

    @abstractmethod
    def session(self) -> AbstractContextManager[Connection]:
        """Open one connection for the block, in this thread. Raises StoreError."""

    @abstractmethod
    def copy_to(self, target: Path) -> None:
        """Write a snapshot of the database to a new DuckDB file. Raises StoreError, OSError."""

    @abstractmethod
    def read_snapshot(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on a snapshot of the whole database. Others need not wait, however long it takes."""

    def read_everything(self) -> None:  # noqa: B027
        """Read every row and every index, where the engine would pass over damage in them. Raises StoreDamaged."""

    @abstractmethod
    def rewrite(self) -> None:
        """Remove the bytes that deleted and changed rows left behind. Raises StoreError."""

    @abstractmethod
    def write_failure(self, error: Exception) -> WriteFailure | None:
        """Return what an engine's error means, or None for a bug in the program."""

    @abstractmethod
    def not_read(self, error: Exception) -> str:
        """Return the sentence for a failed read."""

    @abstractmethod
    def not_written(self, error: Exception) -> str:
        """Return the sentence for a failed change."""

    def server_bytes(self, connection: Connection) -> int:
        """Return the size of the database in bytes if it is outside the store's folder, else 0."""
        return 0

    def file_stamp(self) -> tuple[float, ...]:
        """Return what changes when a process writes to the database's file; empty if it is in no file of this store."""
        return ()

    def change_mark(self) -> tuple[object, ...]:
        """Return what is another after each committed change, by whichever process; empty where only queries tell.

        A query after this sees at least what was committed before it.
        """
        stamp = self.file_stamp()
        return (self._last_commit, *stamp) if stamp else ()

    def keep_attached(self) -> None:  # noqa: B027
        """Keep the database open between sessions, for a process that runs all day."""

    def release(self) -> None:  # noqa: B027
        """Undo ``keep_attached``."""

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a session. It must fetch all rows before it returns. Raises StoreError."""
        if self.before_reading:
            self.before_reading()
        try:
            return self._read(work)
        except self.errors as error:
            if self.write_failure(error) is not WriteFailure.UNAVAILABLE:
                raise
            raise StoreError(self.not_read(error)) from error

    def check_reachable(self) -> None:
        """Read the table of migrations. Raises StoreError if the database does not answer."""
        self.read(schema.applied_migrations)

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self.session() as connection:
            return work(connection)

    def transaction(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in one transaction, and again if another writer was first.

        ``work`` must have no effect outside the database. Raises StoreError after 15 s of conflicts, and at once if the
        disk or the server cannot store the change.
        """
        if self.before_writing:
            self.before_writing()
        deadline = time.monotonic() + RETRY_SECONDS
        pause = 0.002
        tries = 0
        while True:
            tries += 1
            try:
                with self._writing() as connection:
                    result = self._once(connection, work)
                # The file changes a moment before others see the change. Whoever asks in between has to ask again.
                self._last_commit = object()
                if self.after_writing:
                    self.after_writing()
                return result
            except self.errors as error:
                failure = self.write_failure(error)
                # If two transactions insert the same new key, neither sees the other's row, so the later one starts
                # again.
                if failure is None or (failure is WriteFailure.KEY_TAKEN and tries == CONSTRAINT_TRIES):
                    raise
                if failure is WriteFailure.UNAVAILABLE:
                    raise StoreError(self.not_written(error)) from error
                if time.monotonic() > deadline:
                    raise StoreError(
                        "The store is too busy to take the change; nothing was written. Try again."
                    ) from error
            # Outside the session, so that others do not wait during the pause.
            time.sleep(pause * (0.5 + random.random()))
            pause = min(pause * 2, 0.1)

    def _writing(self) -> AbstractContextManager[Connection]:
        return self.session()

    def _once(self, connection: Connection, work: Callable[[Connection], T]) -> T:
        connection.begin()
        try:
            result = work(connection)
            number = self._take_number(connection)
            connection.commit()
            if number is not None:
                self._record(number)
            return result
        except BaseException:
            # A failed COMMIT has already ended the transaction.
            with suppress(self.errors):
                connection.rollback()
            raise

    def _take_number(self, connection: Connection) -> int | None:
        """Return the number of the transaction that is about to commit, where an engine's commits can be lost."""
        return None

    def _record(self, number: int) -> None:  # noqa: B027
        """Record the number of a commit outside the database. Must not raise."""

    def lost_commits(self) -> int:
        """Return how many of the last commits the database has lost since they were acknowledged."""
        return 0

    def lost_sentence(self, lost: int) -> str:
        """Return the sentence for a database that has lost commits, with what to do."""
        return (
            f"The database of {self.name} has lost its last {count(lost, 'change')}: its journal is damaged or was "
            "removed. Nothing is written to it until you decide. Restore the newest backup into an empty folder, or go "
            "on without these changes with --repair; --check names the pilots whose state files are newer."
        )

    def accept_loss(self) -> None:  # noqa: B027
        """Go on with a database that has lost commits."""

    def migrate(self) -> list[str]:
        """Upgrade the schema in one transaction. Returns the names of the migrations applied.

        A store that is not empty is copied first, to a file named after its old schema. Raises StoreError, changing
        nothing, if the store was made by a newer version of this program.
        """

        def apply(connection: Connection) -> list[str]:
            connection.execute(schema.CREATE_RECORD)
            waiting = schema.pending(connection, self.name)
            schema.apply(connection, waiting)
            if waiting:
                self._add_indexes(connection)
            return [step.stem for step in waiting.values()]

        waiting, done = self.read(lambda c: (schema.pending(c, self.name), schema.applied_migrations(c)))
        if not waiting:
            return []
        if done:
            self._copy_before_upgrade(max(done))
        return self.transaction(apply)

    def _copy_before_upgrade(self, number: int) -> None:
        copy = self.path.with_name(f"{self.path.stem}.schema_{number:04}{self.path.suffix}")
        part = copy.with_name(f".{copy.name}.{os.getpid()}.part")
        try:
            self.copy_to(part)
            with opened_copy(part, self.path):
                pass  # merges the copy's journal, if any, and proves that it opens
            settle(part, copy)
        except OSError as error:
            raise StoreError(
                f"The store {self.name} was not upgraded: its database could not be copied first "
                f"({error.strerror or error}). Free some space or mend the disk, then try again."
            ) from error
        finally:
            part.unlink(missing_ok=True)
            journal_of(part).unlink(missing_ok=True)

    def _add_indexes(self, connection: Connection) -> None:  # noqa: B027
        """Add the engine's secondary indexes."""
