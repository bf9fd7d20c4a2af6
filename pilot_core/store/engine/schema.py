"""Migrations: numbered SQL files, each applied once, recorded in ``schema_migrations``."""

from pathlib import Path

from pilot_core.clock import utc_now
from pilot_core.errors import StoreError
from pilot_core.store.engine.connection import Connection

MIGRATIONS = Path(__file__).parent / "migrations"
CREATE_RECORD = (
    "CREATE TABLE IF NOT EXISTS schema_migrations "
    "(number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMP NOT NULL)"
)


def steps() -> dict[int, Path]:
    """Return every migration by its number, in order."""
    return {int(step.stem.split("_")[0]): step for step in sorted(MIGRATIONS.glob("[0-9]*.sql"))}


def applied_migrations(connection: Connection) -> set[int]:
    """Return the numbers of the migrations applied to a database; none for an empty one."""
    known = connection.execute(
        "SELECT 1 FROM information_schema.tables WHERE table_catalog = current_database() "
        "AND table_schema = current_schema() AND table_name = 'schema_migrations'"
    ).fetchall()
    if not known:
        return set()
    return {number for (number,) in connection.execute("SELECT number FROM schema_migrations").fetchall()}


def has_pilots(connection: Connection) -> bool:
    """Whether the database has a pilot; an empty one has none."""
    return bool(applied_migrations(connection) and connection.execute("SELECT 1 FROM pilots LIMIT 1").fetchall())


def pending(connection: Connection, store_name: str) -> dict[int, Path]:
    """Return the migrations still to apply. Raises StoreError if a newer version of this program made the store."""
    known, done = steps(), applied_migrations(connection)
    newest = max(known, default=0)
    if done and max(done) > newest:
        raise StoreError(
            f"The store {store_name} was made by a newer version of Pilot Ops (schema {max(done)}, "
            f"this one knows {newest}); update this program. Nothing was changed."
        )
    return {number: step for number, step in known.items() if number not in done}


def apply(connection: Connection, waiting: dict[int, Path]) -> None:
    """Apply these migrations and record them, inside the caller's transaction."""
    for number, step in waiting.items():
        connection.execute(step.read_text(encoding="utf-8"))
        connection.execute(
            "INSERT INTO schema_migrations VALUES (?, ?, ?)", [number, step.stem, utc_now().replace(tzinfo=None)]
        )
