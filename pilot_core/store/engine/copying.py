"""Copy all rows of a store from one database to another on any engine, and compare counts and checksums."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from pilot_core.errors import StoreError
from pilot_core.store.engine.connection import Connection
from pilot_core.store.engine.duckdb_session import opened_copy
from pilot_core.store.engine.nul import without_nul
from pilot_core.store.engine.schema import MIGRATIONS, applied_migrations

BATCH_ROWS = 5_000
BITS = 128


class Tally(NamedTuple):
    """A table's number of rows, and a checksum over them that does not depend on their order (hex)."""

    rows: int
    checksum: str


def tables_of(connection: Connection) -> dict[str, list[str]]:
    """Return the column names of every table, in order."""
    found: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_catalog = current_database() AND table_schema = current_schema() "
        "ORDER BY table_name, ordinal_position"
    ).fetchall():
        found.setdefault(table, []).append(column)
    return found


def tables_with_rows(connection: Connection, tables: set[str]) -> list[str]:
    """Return those of the tables that hold at least one row, sorted by name."""
    return [
        table
        for table in sorted(tables)
        if connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchall()  # noqa: S608
    ]


def tallies(connection: Connection) -> dict[str, Tally]:
    """Return the current tally of every table."""
    found = {}
    for table, columns in tables_of(connection).items():
        counted = _Counter()
        for batch in connection.batches(_select(table, columns), BATCH_ROWS):
            counted.add(batch)
        found[table] = counted.tally
    return found


def copy_rows(
    source: Connection, target: Connection, tell: Callable[[str, int], None] = lambda table, rows: None
) -> dict[str, Tally]:
    """Copy every table to the empty one with the same name and columns. Returns the tallies of the source.

    ``tell`` is called after each table. Raises StoreError if the tables differ.
    """
    tables = tables_of(source)
    known = {table: sorted(columns) for table, columns in tables_of(target).items()}
    if known != {table: sorted(columns) for table, columns in tables.items()}:
        raise StoreError("The two databases do not have the same tables; run --check on the one that is copied.")
    # Creating the target added its own rows to the table of migrations; the source's rows replace them.
    target.execute("DELETE FROM schema_migrations")
    found = {}
    for table, columns in tables.items():
        counted = _Counter()
        for batch in source.batches(_select(table, columns), BATCH_ROWS):
            target.append(table, columns, batch)
            counted.add(batch)
        found[table] = counted.tally
        tell(table, counted.rows)
    return found


def copy_out(
    source: Connection, target: Path, tell: Callable[[str, int], None] = lambda table, rows: None
) -> dict[str, Tally]:
    """Write everything in ``source`` to a new DuckDB file, read it back and compare. Returns the tallies.

    Raises StoreError, and OSError if the file cannot be written.
    """
    try:
        with opened_copy(target) as connection:
            return _fill(connection, source, tell)
    except StoreError as error:
        if isinstance(error.__cause__, duckdb.Error):
            raise OSError(None, "its database could not be copied") from error
        raise


def _fill(connection: Connection, source: Connection, tell: Callable[[str, int], None]) -> dict[str, Tally]:
    numbers = applied_migrations(source)
    connection.begin()
    connection.execute(
        "CREATE TABLE schema_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMP NOT NULL)"
    )
    for step in sorted(MIGRATIONS.glob("[0-9]*.sql")):
        if int(step.name[:4]) in numbers:
            connection.execute(step.read_text(encoding="utf-8"))
    read = copy_rows(source, connection, tell)
    connection.commit()
    compare(read, tallies(connection))
    return read


def compare(read: dict[str, Tally], written: dict[str, Tally]) -> None:
    """Raise StoreError, naming the tables, if the written tallies differ from those read."""
    different = sorted(table for table in read.keys() | written.keys() if read.get(table) != written.get(table))
    if different:
        raise StoreError(f"What was copied is not the same: {', '.join(different)}. Nothing was kept; try again.")


class _Counter:
    def __init__(self) -> None:
        self.rows = 0
        self._sum = 0

    def add(self, batch: list[tuple[Any, ...]]) -> None:
        self.rows += len(batch)
        for row in batch:
            # NUL characters are replaced as in PostgreSQL, so that one in DuckDB makes no difference.
            told = repr([without_nul(value) for value in row])
            digest = hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=BITS // 8).digest()
            self._sum += int.from_bytes(digest)

    @property
    def tally(self) -> Tally:
        return Tally(self.rows, f"{self._sum % 2**BITS:0{BITS // 4}x}")


def _select(table: str, columns: list[str]) -> str:
    return f"SELECT {', '.join(columns)} FROM {table}"  # noqa: S608
