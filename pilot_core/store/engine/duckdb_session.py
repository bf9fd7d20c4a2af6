"""The store's DuckDB connection, and sessions on files that no other process uses."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from pilot_core.errors import StoreError
from pilot_core.store.engine import duckdb_errors
from pilot_core.store.engine.connection import Parameters, Result

ALIAS = "store"
"""The name under which a store's file is attached."""


TABLES = "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database() ORDER BY table_name"


class DuckSession:
    """A :class:`Connection` on DuckDB."""

    __slots__ = ("raw",)

    def __init__(self, raw: duckdb.DuckDBPyConnection):
        self.raw = raw

    def execute(self, query: str, parameters: Parameters | None = None) -> Result:
        """Run a query. Its result is streamed: fetch it before the next query. Raises duckdb.Error."""
        return self.raw.execute(query, parameters)

    def begin(self) -> None:
        """Begin a transaction."""
        self.raw.begin()

    def commit(self) -> None:
        """Commit it."""
        self.raw.commit()

    def rollback(self) -> None:
        """Roll it back."""
        self.raw.rollback()

    def append(self, table: str, names: Sequence[str], new: Iterable[Sequence[Any]]) -> None:
        """Insert rows with DuckDB's appender."""
        with self.raw.appender(table, columns=list(names)) as appender:
            appender.append_rows(new)

    def batches(self, query: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a query, ``size`` at a time."""
        result = self.raw.execute(query)
        while found := result.fetchmany(size):
            yield found

    def define(self, name: str, function: Callable[[str], str]) -> None:
        """Let queries call a function of text. NULL gives NULL."""
        self.raw.create_function(name, function, ["VARCHAR"], "VARCHAR")

    def write_parquet(self, query: str, path: Path) -> None:
        """Stream the rows of a query into a Parquet file."""
        self.raw.execute(f"COPY ({query}) TO '{quoted(path)}' (FORMAT parquet)").fetchall()


@contextmanager
def scratch(folder: Path, memory: str) -> Iterator[DuckSession]:
    """Open an empty in-memory database for work on copies. Beyond ``memory`` it spills into ``folder``."""
    connection = duckdb.connect(":memory:", config={"memory_limit": memory, "temp_directory": str(folder / "spill")})
    try:
        yield DuckSession(connection)
    finally:
        connection.close()


@contextmanager
def opened_copy(path: Path, of: Path | None = None) -> Iterator[DuckSession]:
    """Open a copy of a store's database that no other process uses. Its journal is merged at the end.

    Raises StoreDamaged if the file is damaged, and names ``of``, the file that was copied; StoreError if it is not a
    database.
    """
    connection = duckdb.connect(":memory:")
    try:
        connection.execute(f"ATTACH '{quoted(path)}' AS {ALIAS}")
        connection.execute(f"USE {ALIAS}")
        yield DuckSession(connection)
        connection.execute("USE memory")
        connection.execute(f"DETACH {ALIAS}")
    except duckdb.Error as error:
        if duckdb_errors.is_damage(error):
            raise duckdb_errors.damage(of or path, error) from error
        raise StoreError(f"The database {path.name} cannot be read: {duckdb_errors.first_line(error)}") from error
    finally:
        connection.close()


def read_everything(path: Path, of: Path) -> None:
    """Read every row and every index of a copy, which has no rows afterwards. Raises StoreDamaged, naming ``of``.

    DuckDB compares a block with its checksum when it is read. Blocks of an index are read when a row leaves it.
    """
    with opened_copy(path, of) as connection:
        tables = [name for (name,) in connection.execute(TABLES).fetchall()]
        for table in tables:
            connection.execute(f"SELECT max(hash({table})) FROM {table}").fetchall()  # noqa: S608
        connection.begin()
        for table in tables:
            connection.execute(f"DELETE FROM {table}").fetchall()  # noqa: S608
        connection.commit()


def quoted(path: Path) -> str:
    """Return a path escaped for a quoted SQL string."""
    return str(path).replace("'", "''")


def journal_of(path: Path) -> Path:
    """Return the path of a database file's journal."""
    return path.with_name(f"{path.name}.wal")
