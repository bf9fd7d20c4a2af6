"""The store on PostgreSQL, for a team that outgrew one machine: the same SQL on another engine.

All that differs is in this file. :func:`translated` writes a query's placeholders as psycopg wants them; a
:class:`Session` answers as DuckDB's connection does, with the same types: times without a zone, JSON as the text that
was written, numbers as ``float``. A transaction works on one snapshot (REPEATABLE READ, DuckDB's isolation): of two
that change one row the later one runs again. Text is compared and folded as UTF-8, which the database must be made for.

There is no cache between pages and the database, so a page on another server sees a change when it next reads: at once
where somebody acts, within a second where a cut is being made, within 20 s in an open review room.
"""

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import psycopg
from psycopg import errors, sql
from psycopg.types.numeric import FloatLoader
from psycopg.types.string import TextLoader

from pilot_core.errors import StoreError
from pilot_core.files import write_atomic
from pilot_core.store.database import MIGRATIONS, Database, Hindrance, applied_migrations, without_nul
from pilot_core.store.lease import Connection

T = TypeVar("T")

CONNECT_SECONDS = 10
WAIT_SECONDS = 15.0
CONNECTIONS = 20
"""A process has at most so many at once, beside those of a transaction inside a reading."""
APART = 4
"""So many more for statements by themselves, which strangers can cause."""
KEPT = 6
BATCH_ROWS = 10_000
IDLE_SECONDS = 5.0
"""A connection that lay longer is asked whether it still stands before it is lent."""
OPTIONS = "-c lock_timeout=15s -c idle_in_transaction_session_timeout=15min -c jit=off"

TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\?|\$(?P<name>[A-Za-z_]\w*)|%", re.S)
AGAIN = (errors.SerializationFailure, errors.DeadlockDetected)
# The second of two servers that begin to upgrade at once finds the first one's tables.
TAKEN = (errors.UniqueViolation, errors.DuplicateTable, errors.DuplicateColumn)
TROUBLE = (psycopg.OperationalError, psycopg.InterfaceError)

_apart = threading.BoundedSemaphore(APART)


@lru_cache(maxsize=2000)
def translated(query: str) -> str:
    """The query with ``?`` as ``%s`` and ``$name`` as ``%(name)s``, and each ``%`` of its own doubled.

    What stands in quotes or a comment is no placeholder.
    """

    def each(found: re.Match[str]) -> str:
        if found["name"]:
            return f"%({found['name']})s"
        return "%s" if found[0] == "?" else found[0].replace("%", "%%")

    return TOKEN.sub(each, query)


class Result:
    """What a query found, fetched as from DuckDB."""

    def __init__(self, cursor: psycopg.Cursor[Any]):
        self._cursor = cursor

    @property
    def description(self) -> list[Any] | None:
        return cast("list[Any] | None", self._cursor.description)

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._cursor.fetchall() if self._cursor.description else []

    def fetchone(self) -> tuple[Any, ...] | None:
        return cast("tuple[Any, ...] | None", self._cursor.fetchone()) if self._cursor.description else None

    def fetchnumpy(self) -> dict[str, Any]:
        """Each column as an array."""
        import numpy as np

        found = self.fetchall()
        names = [column[0] for column in self.description or []]
        return {name: np.array([row[place] for row in found]) for place, name in enumerate(names)}


class Session:
    """One connection, used as the store's code uses DuckDB's."""

    def __init__(self, raw: "psycopg.Connection[Any]"):
        self.raw = raw
        self.depth = 0
        """How many transactions are open, one in another; the inner ones are savepoints."""

    def execute(self, query: str, parameters: Sequence[Any] | dict[str, Any] | None = None) -> Result:
        """Run a query, or several without parameters. Raises psycopg.Error."""
        if not parameters:
            return Result(self.raw.execute(cast(Any, query)))
        given: Any
        if isinstance(parameters, dict):
            given = {name: without_nul(value) for name, value in parameters.items()}
        else:
            given = [without_nul(value) for value in parameters]
        return Result(self.raw.execute(cast(Any, translated(query)), given))

    def begin(self) -> None:
        """Begin a transaction that sees one state of the database from its first query on."""
        self.raw.execute("SAVEPOINT inner_begin" if self.depth else "BEGIN ISOLATION LEVEL REPEATABLE READ")
        self.depth += 1

    def commit(self) -> None:
        """Make it lasting. Raises StoreError when the answer did not come, so that nobody knows."""
        self.depth -= 1
        if self.depth:
            self.raw.execute("RELEASE inner_begin")
            return
        try:
            done = self.raw.execute("COMMIT")
        except TROUBLE as error:
            if not self.raw.closed:
                raise
            raise StoreError(
                "The connection to the database was lost at the very end of a change; look whether the change was made "
                "before you try again."
            ) from error
        if done.statusmessage != "COMMIT":
            # What PostgreSQL answers after a query failed and the code went on.
            raise psycopg.ProgrammingError("a query of this transaction had failed; it was rolled back")

    def rollback(self) -> None:
        """Undo it."""
        if self.depth:
            self.depth -= 1
            self.raw.execute("ROLLBACK TO inner_begin; RELEASE inner_begin" if self.depth else "ROLLBACK")

    def append(self, table: str, names: Sequence[str], new: Iterable[Sequence[Any]]) -> None:
        """Insert rows by COPY."""
        into = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names))
        )
        with self.raw.cursor() as cursor, cursor.copy(into) as copy:
            for row in new:
                copy.write_row([without_nul(value) for value in row])

    def batches(self, query: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a query, so many at a time; inside a transaction only."""
        with self.raw.cursor(name="rows") as cursor:
            cursor.execute(cast(Any, query))
            while found := cursor.fetchmany(size):
                yield found

    def put_aside(self, query: str, path: Path) -> None:
        """Write what a query finds to a Parquet file; inside a transaction only."""
        import pyarrow as pa
        from pyarrow import parquet

        kinds = {
            "bool": pa.bool_(),
            "int4": pa.int32(),
            "int8": pa.int64(),
            "float8": pa.float64(),
            "numeric": pa.float64(),
            "timestamp": pa.timestamp("us"),
        }
        named = self.raw.execute(cast(Any, f"SELECT * FROM ({query}) q LIMIT 0")).description or []  # noqa: S608
        known = psycopg.adapters.types
        schema = pa.schema(
            [(c.name, kinds.get(found.name if (found := known.get(c.type_code)) else "", pa.string())) for c in named]
        )
        with parquet.ParquetWriter(path, schema) as writer:
            for batch in self.batches(query, BATCH_ROWS):
                columns = [
                    pa.array(column, kind) for column, kind in zip(zip(*batch, strict=True), schema.types, strict=True)
                ]
                writer.write_batch(pa.record_batch(columns, schema=schema))


class PostgresDatabase(Database):
    """A store's tables in a PostgreSQL database; ``path`` is only where copies of it are put, as DuckDB files.

    ``note`` is the file that tells of it in the store's folder, if there is to be one.
    """

    errors = psycopg.Error

    def __init__(self, path: Path, url: str, note: Path | None = None):
        self.url = url
        self._note = note
        super().__init__(path)

    def _connect(self) -> None:
        self._pool = _pool_of(self.url)
        self._local = threading.local()

    @property
    def name(self) -> str:
        return shown(self.url)

    @property
    def called(self) -> str:
        return shown(self.url)

    def bytes_elsewhere(self, connection: Connection) -> int:
        [(size,)] = connection.execute("SELECT pg_database_size(current_database())").fetchall()
        return int(size)

    def linger(self) -> None:
        """Nothing to do: connections are kept for the next session anyway, and nobody waits for them."""

    def let_go(self) -> None:
        pass

    def is_new(self) -> bool:
        """Whether the folder was not used with it yet, and it holds no pilot."""

        def any_pilot(connection: Connection) -> bool:
            known = applied_migrations(connection)
            return bool(known and connection.execute("SELECT 1 FROM pilots LIMIT 1").fetchall())

        known = self._note is not None and self._note.exists()
        return not known and not self.read(any_pilot)

    @contextmanager
    def session(self) -> Iterator[Connection]:
        held: Session | None = getattr(self._local, "session", None)
        if held is not None:
            yield cast(Connection, held)
            return
        with self._pool.lent() as raw, self._in_thread(Session(raw)) as session:
            yield cast(Connection, session)

    @contextmanager
    def _in_thread(self, session: Session) -> Iterator[Session]:
        before = getattr(self._local, "session", None)
        self._local.session = session
        try:
            yield session
        finally:
            self._local.session = before

    def _read(self, work: Callable[[Connection], T]) -> T:
        """All that ``work`` reads is of one state of the database."""
        with self.session() as connection:
            session = cast(Session, connection)
            if session.depth:
                return work(connection)
            session.begin()
            try:
                return work(connection)
            finally:
                with suppress(psycopg.Error):
                    session.rollback()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        held: Session | None = getattr(self._local, "session", None)
        if held is None or not held.depth:
            with self.session() as connection:
                yield connection
        else:
            # A change that a reading asks for is made beside it, for the reading stays at its own state.
            with self._pool.lent(beside=True) as raw, self._in_thread(Session(raw)) as session:
                yield cast(Connection, session)

    def _hindrance(self, error: Exception) -> Hindrance | None:
        if isinstance(error, AGAIN):
            return Hindrance.CONFLICT
        if isinstance(error, TAKEN):
            return Hindrance.KEY_TAKEN
        return Hindrance.TROUBLE if isinstance(error, TROUBLE) else None

    def _not_read(self, error: Exception) -> str:
        return (
            f"The store {self.name} could not be read ({_reason(error)}). See whether PostgreSQL runs, then try again."
        )

    def _not_taken(self, error: Exception) -> str:
        return (
            f"The store {self.name} could not take the change ({_reason(error)}); nothing was written. "
            "See whether PostgreSQL runs and has room, then try again."
        )

    def migrate(self) -> list[str]:
        self.read(_check_text_order)
        applied = super().migrate()
        if self._note is not None and not self._note.exists():
            write_atomic(self._note, f"The pilots of this folder are in {self.name}.\n")
        return applied

    def _add_indexes(self, connection: Connection) -> None:
        connection.execute((MIGRATIONS / "postgres_indexes.sql").read_text(encoding="utf-8"))

    def at_leisure(self, work: Callable[[Connection], T]) -> T:
        return self.read(work)

    def copy_to(self, target: Path) -> None:
        """Every table, from one state of the database, into a new DuckDB file."""
        from pilot_core.store.copying import copy_out

        self.read(lambda connection: copy_out(connection, target))

    def rewrite(self) -> None:
        """Give back what deleted and changed rows took: VACUUM FULL writes every table anew.

        PostgreSQL keeps such bytes for a while longer in its own journal and archives; docs/deployment.md says so.
        """
        tables = self.read(lambda connection: connection.execute(TABLES).fetchall())
        try:
            with self._pool.lent() as raw:
                for (table,) in tables:
                    raw.execute(sql.SQL("VACUUM (FULL) {}").format(sql.Identifier(table)))
        except psycopg.Error as error:
            raise StoreError(
                f"The tables of {self.name} could not be written anew ({_reason(error)}); they stand as they were. "
                "Free some space or mend the disk, then try again."
            ) from error


TABLES = (
    "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() "
    "AND table_type = 'BASE TABLE' ORDER BY table_name"
)


def apart(url: str, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run one statement by itself, whatever this thread is in the middle of there. Raises StoreError."""
    try:
        with _apart, _pool_of(url).lent(beside=True) as raw:
            return Session(raw).execute(query, parameters).fetchall()
    except psycopg.Error as error:
        raise StoreError(f"The database {shown(url)} did not answer ({_reason(error)}); try again.") from error


def make_tables(url: str, schema: str, first: str, tables: str) -> None:
    """Make tables in a schema of their own beside the store's, unless the ``first`` of them is there; one process does.

    Raises StoreError.
    """
    try:
        with _apart, _pool_of(url).lent(beside=True) as raw, raw.transaction():
            raw.execute("SELECT pg_advisory_xact_lock(hashtext('pilot ops'), hashtext(%s))", [schema])
            if raw.execute("SELECT to_regclass(%s)", [f"{schema}.{first}"]).fetchone() == (None,):
                name = sql.Identifier(schema)
                raw.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}; SET LOCAL search_path TO {}").format(name, name))
                raw.execute(cast(Any, tables))
    except psycopg.Error as error:
        raise StoreError(
            f"The database {shown(url)} did not take the tables of “{schema}” ({_reason(error)}). "
            "See whether PostgreSQL runs and lets this user make a schema in it."
        ) from error


def shown(url: str) -> str:
    """The address of a database without the user's name and password."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2] or "localhost"
    return f"postgresql://{place}{parts.path}"


def _check_text_order(connection: Connection) -> None:
    """Raises StoreError where a search for “zoë” would not find “ZOË”."""
    # chr(203) is Ë in UTF-8; in an encoding of bytes it may be no letter at all.
    asked = "CASE WHEN current_setting('server_encoding') = 'UTF8' THEN lower(chr(203)) = chr(235) ELSE FALSE END"
    [(is_fit,)] = connection.execute(f"SELECT {asked}").fetchall()
    if not is_fit:
        raise StoreError(
            "The PostgreSQL database is not made for all languages; make one with: createdb --template=template0 "
            "--encoding=UTF8 --locale=C.UTF-8 NAME"
        )


def _reason(error: Exception) -> str:
    """The first thing the server or its library said; neither tells a password."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class _Pool:
    """The connections of this process to one database."""

    def __init__(self, url: str):
        self._url = url
        self._idle: list[tuple[psycopg.Connection[Any], float]] = []
        self._guard = threading.Lock()
        self._places = threading.BoundedSemaphore(CONNECTIONS)

    @contextmanager
    def lent(self, *, beside: bool = False) -> "Iterator[psycopg.Connection[Any]]":
        """A connection that is in no transaction. Raises StoreError when there is none to be had."""
        if not beside and not self._places.acquire(timeout=WAIT_SECONDS):
            raise StoreError(f"The store {shown(self._url)} is busy; try again.")
        try:
            raw = self._taken() or self._made()
            try:
                yield raw
            finally:
                self._put_back(raw)
        finally:
            if not beside:
                self._places.release()

    def _taken(self) -> "psycopg.Connection[Any] | None":
        while True:
            with self._guard:
                if not self._idle:
                    return None
                raw, since = self._idle.pop()
            try:
                if time.monotonic() - since > IDLE_SECONDS:
                    raw.execute("SELECT 1")
                return raw
            except psycopg.Error:
                raw.close()

    def _made(self) -> "psycopg.Connection[Any]":
        try:
            raw = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=CONNECT_SECONDS,
                application_name="pilot-ops",
                options=OPTIONS,
                client_encoding="utf8",
                # A prepared "SELECT *" fails for ever once another server's upgrade has added a column.
                prepare_threshold=None,
            )
        except psycopg.ProgrammingError:
            # The library repeats what it could not read, password and all.
            raise StoreError(
                "The address of the database cannot be read; it looks like postgresql://user:password@host:5432/name."
            ) from None
        except psycopg.Error as error:
            raise StoreError(
                f"The database {shown(self._url)} cannot be reached ({_reason(error)}). "
                "See whether PostgreSQL runs there and lets this user in."
            ) from error
        raw.adapters.register_loader("json", TextLoader)
        raw.adapters.register_loader("numeric", FloatLoader)
        return raw

    def _put_back(self, raw: "psycopg.Connection[Any]") -> None:
        if raw.closed or raw.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            raw.close()
            return
        with self._guard:
            if len(self._idle) < KEPT:
                self._idle.append((raw, time.monotonic()))
                return
        raw.close()

    def __del__(self) -> None:
        for raw, _ in self._idle:
            raw.close()


# Weak, so that connections end with the last store that uses them.
_pools: WeakValueDictionary[str, _Pool] = WeakValueDictionary()
_pools_guard = threading.Lock()


def _pool_of(url: str) -> _Pool:
    with _pools_guard:
        found = _pools.get(url)
        if found is None:
            found = _pools[url] = _Pool(url)
        return found
