"""Make CSV and Parquet from copies of exported tables, with a private DuckDB, outside of any session of the store.

Sorting, joining words and making cells safe for spreadsheets takes little memory here. DuckDB puts whole lines of CSV
together, some millions of cells a second; Python manages a tenth of that.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pilot_core import formulas
from pilot_core.errors import StoreError
from pilot_core.store.engine.connection import Row
from pilot_core.store.engine.duckdb_session import DuckSession, quoted, scratch
from pilot_core.store.queries.export_schema import Column, Kind, Table

BOM = "\ufeff"
MEMORY = "160MB"
BATCH_ROWS = 20_000


def _any_of(characters: str) -> str:
    return "[" + "".join(f"\\x{{{ord(character):X}}}" for character in characters) + "]"


FORMULA = (
    f"^'*{_any_of(formulas.IGNORED)}*{_any_of(formulas.LEADERS)}|"
    f"{_any_of(formulas.BREAKS)}'*{_any_of(formulas.INNER_IGNORED)}*{_any_of(formulas.INNER_LEADERS)}"
)
"""Matches the cells that ``formulas.neutral`` changes, for DuckDB."""
TYPES: dict[Kind, str] = {
    "text": "TEXT",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "time": "TIMESTAMP",
}


@dataclass(frozen=True)
class Copies:
    """The copies that ``exports.copy_cohort`` wrote to ``folder``."""

    folder: Path
    connection: DuckSession

    def add_computed(self, table: Table, rows: Sequence[Row]) -> None:
        """Add a copy of a table whose rows were computed, in the order they are given in."""
        names = ", ".join(f'"{column.name}" {TYPES[column.kind]}' for column in table.columns)
        self.connection.execute(f"CREATE TABLE computed (place INTEGER, {names})")
        marks = ", ".join("?" * (len(table.columns) + 1))
        for place, row in enumerate(rows):
            values = [place, *(row[column.name] for column in table.columns)]
            self.connection.execute(f"INSERT INTO computed VALUES ({marks})", values)  # noqa: S608
        self.connection.write_parquet("SELECT * FROM computed", self.folder / table.name)
        self.connection.execute("DROP TABLE computed")

    def count(self, table: Table) -> int:
        """Count a table's rows."""
        [(number,)] = self.connection.execute(f"SELECT count(*) FROM {self._file(table)}").fetchall()  # noqa: S608
        return int(number)

    def csv(self, table: Table) -> Iterator[bytes]:
        """Yield a table as CSV, many lines at a time: UTF-8 with BOM, CRLF, text in quotation marks, empty for NULL."""
        yield (BOM + ",".join(column.name for column in table.columns) + "\r\n").encode()
        cells = ", ',', ".join(cell_sql(column) for column in table.columns)
        sql = f"SELECT concat({cells}, chr(13), chr(10)) FROM ({self._rows(table)}) ORDER BY {table.order}"  # noqa: S608
        for batch in self.connection.raw.sql(sql).to_arrow_reader(BATCH_ROWS):
            yield _joined(batch.column(0))

    def rows(self, table: Table) -> Iterator[tuple[Any, ...]]:
        """Yield a table's rows as Python values, texts as they are, times in UTC without a zone."""
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        sql = f"SELECT {names} FROM ({self._rows(table)}) ORDER BY {table.order}"  # noqa: S608
        for batch in self.connection.batches(sql, BATCH_ROWS):
            yield from batch

    def write_parquet(self, table: Table, path: Path) -> None:
        """Write a table as Parquet: typed, texts as they are, times in UTC without a zone."""
        names = ", ".join(column.name for column in table.columns)
        sql = f"SELECT {names} FROM ({self._rows(table)}) ORDER BY {table.order}"  # noqa: S608
        self.connection.execute(f"COPY ({sql}) TO '{quoted(path)}' (FORMAT parquet, COMPRESSION zstd)").fetchall()

    def _rows(self, table: Table) -> str:
        return select_copied(table, self._file(table))

    def _file(self, table: Table) -> str:
        return f"read_parquet('{quoted(self.folder / table.name)}')"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a folder that is deleted when the block ends. Raises StoreError when there is no room for it."""
    try:
        temporary = tempfile.TemporaryDirectory(prefix="pilot-ops-export-")
    except OSError as error:
        raise StoreError(f"There is no folder for temporary files: {error.strerror}.") from error
    with temporary as place:
        yield Path(place)


@contextmanager
def open_copies(folder: Path) -> Iterator[Copies]:
    """Open the copies in a folder. Sorting more than fits into ``MEMORY`` spills into it."""
    with scratch(folder, MEMORY) as connection:
        connection.define("neutral", formulas.neutral)
        yield Copies(folder, connection)


def select_copied(table: Table, copy: str) -> str:
    """Return the query that brings a table's columns, unsorted, from a copy of its rows. Text that is empty is NULL."""
    made = [column for column in table.columns if column.copy_sql]
    known = ", ".join(f'NULLIF("{c.name}", \'\') AS "{c.name}"' for c in table.columns if _is_text(c) and c not in made)
    read = f"* REPLACE ({known})" if known else "*"
    cells = [f"NULLIF({c.copy_sql}, '') AS {c.name}" if _is_text(c) else f"{c.copy_sql} AS {c.name}" for c in made]
    return f"SELECT {', '.join([read, *cells])} FROM {table.copy_source.format(copy=copy)}"  # noqa: S608


def _is_text(column: Column) -> bool:
    return column.kind == "text"


def cell_sql(column: Column) -> str:
    """Return the expression for a column's cell in CSV. Needs the function ``neutral``, as ``open_copies`` defines it.

    Text is in quotation marks, and with an apostrophe wherever a spreadsheet would run it.
    """
    name = f'"{column.name}"'
    if column.kind == "time":
        seconds = "%Y-%m-%dT%H:%M:%S"
        return (
            f"CASE WHEN extract(microsecond FROM {name}) % 1000000 = 0 THEN strftime({name}, '{seconds}Z') "
            f"ELSE strftime({name}, '{seconds}.%fZ') END"
        )
    if column.kind == "number":
        return f"CASE WHEN isfinite({name}) THEN CAST({name} AS VARCHAR) END"
    if column.kind != "text":
        return f"CAST({name} AS VARCHAR)"
    # Nearly every text begins with an ASCII letter or digit and has no break in it, and so no formula.
    usual = " OR ".join(f"ascii({name}) BETWEEN {first} AND {last}" for first, last in ((48, 57), (65, 90), (97, 122)))
    breaks = " OR ".join(f"contains({name}, chr({ord(character)}))" for character in formulas.BREAKS)
    pattern = FORMULA.replace("'", "''")
    harmless = f"(({usual}) AND NOT ({breaks})) OR NOT regexp_matches({name}, '{pattern}')"
    safe = f"CASE WHEN {harmless} THEN {name} ELSE neutral({name}) END"
    return f"CASE WHEN {name} IS NOT NULL THEN concat(chr(34), replace({safe}, chr(34), '\"\"'), chr(34)) END"


def _joined(lines: Any) -> bytes:
    """The strings of an Arrow array one after the other, which is how its buffer holds them."""
    strings = lines.cast("large_string")
    _, offsets, data = strings.buffers()
    if data is None:
        return b""
    places = memoryview(offsets).cast("q")
    return bytes(memoryview(data)[places[strings.offset] : places[strings.offset + len(strings)]])
