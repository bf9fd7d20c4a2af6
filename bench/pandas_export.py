"""The full export written with pandas: one frame per table, text made safe, ``to_csv`` into a zip."""

import re
import zipfile
from pathlib import Path

import pandas as pd

from pilot_core import PilotStore
from pilot_core.formulas import neutral
from pilot_core.insight.cohort import Cohort
from pilot_core.store.engine.duckdb_session import DuckSession, scratch
from pilot_core.store.queries.cohorts import in_cohort
from pilot_core.store.queries.export_columns import PROGRAMME, TABLES
from pilot_core.store.queries.export_copies import FORMULA, select_copied
from pilot_core.store.queries.export_schema import Table
from pilot_core.store.queries.exports import select_cohort

PATTERN = re.sub(r"\\x\{([0-9A-F]+)\}", lambda found: f"\\U{int(found[1], 16):08x}", FORMULA)


def write_archive(store: PilotStore, path: Path) -> None:
    """Write every table of the store as CSV into a zip."""
    tables = [table for table in TABLES.values() if table is not PROGRAMME]
    frames = in_cohort(
        store.database,
        Cohort(),
        None,
        lambda connection: {t.name: connection.raw.sql(select_cohort(t)).df() for t in tables},
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, scratch(path.parent, "1GB") as connection:
        for table in tables:
            with archive.open(f"{table.name}.csv", "w", force_zip64=True) as file:
                _shaped(connection, table, frames[table.name]).to_csv(
                    file, index=False, lineterminator="\r\n", encoding="utf-8-sig"
                )


def _shaped(connection: DuckSession, table: Table, taken: pd.DataFrame) -> pd.DataFrame:
    """Return the table's columns in export order and format."""
    # A column without any value is of no type in pandas; DuckDB needs one.
    untyped = [name for name in taken.columns if taken[name].dtype == object and taken[name].isna().all()]
    connection.raw.register("taken", taken.astype(dict.fromkeys(untyped, "str")))
    frame = connection.raw.sql(f"{select_copied(table, 'taken')} ORDER BY {table.order}").df()
    connection.raw.unregister("taken")
    frame = frame[[column.name for column in table.columns]]
    for column in table.columns:
        values = frame[column.name]
        if column.kind == "text":
            text = values.astype("str")
            runs = text.str.contains(PATTERN, na=False)
            frame[column.name] = text.where(~runs, text[runs].map(neutral))
        elif column.kind == "time":
            whole = values.dt.microsecond == 0
            frame[column.name] = values.dt.strftime("%Y-%m-%dT%H:%M:%SZ").where(
                whole, values.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            )
        elif column.kind == "boolean":
            frame[column.name] = values.map({True: "true", False: "false"})
        elif column.kind == "integer":
            frame[column.name] = values.astype("Int64")
    return frame
