"""What must hold inside a database and neither engine enforces: its schema, its references, its derived columns."""

from dataclasses import dataclass
from typing import Any

from pilot_core.store.database import MIGRATIONS, Database, Row, applied_migrations, rows
from pilot_core.store.lease import Connection, scratch

PARENTS = {"pilot_id": "pilots", "attempt_id": "attempts", "feedback_id": "feedback", "link_id": "review_links"}
# A suggestion that was judged outlives the decision it was found in, when that decision is taken back; an erasure names
# a pilot that is gone until its files are gone too.
NOT_REFERENCES = {("flag_suggestions", "feedback_id"), ("erasures", "pilot_id")}

Columns = dict[tuple[str, str], str]
TYPES = {
    "text": "VARCHAR",
    "timestamp without time zone": "TIMESTAMP",
    "double precision": "DOUBLE",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "boolean": "BOOLEAN",
    "json": "JSON",
}
"""What DuckDB calls PostgreSQL's types."""


@dataclass(frozen=True)
class LostRows:
    """Rows of ``table`` whose ``column`` names something that ``parent`` does not hold."""

    table: str
    column: str
    parent: str
    key: str
    values: tuple[str, ...]

    @property
    def where(self) -> str:
        return f"{self.column} IS NOT NULL AND {self.column} NOT IN (SELECT {self.key} FROM {self.parent})"  # noqa: S608


def row_counts(connection: Connection) -> dict[str, int]:
    """How many rows each table holds."""
    found: dict[str, int] = {}
    for table in sorted({table for table, _ in columns(connection)}):
        [(count,)] = connection.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608
        found[table] = count
    return found


def schema_of(connection: Connection) -> int:
    """The number of the newest migration the database has seen; 0 for an empty one."""
    return max(applied_migrations(connection), default=0)


def columns(connection: Connection) -> Columns:
    """The type of every (table, column), in DuckDB's words."""
    found = connection.execute(
        "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns "
        "WHERE table_catalog = current_database() AND table_schema = current_schema()"
    ).fetchall()
    return {(table, column): f"{TYPES.get(kind, kind)} {nullable}" for table, column, kind, nullable in found}


def schema_differences(database: Database) -> list[str]:
    """The table columns that are missing, strange or of another type, compared with a database made anew."""
    found = database.read(columns)
    with scratch(database.path.parent, "200MB") as connection:
        for step in sorted(MIGRATIONS.glob("[0-9]*.sql")):
            connection.execute(step.read_text(encoding="utf-8"))
        meant = columns(connection)
    meant |= {key: kind for key, kind in found.items() if key[0] == "schema_migrations"}
    named = {key: ".".join(key) for key in meant | found}
    return [
        *(f"{named[key]} is missing" for key in sorted(meant.keys() - found.keys())),
        *(f"{named[key]} is not known" for key in sorted(found.keys() - meant.keys())),
        *(
            f"{named[key]} is {found[key]} instead of {meant[key]}"
            for key in sorted(meant.keys() & found.keys())
            if meant[key] != found[key]
        ),
    ]


def lost_rows(database: Database) -> list[LostRows]:
    """Rows that refer to something that is not there, by table and column."""

    def work(connection: Connection) -> list[LostRows]:
        known = columns(connection)
        wanted = [
            LostRows(table, column, PARENTS[column], column, ())
            for table, column in sorted(known)
            if column in PARENTS and PARENTS[column] != table and (table, column) not in NOT_REFERENCES
        ]
        if ("comments", "parent_id") in known:
            wanted.append(LostRows("comments", "parent_id", "comments", "comment_id", ()))
        found = []
        for lost in wanted:
            values = connection.execute(
                f"SELECT DISTINCT {lost.column} FROM {lost.table} WHERE {lost.where} ORDER BY 1"  # noqa: S608
            ).fetchall()
            if values:
                found.append(LostRows(lost.table, lost.column, lost.parent, lost.key, tuple(v for (v,) in values)))
        return found

    return database.read(work)


def take_lost_rows(database: Database, lost: LostRows) -> list[Row]:
    """The lost rows, whole."""
    return database.read(
        lambda c: rows(c, f"SELECT * FROM {lost.table} WHERE {lost.where}")  # noqa: S608
    )


def remove_lost_rows(database: Database, lost: LostRows, taken: list[Row]) -> None:
    """Delete the rows that were taken, those that are still lost and still as they were, and no others."""

    def work(connection: Connection) -> None:
        kinds = columns(connection)

        def same_as(name: str) -> str:
            # PostgreSQL compares no JSON; as it was written it is text.
            is_json = kinds[lost.table, name].startswith("JSON")
            return f"CAST({name} AS VARCHAR) IS NOT DISTINCT FROM ?" if is_json else f"{name} IS NOT DISTINCT FROM ?"

        for row in taken:
            same = " AND ".join(same_as(name) for name in row)
            connection.execute(f"DELETE FROM {lost.table} WHERE {same} AND {lost.where}", [*row.values()]).fetchall()  # noqa: S608

    database.transaction(work)


def derived_columns(database: Database, names: list[str]) -> dict[str, Row]:
    """Those columns of every pilot, by its id."""
    sql = f"SELECT pilot_id, version, {', '.join(names)} FROM pilots"  # noqa: S608
    return {row["pilot_id"]: row for row in database.read(lambda c: rows(c, sql))}


def write_derived_columns(database: Database, pilot_id: str, version: int, row: Row) -> None:
    """Set columns of a pilot that is still at that version; they are no change of the pilot, so it stays there."""
    given: list[Any] = [*row.values(), pilot_id, version]
    sets = ", ".join(f"{name} = ?" for name in row)
    sql = f"UPDATE pilots SET {sets} WHERE pilot_id = ? AND version = ?"  # noqa: S608
    database.transaction(lambda c: c.execute(sql, given).fetchall())


def versions(database: Database) -> dict[str, int]:
    """How often each pilot was saved."""
    sql = "SELECT pilot_id, version FROM pilots ORDER BY created_at, pilot_id"
    return {row["pilot_id"]: row["version"] for row in database.read(lambda c: rows(c, sql))}
