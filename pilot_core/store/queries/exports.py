"""Read the exported tables of a cohort from the store. ``export_columns`` says what they are."""

from pathlib import Path

from pilot_core.insight.cohort import Cohort
from pilot_core.store.engine.connection import Connection
from pilot_core.store.engine.database import Database
from pilot_core.store.queries.cohorts import chosen_pilots, in_cohort
from pilot_core.store.queries.export_columns import PILOTS, PROGRAMME, TABLES
from pilot_core.store.queries.export_schema import Table
from pilot_core.store.queries.measures import SegmentRow, segments


def copy_cohort(
    database: Database, cohort: Cohort, tables: list[Table], folder: Path, first_cut_limit: float
) -> dict[tuple[str, str], SegmentRow]:
    """Copy the cohort's rows of these tables to Parquet files in ``folder``, each named after its table.

    All rows are from one state of the store. They are unsorted and hold what ``export_copies`` makes the files from.
    Returns the cohort’s segments in that state; ``first_cut_limit`` is in seconds, see ``segments``.
    """

    def copy_tables(connection: Connection) -> dict[tuple[str, str], SegmentRow]:
        for table in tables:
            if not table.is_computed:
                connection.write_parquet(select_cohort(table), folder / table.name)
        return segments(connection, first_cut_limit)

    return in_cohort(database, cohort, None, copy_tables)


def copy_pilot(database: Database, pilot_id: str, table: Table, folder: Path) -> None:
    """Copy one pilot's rows of a table that needs nothing of a cohort but its pilots, as ``copy_cohort`` does."""

    def copy(connection: Connection) -> None:
        connection.begin()
        try:
            connection.execute("CREATE TEMPORARY TABLE chosen (pid INTEGER, pilot_id TEXT)")
            connection.execute("INSERT INTO chosen VALUES (1, ?)", [pilot_id])
            connection.write_parquet(select_cohort(table), folder / table.name)
        finally:
            connection.rollback()

    database.read(copy)


def select_cohort(table: Table) -> str:
    """Return the query that reads a table's rows inside ``in_cohort``."""
    read = (f"{column.sql or f't.{column.name}'} AS {column.name}" for column in table.columns if not column.copy_sql)
    return f"SELECT {', '.join(['c.pid', *read, *table.also_read])} {table.source}"


def row_counts(database: Database, cohort: Cohort) -> dict[str, int]:
    """Count the rows that each table of a cohort has now, in the order of the zip, without copying them."""
    where, given = chosen_pilots(cohort)
    counted = [table for table in TABLES.values() if table not in (PILOTS, PROGRAMME)]
    counts = [
        "SELECT count(*), count(DISTINCT (scenario_type, brand_preset)) + 1 FROM chosen",
        # Each row of the store is one row of the export, so nothing needs to be joined.
        *(
            f"SELECT count(*), 0 FROM {table.name} t "  # noqa: S608
            f"WHERE {table.where} AND t.pilot_id IN (SELECT pilot_id FROM chosen)"
            for table in counted
        ),
    ]
    sql = f"WITH chosen AS (SELECT pilot_id, scenario_type, brand_preset FROM pilots WHERE {where}) "  # noqa: S608
    sql += " UNION ALL ".join(f"SELECT {place} AS place, * FROM ({one}) one" for place, one in enumerate(counts))  # noqa: S608
    (_, pilots, programme), *others = database.read(lambda c: c.execute(f"{sql} ORDER BY place", given).fetchall())
    found = {table.name: number for table, (_, number, _) in zip(counted, others, strict=True)}
    return {PILOTS.name: pilots, **found, PROGRAMME.name: programme}
