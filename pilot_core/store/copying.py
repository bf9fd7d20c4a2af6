"""All rows of a store from one database into another, whichever engines they are, counted and summed on both sides."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from pilot_core.errors import StoreError
from pilot_core.store.database import MIGRATIONS, append, applied_migrations, batches, without_nul
from pilot_core.store.lease import Connection, opened_copy

BATCH_ROWS = 5_000
BITS = 128


class Tally(NamedTuple):
    """How many rows a table has, and a sum over all of them that no order changes (hex)."""

    rows: int
    checksum: str


def tables_of(connection: Connection) -> dict[str, list[str]]:
    """The names of the columns of every table, each in order."""
    found: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_catalog = current_database() AND table_schema = current_schema() "
        "ORDER BY table_name, ordinal_position"
    ).fetchall():
        found.setdefault(table, []).append(column)
    return found


def tallies(connection: Connection) -> dict[str, Tally]:
    """The tally of every table, as it is read now."""
    found = {}
    for table, columns in tables_of(connection).items():
        counted = _Counter()
        for batch in batches(connection, _select(table, columns), BATCH_ROWS):
            counted.add(batch)
        found[table] = counted.tally
    return found


def copy_rows(
    source: Connection, target: Connection, tell: Callable[[str, int], None] = lambda table, rows: None
) -> dict[str, Tally]:
    """Copy every table into the one of the same name and columns, which must be empty; returns what was read.

    ``tell`` hears of each table that is done. Raises StoreError where the tables are not the same.
    """
    tables = tables_of(source)
    known = {table: sorted(columns) for table, columns in tables_of(target).items()}
    if known != {table: sorted(columns) for table, columns in tables.items()}:
        raise StoreError("The two databases do not have the same tables; run --check on the one that is copied.")
    # What making the target noted of itself; the source's own notes take their place.
    target.execute("DELETE FROM schema_migrations")
    found = {}
    for table, columns in tables.items():
        counted = _Counter()
        for batch in batches(source, _select(table, columns), BATCH_ROWS):
            append(target, table, columns, batch)
            counted.add(batch)
        found[table] = counted.tally
        tell(table, counted.rows)
    return found


def copy_out(
    source: Connection, target: Path, tell: Callable[[str, int], None] = lambda table, rows: None
) -> dict[str, Tally]:
    """Write all that ``source`` holds to a new DuckDB file, read back and compared; returns what that was.

    Raises StoreError, and OSError when the file cannot be written.
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
    """Raises StoreError, naming the tables, where what was written is not what was read."""
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
            # As any engine keeps it: a NUL, if one ever got into DuckDB, is no difference.
            told = repr([without_nul(value) for value in row])
            digest = hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=BITS // 8).digest()
            self._sum += int.from_bytes(digest)

    @property
    def tally(self) -> Tally:
        return Tally(self.rows, f"{self._sum % 2**BITS:0{BITS // 4}x}")


def _select(table: str, columns: list[str]) -> str:
    return f"SELECT {', '.join(columns)} FROM {table}"  # noqa: S608
