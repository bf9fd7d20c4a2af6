"""The connection interface for code that runs SQL on either engine."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

Row = dict[str, Any]
Parameters = Sequence[Any] | dict[str, Any]


class Result(Protocol):
    """The rows of a query. Fetch them before the session ends."""

    @property
    def description(self) -> Sequence[Any] | None:
        """One entry per column, its name first; None if the statement returns no rows."""

    def fetchall(self) -> list[Any]:
        """Return all remaining rows, as tuples."""

    def fetchone(self) -> Any:
        """Return the next row as a tuple, or None."""

    def fetchnumpy(self) -> dict[str, Any]:
        """Return each column as an array."""


class Connection(Protocol):
    """A connection inside a session. ``?`` and ``$name`` are placeholders on both engines."""

    def execute(self, query: str, parameters: Parameters | None = None) -> Result:
        """Run a query, or several if there are no parameters. Raises the engine's error."""

    def begin(self) -> None:
        """Begin a transaction."""

    def commit(self) -> None:
        """Commit it."""

    def rollback(self) -> None:
        """Roll it back."""

    def append(self, table: str, names: Sequence[str], new: Iterable[Sequence[Any]]) -> None:
        """Insert many rows of these columns in the engine's fastest way."""

    def batches(self, query: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a query, ``size`` at a time, without holding all of them in memory."""

    def write_parquet(self, query: str, path: Path) -> None:
        """Stream the rows of a query into a Parquet file."""


def rows(connection: Connection, sql: str, parameters: Parameters | None = None) -> list[Row]:
    """Return all rows of a query as dictionaries."""
    result = connection.execute(sql, parameters or [])
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, values, strict=True)) for values in result.fetchall()]


def insert(connection: Connection, table: str, row: Row, key: str | None = None) -> None:
    """Insert a row, or replace the one with the same ``key`` if given. Names must come from the store's code."""
    names = list(row)
    changes = ", ".join(f"{name} = EXCLUDED.{name}" for name in names if name not in (key or "").split(", "))
    conflict = f"ON CONFLICT ({key}) DO UPDATE SET {changes}" if key else ""
    sql = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) {conflict}"  # noqa: S608
    connection.execute(sql, list(row.values()))
