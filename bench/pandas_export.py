"""The full export as one would write it with pandas: a frame a table, texts made safe, ``to_csv`` into a zip."""

import zipfile
from pathlib import Path

import pandas as pd

from pilot_core.export.snapshot import FORMULA
from pilot_core.export.tables import PROGRAMME, TABLES, Table
from pilot_core.insight.cohort import Cohort
from pilot_core.store.cohorts import in_cohort
from pilot_core.store.lease import Connection, scratch
from pilot_core.store.pilots import PilotStore

PATTERN = FORMULA.replace(r"\x{00A0}", "\u00a0").replace(r"\x{FEFF}", "\ufeff").replace(r"\x{00}", r"\x00")


def write_archive(store: PilotStore, path: Path) -> None:
    """Every table that is read from the store, as CSV in a zip."""
    tables = [table for table in TABLES.values() if table is not PROGRAMME]
    frames = in_cohort(
        store.database, Cohort(), None, lambda connection: {t.name: connection.sql(t.taken).df() for t in tables}
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, scratch(path.parent, "1GB") as connection:
        for table in tables:
            with archive.open(f"{table.name}.csv", "w", force_zip64=True) as file:
                _shaped(connection, table, frames[table.name]).to_csv(
                    file, index=False, lineterminator="\r\n", encoding="utf-8-sig"
                )


def _shaped(connection: Connection, table: Table, taken: pd.DataFrame) -> pd.DataFrame:
    """The table's columns in its order, each as the export writes it."""
    connection.register("taken", taken)
    frame = connection.sql(f"{table.shaped.format(copy='taken')} ORDER BY {table.order}").df()
    connection.unregister("taken")
    frame = frame[[column.name for column in table.columns]]
    for column in table.columns:
        values = frame[column.name]
        if column.kind == "text":
            text = values.astype("str")
            frame[column.name] = text.where(~text.str.match(PATTERN, na=False), "'" + text)
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
