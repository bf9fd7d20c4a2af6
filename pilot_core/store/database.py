"""Transactions and migrations on a leased database. ``postgres`` has the same on the other engine."""

import os
import random
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from enum import Enum, auto
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from pilot_core.clock import utc_now
from pilot_core.errors import StoreError
from pilot_core.files import settle
from pilot_core.store.lease import Connection, Lease, lease_on, opened_copy

MIGRATIONS = Path(__file__).parent / "migrations"
RETRY_SECONDS = 15.0
CONSTRAINT_TRIES = 5
# How DuckDB words it when the disk, not another writer, is in the way.
DISK_TROUBLE = re.compile(r"(?:could not|cannot|failed to) (?:write|sync|open|truncate|create|move|extend)", re.I)
JSON_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")

T = TypeVar("T")
Row = dict[str, Any]


class Hindrance(Enum):
    """Why a transaction did not come through: another writer was first, a key is taken, the engine cannot."""

    CONFLICT = auto()
    KEY_TAKEN = auto()
    TROUBLE = auto()


class Database:
    """One DuckDB file behind its lease."""

    errors: type[Exception] = duckdb.Error
    """What its engine raises."""

    def __init__(self, path: Path):
        self.path = path
        self.before_reading: Callable[[], None] | None = None
        self.before_writing: Callable[[], None] | None = None
        """Asked before each reading and each transaction; whatever they raise refuses it."""
        self._connect()

    def _connect(self) -> None:
        self.lease: Lease = lease_on(self.path)

    @property
    def name(self) -> str:
        """What sentences call the store."""
        return str(self.path.parent)

    def is_new(self) -> bool:
        """Whether nobody has used it yet."""
        return not self.path.exists()

    @property
    def called(self) -> str:
        """What the database itself is called."""
        return self.path.name

    def bytes_elsewhere(self, connection: Connection) -> int:
        """How large the database is where it is not in the store's folder."""
        return 0

    def linger(self) -> None:
        """From now on be quick at hand, as for a process that works all day."""
        self.lease.linger()

    def let_go(self) -> None:
        """Linger no more."""
        self.lease.let_go()

    def session(self) -> AbstractContextManager[Connection]:
        """One connection for all that the block does in this thread. Raises StoreError."""
        return self.lease.session()

    def copy_to(self, target: Path) -> None:
        """Write the database as it is at one moment to a new DuckDB file. Raises StoreError, OSError."""
        self.lease.copy_to(target)

    def at_leisure(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on one state of the whole database, however long it takes; nobody waits for it. As ``read``."""
        with tempfile.TemporaryDirectory(prefix="pilot-ops-copy-") as place:
            copy = Path(place) / self.path.name
            self.copy_to(copy)
            with opened_copy(copy) as connection:
                return work(connection)

    def rewrite(self) -> None:
        """Let go of the bytes of what was deleted or changed. Raises StoreError."""
        self.lease.rewrite()

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a session. It must fetch all it needs before it returns. Raises StoreError."""
        if self.before_reading:
            self.before_reading()
        try:
            return self._read(work)
        except self.errors as error:
            if self._hindrance(error) is not Hindrance.TROUBLE:
                raise
            raise StoreError(self._not_read(error)) from error

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self.session() as connection:
            return work(connection)

    def transaction(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in one transaction, all or nothing; run it again when another writer was first.

        ``work`` must have no effect outside the database. Raises StoreError after 15 s of conflicts, and at once when
        the disk does not take the change.
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
                    return self._once(connection, work)
            except self.errors as error:
                found = self._hindrance(error)
                # Two transactions upserting one new key: the row of the other is not seen by this one, so begin anew.
                if found is None or (found is Hindrance.KEY_TAKEN and tries == CONSTRAINT_TRIES):
                    raise
                if found is Hindrance.TROUBLE:
                    raise StoreError(self._not_taken(error)) from error
                if time.monotonic() > deadline:
                    raise StoreError(
                        "The store is too busy to take the change; nothing was written. Try again."
                    ) from error
            # Outside the session, so that a retry never keeps others waiting.
            time.sleep(pause * (0.5 + random.random()))
            pause = min(pause * 2, 0.1)

    def _writing(self) -> AbstractContextManager[Connection]:
        return self.session()

    def _once(self, connection: Connection, work: Callable[[Connection], T]) -> T:
        connection.begin()
        try:
            result = work(connection)
            connection.commit()
            return result
        except BaseException:
            # A failed COMMIT has already ended the transaction.
            with suppress(self.errors):
                connection.rollback()
            raise

    def _hindrance(self, error: Exception) -> Hindrance | None:
        if isinstance(error, duckdb.ConstraintException):
            return Hindrance.KEY_TAKEN
        if isinstance(error, duckdb.TransactionException):
            return Hindrance.TROUBLE if DISK_TROUBLE.search(str(error)) else Hindrance.CONFLICT
        return Hindrance.TROUBLE if isinstance(error, (duckdb.IOException, duckdb.FatalException)) else None

    def migrate(self) -> list[str]:
        """Bring the schema up to date, each numbered step in a transaction; returns the names applied.

        A store that holds something is copied first, to a file that names the schema it had. Raises StoreError,
        changing nothing, when the store was made by a newer version of this program.
        """
        steps = {_number(step): step for step in sorted(MIGRATIONS.glob("[0-9]*.sql"))}
        newest = max(steps, default=0)

        def pending(connection: Connection) -> list[Path]:
            done = applied_migrations(connection)
            if done and max(done) > newest:
                raise StoreError(
                    f"The store {self.name} was made by a newer version of Pilot Ops (schema {max(done)}, "
                    f"this one knows {newest}); update this program. Nothing was changed."
                )
            return [step for number, step in steps.items() if number not in done]

        def work(connection: Connection) -> list[str]:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_migrations "
                "(number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMP NOT NULL)"
            )
            waiting = pending(connection)
            for step in waiting:
                connection.execute(step.read_text(encoding="utf-8"))
                connection.execute(
                    "INSERT INTO schema_migrations VALUES (?, ?, ?)",
                    [_number(step), step.stem, utc_now().replace(tzinfo=None)],
                )
            if waiting:
                self._add_indexes(connection)
            return [step.stem for step in waiting]

        waiting, done = self.read(lambda connection: (pending(connection), applied_migrations(connection)))
        if not waiting:
            return []
        if done:
            self._keep_copy(max(done))
        return self.transaction(work)

    def _keep_copy(self, schema: int) -> None:
        """Copy the database, as it was before a migration, beside itself."""
        kept = self.path.with_name(f"{self.path.stem}.schema_{schema:04}{self.path.suffix}")
        part = kept.with_name(f".{kept.name}.{os.getpid()}.part")
        try:
            self.copy_to(part)
            with opened_copy(part):
                pass  # folds the copy's journal in, if there is one, and shows that it opens
            settle(part, kept)
        except OSError as error:
            raise StoreError(
                f"The store {self.name} was not upgraded: its database could not be copied first "
                f"({error.strerror or error}). Free some space or mend the disk, then try again."
            ) from error
        finally:
            part.unlink(missing_ok=True)
            part.with_name(f"{part.name}.wal").unlink(missing_ok=True)

    def _add_indexes(self, connection: Connection) -> None:
        """None here: DuckDB forbids updates of what has a secondary index, and scans as fast."""

    def _not_read(self, error: Exception) -> str:
        return f"The store {self.name} could not be read ({_reason(error)}). Check the disk, then try again."

    def _not_taken(self, error: Exception) -> str:
        return (
            f"The store {self.name} could not take the change ({_reason(error)}); nothing was written. "
            "Free some space or mend the disk, then try again."
        )


def _number(step: Path) -> int:
    return int(step.stem.split("_")[0])


def _reason(error: Exception) -> str:
    """What the system said, without DuckDB's words around it."""
    return str(error).splitlines()[-1].rsplit(": ", 1)[-1]


def applied_migrations(connection: Connection) -> set[int]:
    """The numbers of the migrations a database has seen; none for an empty one."""
    known = connection.execute(
        "SELECT 1 FROM information_schema.tables WHERE table_catalog = current_database() "
        "AND table_schema = current_schema() AND table_name = 'schema_migrations'"
    ).fetchall()
    if not known:
        return set()
    return {number for (number,) in connection.execute("SELECT number FROM schema_migrations").fetchall()}


def rows(connection: Connection, sql: str, parameters: list[Any] | dict[str, Any] | None = None) -> list[Row]:
    """All rows of a query as dictionaries, fetched."""
    result = connection.execute(sql, parameters or [])
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, values, strict=True)) for values in result.fetchall()]


def insert(connection: Connection, table: str, row: Row, key: str | None = None) -> None:
    """Insert a row, over the one with the same ``key`` if one is named. The store's own code gives all names."""
    names = list(row)
    changes = ", ".join(f"{name} = EXCLUDED.{name}" for name in names if name not in (key or "").split(", "))
    conflict = f"ON CONFLICT ({key}) DO UPDATE SET {changes}" if key else ""
    sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) {conflict}"  # noqa: S608
    connection.execute(sql, list(row.values()))


def append(connection: Connection, table: str, names: Sequence[str], new: Iterable[Sequence[Any]]) -> None:
    """Insert many rows of these columns, the fast way of the engine."""
    if isinstance(connection, duckdb.DuckDBPyConnection):
        with connection.appender(table, columns=list(names)) as appender:
            appender.append_rows(new)
    else:
        connection.append(table, names, new)


def batches(connection: Connection, sql: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
    """The rows of a query, so many at a time, without all of them in memory."""
    if isinstance(connection, duckdb.DuckDBPyConnection):
        result = connection.execute(sql)
        while found := result.fetchmany(size):
            yield found
    else:
        yield from connection.batches(sql, size)


def put_aside(connection: Connection, sql: str, path: Path) -> None:
    """Write what a query finds to a Parquet file as it comes, without all of it in memory."""
    if isinstance(connection, duckdb.DuckDBPyConnection):
        quoted = str(path).replace("'", "''")
        connection.execute(f"COPY ({sql}) TO '{quoted}' (FORMAT parquet)").fetchall()
    else:
        connection.put_aside(sql, path)


def without_nul(value: Any) -> Any:
    """The value as PostgreSQL can keep it: NUL, which its text and JSON cannot hold, becomes U+FFFD."""
    if not isinstance(value, str):
        return value
    if "\\u0000" in value and value[0] in '{["':  # JSON, where NUL is written so
        value = JSON_NUL.sub("\\1\ufffd", value)
    return value.replace("\x00", "\ufffd")
