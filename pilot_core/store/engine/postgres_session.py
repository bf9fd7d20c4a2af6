"""A PostgreSQL connection that returns the same values as DuckDB's.

:func:`translated` rewrites a query's placeholders for psycopg. Times have no zone, JSON is the text that was written,
and numbers are ``float``.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from pilot_core.errors import StoreError
from pilot_core.store.engine import postgres_errors
from pilot_core.store.engine.connection import Parameters
from pilot_core.store.engine.nul import without_nul
from pilot_core.store.engine.postgres_connection import Connection as RawConnection

TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\?|\$(?P<name>[A-Za-z_]\w*)|%", re.S)


@lru_cache(maxsize=2000)
def translated(query: str) -> str:
    """Return the query with ``?`` as ``%s``, ``$name`` as ``%(name)s`` and every other ``%`` doubled.

    In quoted text and comments only ``%`` is changed.
    """

    def each(found: re.Match[str]) -> str:
        if found["name"]:
            return f"%({found['name']})s"
        return "%s" if found[0] == "?" else found[0].replace("%", "%%")

    return TOKEN.sub(each, query)


class PostgresResult:
    """The rows of a query."""

    def __init__(self, cursor: psycopg.Cursor[Any]):
        self._cursor = cursor

    @property
    def description(self) -> Sequence[Any] | None:
        """One entry per column, its name first."""
        return self._cursor.description

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._cursor.fetchall() if self._cursor.description else []

    def fetchone(self) -> Any:
        return self._cursor.fetchone() if self._cursor.description else None

    def fetchnumpy(self) -> dict[str, Any]:
        """Return each column as an array."""
        import numpy as np  # start-up time: few commands need numpy, which takes a tenth of a second

        found = self.fetchall()
        names = [column[0] for column in self.description or []]
        return {name: np.array([row[place] for row in found]) for place, name in enumerate(names)}


class PostgresSession:
    """A :class:`Connection` on PostgreSQL."""

    def __init__(self, raw: RawConnection):
        self.raw = raw
        self.depth = 0
        """The number of open transactions, each inside the previous one. Inner ones are savepoints."""

    def execute(self, query: str, parameters: Parameters | None = None) -> PostgresResult:
        """Run a query, or several without parameters. Raises psycopg.Error."""
        if not parameters:
            return PostgresResult(self.raw.execute(query.encode()))
        given: Any
        if isinstance(parameters, dict):
            given = {name: without_nul(value) for name, value in parameters.items()}
        else:
            given = [without_nul(value) for value in parameters]
        return PostgresResult(self.raw.execute(translated(query).encode(), given))

    def begin(self) -> None:
        """Begin a transaction on a snapshot taken at its first query."""
        self.raw.execute("SAVEPOINT inner_begin" if self.depth else "BEGIN ISOLATION LEVEL REPEATABLE READ")
        self.depth += 1

    def commit(self) -> None:
        """Commit it. Raises StoreError if no answer came, so that the outcome is unknown."""
        self.depth -= 1
        if self.depth:
            self.raw.execute("RELEASE inner_begin")
            return
        try:
            done = self.raw.execute("COMMIT")
        except postgres_errors.LOST as error:
            if not self.raw.closed:
                raise
            raise StoreError(
                "The connection to the database was lost at the very end of a change; look whether the change was made "
                "before you try again."
            ) from error
        if done.statusmessage != "COMMIT":
            # After a failed query PostgreSQL answers COMMIT with ROLLBACK.
            raise psycopg.ProgrammingError("a query of this transaction had failed; it was rolled back")

    def rollback(self) -> None:
        """Roll it back."""
        if self.depth:
            self.depth -= 1
            self.raw.execute("ROLLBACK TO inner_begin; RELEASE inner_begin" if self.depth else "ROLLBACK")

    def append(self, table: str, names: Sequence[str], new: Iterable[Sequence[Any]]) -> None:
        """Insert rows with COPY."""
        into = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names))
        )
        with self.raw.cursor() as cursor, cursor.copy(into) as copy:
            for row in new:
                copy.write_row([without_nul(value) for value in row])

    def batches(self, query: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a query, ``size`` at a time. Must run inside a transaction."""
        with self.raw.cursor(name="rows") as cursor:
            cursor.execute(query.encode())
            while found := cursor.fetchmany(size):
                yield found

    def write_parquet(self, query: str, path: Path) -> None:
        """Stream the rows of a query into a Parquet file. Must run inside a transaction."""
        # start-up time: few commands need numpy and pyarrow, which take a third of a second
        from pilot_core.store.engine import postgres_bulk

        postgres_bulk.write_parquet(self, query, path)
