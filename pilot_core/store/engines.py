"""Which database a store's folder goes with: the DuckDB file in it, or the PostgreSQL database of the settings."""

from pathlib import Path

from pilot_core.errors import StoreError
from pilot_core.store.database import Database

DATABASE = "pilots.duckdb"
ELSEWHERE = "pilots.elsewhere"
"""A note in the folder of a store whose rows are in PostgreSQL, so that nobody begins an empty one there by mistake."""


def database_of(root: Path, url: str | None) -> Database:
    """The database of the store in ``root``. Raises StoreError where folder and setting do not go together."""
    path, note = root / DATABASE, root / ELSEWHERE
    if not url:
        if note.exists():
            raise StoreError(
                f"The pilots of {root} are in PostgreSQL; set PILOT_OPS_DATABASE_URL to its address. To bring them "
                f"back, use --move-store {root}; to use what else is there, remove {note.name}."
            )
        return Database(path)
    from pilot_core.store.postgres import PostgresDatabase, shown

    database = PostgresDatabase(path, url, note)
    if path.exists() and database.is_new():
        raise StoreError(
            f"The store {root} has its pilots in {path.name}, and the database {shown(url)} has none. Unset "
            "PILOT_OPS_DATABASE_URL and bring them there with --move-store, or take the file out of the folder."
        )
    return database
