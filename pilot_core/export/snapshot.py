"""A cohort's tables, copied out of the store in one short session, and turned into CSV or Parquet outside of it.

In the session rows are only read and put aside as they come, as Parquet files. Sorting, joining words and making cells
safe for spreadsheets is done afterwards by a second DuckDB, with little memory, that puts whole lines of CSV together:
some millions of cells a second, where Python manages a tenth of that.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pilot_core.clock import iso
from pilot_core.errors import StoreError
from pilot_core.export.dictionary import BOM
from pilot_core.export.tables import PILOTS, PROGRAMME, SCHEMA_VERSION, TABLES, Column, Table
from pilot_core.insight.cohort import Cohort
from pilot_core.insight.programme import ProgrammeResult
from pilot_core.insight.rules import current_programme_rules
from pilot_core.metrics import programme, programme_results
from pilot_core.models import FeedbackMode
from pilot_core.store import measures
from pilot_core.store.cohorts import chosen_pilots, in_cohort
from pilot_core.store.database import put_aside
from pilot_core.store.lease import Connection, scratch
from pilot_core.store.measures import OVERALL, SegmentRow
from pilot_core.store.pilots import PilotStore

MEMORY = "160MB"
BATCH_ROWS = 20_000
FORMULA = r"^'*[ \x{00A0}\x{FEFF}]*[=+\-@|%\t\r\n\x{00}＝＋－＠]"
"""The same as ``formulas.neutral``, for DuckDB; a test compares the two."""


@dataclass(frozen=True)
class Snapshot:
    """Copies of some tables of a cohort at one moment. Good while ``snapshot`` is open."""

    cohort: Cohort
    as_of: datetime
    rules_version: str
    row_counts: dict[str, int]
    folder: Path
    connection: Connection

    def manifest(self) -> dict[str, Any]:
        """What the files are: versions, moment, filters, and how many rows each table has."""
        return {
            "schema_version": SCHEMA_VERSION,
            "rules_version": self.rules_version,
            "as_of": iso(self.as_of),
            "filters": self.cohort.as_filters(),
            "row_counts": self.row_counts,
        }

    def csv(self, name: str) -> Iterator[bytes]:
        """The table as CSV, piece by piece: UTF-8 with BOM, CRLF, empty for NULL, safe for spreadsheets."""
        table = TABLES[name]
        yield (BOM + ",".join(column.name for column in table.columns) + "\r\n").encode()
        cells = ", ',', ".join(_cell(column) for column in table.columns)
        sql = f"SELECT concat({cells}, chr(13), chr(10)) FROM ({self._rows(table)}) ORDER BY {table.order}"  # noqa: S608
        for batch in self.connection.sql(sql).to_arrow_reader(BATCH_ROWS):
            yield _joined(batch.column(0))

    def parquet(self, name: str, path: Path) -> None:
        """The table as a Parquet file: typed, sorted alike, texts as they are, times in UTC without a zone."""
        table = TABLES[name]
        names = ", ".join(column.name for column in table.columns)
        sql = f"SELECT {names} FROM ({self._rows(table)}) ORDER BY {table.order}"  # noqa: S608
        self.connection.execute(f"COPY ({sql}) TO {_quoted(path)} (FORMAT parquet, COMPRESSION zstd)").fetchall()

    def _rows(self, table: Table) -> str:
        return table.shaped.format(copy=f"read_parquet({_quoted(self.folder / table.name)})")


@contextmanager
def snapshot(store: PilotStore, cohort: Cohort, names: tuple[str, ...] = tuple(TABLES)) -> Iterator[Snapshot]:
    """Copies of those tables, all from one state of the store; they are gone when the block ends.

    Raises StoreError where there is no room for them.
    """
    try:
        temporary = tempfile.TemporaryDirectory(prefix="pilot-ops-export-")
    except OSError as error:
        raise StoreError(f"There is no folder for temporary files: {error.strerror}.") from error
    with temporary as place:
        folder, as_of = Path(place), store.clock()
        # Simulated feedback is exported and never counted, whatever the page shows.
        people = replace(cohort, mode=FeedbackMode.HUMAN.value)
        segments = in_cohort(store.database, people, None, lambda connection: _take(connection, names, folder))
        with scratch(folder, MEMORY) as connection:
            if PROGRAMME.name in names:
                results = programme_results(segments) if cohort == people else programme(store, cohort)
                _put_programme(connection, results, folder)
            counts = {name: _count(connection, folder / name) for name in names}
            version = current_programme_rules().version
            yield Snapshot(cohort, as_of, version, counts, folder, connection)


def row_counts(store: PilotStore, cohort: Cohort) -> dict[str, int]:
    """How many rows each table of the cohort has now, in the order of the zip. Nothing is copied or judged for it."""
    where, given = chosen_pilots(cohort)
    counts = [
        "SELECT count(*), count(DISTINCT (scenario_type, brand_preset)) + 1 FROM chosen",
        *(f"SELECT count(*), 0 FROM {COUNTED[name]}" for name in TABLES if name in COUNTED),  # noqa: S608
    ]
    sql = f"WITH chosen AS (SELECT pilot_id, scenario_type, brand_preset FROM pilots WHERE {where}) "  # noqa: S608
    sql += " UNION ALL ".join(f"SELECT {place} AS place, * FROM ({one}) one" for place, one in enumerate(counts))  # noqa: S608
    found = store.database.read(lambda c: c.execute(f"{sql} ORDER BY place", given).fetchall())
    others = zip((name for name in TABLES if name in COUNTED), (row[1] for row in found[1:]), strict=True)
    return {PILOTS.name: found[0][1], **dict(others), PROGRAMME.name: found[0][2]}


_OF_CHOSEN = "pilot_id IN (SELECT pilot_id FROM chosen)"
COUNTED = {
    name: f"{name} WHERE {_OF_CHOSEN}" for name in ("attempts", "feedback", "feedback_flags", "outcome_reports")
} | {"comments": f"comments WHERE deleted_at IS NULL AND {_OF_CHOSEN}"}
"""What a table's rows are counted in: where each row of the store gives one row."""


def _take(connection: Connection, names: tuple[str, ...], folder: Path) -> dict[tuple[str, str], SegmentRow]:
    for name in names:
        if TABLES[name].taken:
            put_aside(connection, TABLES[name].taken, folder / name)
    return measures.segments(connection, current_programme_rules().recent_decided)


def _put_programme(connection: Connection, results: dict[tuple[str, str], ProgrammeResult], folder: Path) -> None:
    """The programme's results as a copy like the others, the whole cohort first."""
    connection.execute(
        "CREATE TABLE results (place INTEGER, segment TEXT, n_decided BIGINT, n_approved BIGINT, n_open BIGINT, "
        "rate DOUBLE, wilson_low DOUBLE, wilson_high DOUBLE, p_ge_target DOUBLE, recommendation TEXT, state TEXT)"
    )
    for place, key in enumerate(sorted(results)):
        found = results[key]
        verdict = found.recommendation.value if found.recommendation else None
        row = [
            place,
            "all" if key == OVERALL else " × ".join(key),
            found.n_decided,
            found.n_approved,
            found.n_open,
            found.rate.value,
            found.rate.low,
            found.rate.high,
            found.p_ge_target,
            verdict,
            found.state.value,
        ]
        connection.execute(f"INSERT INTO results VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608
    connection.execute(f"COPY results TO {_quoted(folder / PROGRAMME.name)} (FORMAT parquet)").fetchall()


def _count(connection: Connection, path: Path) -> int:
    found = connection.execute(f"SELECT count(*) FROM read_parquet({_quoted(path)})").fetchall()  # noqa: S608
    return int(found[0][0])


def _cell(column: Column) -> str:
    """The SQL that gives a column's cell."""
    name = column.name
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
    pattern = FORMULA.replace("'", "''")
    # Nearly every text begins with an ASCII letter or digit, and so no formula: the pattern is for the rest.
    usual = " OR ".join(f"ascii({name}) BETWEEN {first} AND {last}" for first, last in ((48, 57), (65, 90), (97, 122)))
    safe = f"CASE WHEN {usual} OR NOT regexp_matches({name}, '{pattern}') THEN {name} ELSE chr(39) || {name} END"
    special = " OR ".join(f"contains({name}, chr({code}))" for code in (44, 34, 10, 13))
    return f"CASE WHEN {special} THEN chr(34) || replace({safe}, chr(34), '\"\"') || chr(34) ELSE {safe} END"


def _joined(lines: Any) -> bytes:
    """The strings of the Arrow array one after the other: they lie so in its buffer."""
    import numpy as np

    strings = lines.cast("large_string")
    _, places, data = strings.buffers()
    if data is None:
        return b""
    ends = np.frombuffer(places, dtype=np.int64)
    first, last = int(ends[strings.offset]), int(ends[strings.offset + len(strings)])
    return bytes(memoryview(data)[first:last])


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
