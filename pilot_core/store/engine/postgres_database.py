"""A store's database on PostgreSQL, for a team that needs more than one machine: the same SQL on another engine.

A transaction works on one snapshot (REPEATABLE READ, as in DuckDB). If two transactions change the same row, the later
one runs again. Text is compared and folded as UTF-8, so the database must be created with that encoding.

Nothing is cached between pages and the database, so a page on another server shows a change at its next read.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from psycopg import sql

from pilot_core.errors import StoreError
from pilot_core.files import write_atomic
from pilot_core.store.engine import postgres_errors, schema
from pilot_core.store.engine.connection import Connection
from pilot_core.store.engine.copying import copy_out
from pilot_core.store.engine.database import Database
from pilot_core.store.engine.failures import WriteFailure
from pilot_core.store.engine.postgres_connection import LONG_SECONDS, statements_within
from pilot_core.store.engine.postgres_lists import add_list_indexes
from pilot_core.store.engine.postgres_pool import ALONE, CONNECTIONS, pool_of, shown
from pilot_core.store.engine.postgres_session import PostgresSession

T = TypeVar("T")

REACHABLE_SECONDS = 5.0
"""Seconds to wait for the database when a monitor asks whether it answers."""

_alone = threading.BoundedSemaphore(ALONE)


class PostgresDatabase(Database):
    """A store's tables in a PostgreSQL database.

    Copies of it are written beside ``path``, as DuckDB files. ``note`` is the file in the store's folder that records
    where the rows are, or None. The process holds at most that many ``connections``,
    ``CONNECTIONS`` if it is None.
    """

    errors = psycopg.Error

    def __init__(self, path: Path, url: str, note: Path | None = None, connections: int | None = None):
        self.url = url
        self._note = note
        super().__init__(path)
        self._pool = pool_of(url, connections or CONNECTIONS)
        self._local = threading.local()

    @property
    def name(self) -> str:
        """The address without the user name and password."""
        return shown(self.url)

    @property
    def database_name(self) -> str:
        """The address without the user name and password."""
        return shown(self.url)

    def server_bytes(self, connection: Connection) -> int:
        """Return the size of the database in bytes."""
        [(size,)] = connection.execute("SELECT pg_database_size(current_database())").fetchall()
        return int(size)

    def is_new(self) -> bool:
        """Whether this folder has not been used with the database yet, and the database has no pilots."""
        known = self._note is not None and self._note.exists()
        return not known and not self.read(schema.has_pilots)

    def check_reachable(self) -> None:
        """Read the table of migrations, in a short time: whoever asks has no patience. Raises StoreError."""
        with self.session() as session:
            before, session.raw.answer_seconds = session.raw.answer_seconds, REACHABLE_SECONDS
            try:
                super().check_reachable()
            finally:
                session.raw.answer_seconds = before

    @contextmanager
    def session(self) -> Iterator[PostgresSession]:
        """Open one connection for the block, in this thread. Raises StoreError."""
        held: PostgresSession | None = getattr(self._local, "session", None)
        if held is not None:
            yield held
            return
        with self._pool.lent() as raw, self._in_thread(PostgresSession(raw)) as session:
            yield session

    @contextmanager
    def _in_thread(self, session: PostgresSession) -> Iterator[PostgresSession]:
        before = getattr(self._local, "session", None)
        self._local.session = session
        try:
            yield session
        finally:
            self._local.session = before

    def _read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on one snapshot of the database."""
        with self.session() as session:
            if session.depth:
                return work(session)
            session.begin()
            try:
                return work(session)
            finally:
                with suppress(psycopg.Error):
                    session.rollback()

    @contextmanager
    def _writing(self) -> Iterator[PostgresSession]:
        held: PostgresSession | None = getattr(self._local, "session", None)
        if held is None or not held.depth:
            with self.session() as session:
                yield session
        else:
            # A change inside a read gets its own connection, because the read stays on its snapshot.
            with self._pool.lent(nested=True) as raw, self._in_thread(PostgresSession(raw)) as session:
                yield session

    def write_failure(self, error: Exception) -> WriteFailure | None:
        """See ``postgres_errors``."""
        return postgres_errors.write_failure(error)

    def not_read(self, error: Exception) -> str:
        """Return the sentence for a failed read."""
        reason = postgres_errors.reason(error)
        return f"The store {self.name} could not be read ({reason}). See whether PostgreSQL runs, then try again."

    def not_written(self, error: Exception) -> str:
        """Return the sentence for a failed change."""
        return (
            f"The store {self.name} could not take the change ({postgres_errors.reason(error)}); nothing was written. "
            "See whether PostgreSQL runs and has room, then try again."
        )

    def migrate(self) -> list[str]:
        """Apply migrations as on DuckDB. The database must sort and fold text as UTF-8. Raises StoreError."""
        self.read(_check_text_order)
        with self.session() as session, statements_within(session.raw, LONG_SECONDS):
            applied = super().migrate()
            add_list_indexes(self)
        if self._note is not None and not self._note.exists() and not self.path.exists():
            self.write_note(self._note)
        return applied

    def write_note(self, note: Path) -> None:
        """Write that the rows of the note's folder are in this database, so that nobody writes to a file there."""
        write_atomic(note, f"The pilots of this folder are in {self.name}.\n")

    def _add_indexes(self, connection: Connection) -> None:
        connection.execute((schema.MIGRATIONS / "postgres_indexes.sql").read_text(encoding="utf-8"))

    def read_snapshot(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a read, which blocks nobody."""
        return self.read(work)

    def copy_to(self, target: Path) -> None:
        """Write every table, from one snapshot of the database, to a new DuckDB file. Raises StoreError, OSError."""
        self.read(lambda connection: copy_out(connection, target))

    def rewrite(self) -> None:
        """Rewrite every table with VACUUM FULL. Raises StoreError.

        PostgreSQL keeps old bytes for a while in its write-ahead log and archives; see docs/deployment.md.
        """
        tables = self.read(lambda connection: connection.execute(TABLES).fetchall())
        try:
            with self._pool.lent() as raw, statements_within(raw, LONG_SECONDS):
                for (table,) in tables:
                    raw.execute(sql.SQL("VACUUM (FULL) {}").format(sql.Identifier(table)))
        except psycopg.Error as error:
            reason = postgres_errors.reason(error)
            raise StoreError(
                f"The tables of {self.name} could not be written anew ({reason}); they stand as they were. "
                "Free some space or mend the disk, then try again."
            ) from error


TABLES = (
    "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() "
    "AND table_type = 'BASE TABLE' ORDER BY table_name"
)


def run_alone(url: str, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run one statement on its own connection, independent of this thread's session. Raises StoreError."""
    try:
        with _alone, pool_of(url).lent(nested=True) as raw:
            return PostgresSession(raw).execute(query, parameters).fetchall()
    except psycopg.Error as error:
        raise StoreError(
            f"The database {shown(url)} did not answer ({postgres_errors.reason(error)}); try again."
        ) from error


def make_tables(url: str, schema: str, first: str, tables: str) -> None:
    """Create tables in their own schema, unless the ``first`` of them exists. Raises StoreError.

    A lock ensures that only one process does so.
    """
    try:
        with _alone, pool_of(url).lent(nested=True) as raw, raw.transaction():
            raw.execute("SELECT pg_advisory_xact_lock(hashtext('pilot ops'), hashtext(%s))", [schema])
            if raw.execute("SELECT to_regclass(%s)", [f"{schema}.{first}"]).fetchone() == (None,):
                name = sql.Identifier(schema)
                raw.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}; SET LOCAL search_path TO {}").format(name, name))
                raw.execute(tables.encode())
    except psycopg.Error as error:
        raise StoreError(
            f"The database {shown(url)} did not take the tables of “{schema}” ({postgres_errors.reason(error)}). "
            "See whether PostgreSQL runs and lets this user make a schema in it."
        ) from error


def _check_text_order(connection: Connection) -> None:
    """Raise StoreError if a search for “zoë” would not find “ZOË”."""
    # chr(203) is Ë in UTF-8; in a single-byte encoding it may not be a letter.
    asked = "CASE WHEN current_setting('server_encoding') = 'UTF8' THEN lower(chr(203)) = chr(235) ELSE FALSE END"
    [(is_fit,)] = connection.execute(f"SELECT {asked}").fetchall()
    if not is_fit:
        raise StoreError(
            "The PostgreSQL database is not made for all languages; make one with: createdb --template=template0 "
            "--encoding=UTF8 --locale=C.UTF-8 NAME"
        )
