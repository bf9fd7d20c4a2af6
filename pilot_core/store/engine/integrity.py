"""Database integrity that neither engine enforces: the schema, references and derived columns."""

from dataclasses import dataclass

from pilot_core.store.engine.connection import Connection, Row, rows
from pilot_core.store.engine.database import Database
from pilot_core.store.engine.duckdb_session import scratch
from pilot_core.store.engine.schema import MIGRATIONS, applied_migrations

PARENTS = {
    "pilot_id": "pilots",
    "attempt_id": "attempts",
    "feedback_id": "feedback",
    "link_id": "review_links",
    "comment_id": "comments",
}
# A judged suggestion stays when the decision it was found in is undone. An erasure names a deleted pilot until that
# pilot's files are deleted too.
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
"""DuckDB's names for PostgreSQL's types."""


@dataclass(frozen=True)
class LostRows:
    """Rows of ``table`` whose ``column`` refers to a row that is missing in ``parent``."""

    table: str
    column: str
    parent: str
    key: str
    values: tuple[str, ...]

    @property
    def where(self) -> str:
        return f"{self.column} IS NOT NULL AND {self.column} NOT IN (SELECT {self.key} FROM {self.parent})"  # noqa: S608


def row_counts(connection: Connection) -> dict[str, int]:
    """Return the number of rows of each table."""
    found: dict[str, int] = {}
    for table in sorted({table for table, _ in columns(connection)}):
        [(count,)] = connection.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608
        found[table] = count
    return found


def schema_of(connection: Connection) -> int:
    """Return the number of the newest migration applied to the database; 0 for an empty one."""
    return max(applied_migrations(connection), default=0)


def columns(connection: Connection) -> Columns:
    """Return the type of every (table, column), with DuckDB's names for types."""
    found = connection.execute(
        "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns "
        "WHERE table_catalog = current_database() AND table_schema = current_schema()"
    ).fetchall()
    return {(table, column): f"{TYPES.get(kind, kind)} {nullable}" for table, column, kind, nullable in found}


def schema_differences(database: Database) -> list[str]:
    """Return the columns that are missing, unknown or of another type, compared with a new database."""
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
    """Return rows that refer to missing rows, by table and column."""

    def find_lost(connection: Connection) -> list[LostRows]:
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

    return database.read(find_lost)


def take_lost_rows(database: Database, lost: LostRows) -> list[Row]:
    """Return the lost rows with all their columns."""
    return database.read(
        lambda c: rows(c, f"SELECT * FROM {lost.table} WHERE {lost.where}")  # noqa: S608
    )


def remove_lost_rows(database: Database, lost: LostRows, taken: list[Row]) -> None:
    """Delete the given rows if they are still lost and unchanged."""

    def delete_unchanged(connection: Connection) -> None:
        kinds = columns(connection)

        def same_as(name: str) -> str:
            # PostgreSQL cannot compare JSON; the text that was written can be compared.
            is_json = kinds[lost.table, name].startswith("JSON")
            return f"CAST({name} AS VARCHAR) IS NOT DISTINCT FROM ?" if is_json else f"{name} IS NOT DISTINCT FROM ?"

        for row in taken:
            same = " AND ".join(same_as(name) for name in row)
            connection.execute(f"DELETE FROM {lost.table} WHERE {same} AND {lost.where}", [*row.values()]).fetchall()  # noqa: S608

    database.transaction(delete_unchanged)


def derived_columns(database: Database, names: list[str]) -> dict[str, Row]:
    """Return those columns of every pilot, by its id."""
    sql = f"SELECT pilot_id, version, {', '.join(names)} FROM pilots"  # noqa: S608
    return {row["pilot_id"]: row for row in database.read(lambda c: rows(c, sql))}


def write_derived_columns(database: Database, pilots: list[tuple[str, int, Row]]) -> None:
    """Set derived columns of pilots, each given as (id, version, columns), if they still have that version.

    The version does not change.
    """

    def write(connection: Connection) -> None:
        for pilot_id, version, row in pilots:
            sets = ", ".join(f"{name} = ?" for name in row)
            sql = f"UPDATE pilots SET {sets} WHERE pilot_id = ? AND version = ?"  # noqa: S608
            connection.execute(sql, [*row.values(), pilot_id, version]).fetchall()

    database.transaction(write)


def judged_by_other_rules(database: Database, rules_version: str) -> list[str]:
    """Return the ids of the pilots whose saved recommendation is by another version of the rules, the newest first."""
    sql = "SELECT pilot_id FROM pilots WHERE rules_version <> ? ORDER BY created_at DESC, pilot_id"
    return [row["pilot_id"] for row in database.read(lambda c: rows(c, sql, [rules_version]))]


def versions(database: Database) -> dict[str, int]:
    """Return how many times each pilot was saved, by its id."""
    sql = "SELECT pilot_id, version FROM pilots ORDER BY created_at, pilot_id"
    return {row["pilot_id"]: row["version"] for row in database.read(lambda c: rows(c, sql))}
