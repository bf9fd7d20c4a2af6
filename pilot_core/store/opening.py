"""Choose a store's database and where its files are stored. Only this module knows all implementations."""

from pathlib import Path

from pilot_core.clock import Clock
from pilot_core.errors import StoreError
from pilot_core.media_place import Place
from pilot_core.store.engine import schema
from pilot_core.store.engine.database import Database
from pilot_core.store.engine.duckdb_database import DuckDatabase
from pilot_core.store.files.bucket_media import BucketMedia
from pilot_core.store.files.folder_media import FolderMedia
from pilot_core.store.files.layout import DATABASE, ELSEWHERE
from pilot_core.store.files.media import Media


def database_of(root: Path, url: str | None, connections: int | None = None) -> Database:
    """Return the database of the store in ``root``, PostgreSQL with at most that many ``connections`` of this process.

    Raises StoreError if the folder contradicts the setting.
    """
    path, note = root / DATABASE, root / ELSEWHERE
    if not url:
        if note.exists():
            raise StoreError(
                f"The pilots of {root} are in PostgreSQL; set PILOT_OPS_DATABASE_URL to its address. To bring them "
                f"back, use --move-store {root}; to use what else is there, remove {note.name}."
            )
        return DuckDatabase(path, note)
    from pilot_core.store.engine.postgres_database import PostgresDatabase  # start-up time: psycopg takes 100 ms

    database = PostgresDatabase(path, url, note, connections)
    if path.exists() and database.is_new():
        raise StoreError(
            f"The store {root} has its pilots in {path.name}, and the database {database.name} has none. Unset "
            "PILOT_OPS_DATABASE_URL and bring them there with --move-store, or take the file out of the folder."
        )
    if path.exists() and not note.exists() and DuckDatabase(path).read(schema.has_pilots):
        raise StoreError(
            f"The store {root} has pilots of its own in {path.name}, and PILOT_OPS_DATABASE_URL names another store, "
            f"{database.name}. Name another folder or unset the setting. If these pilots were moved there before, take "
            f"{path.name} out of the folder."
        )
    return database


def media_of(root: Path, database: Database, clock: Clock, place: Place | None) -> Media:
    """Return the files of the store in ``root``: in its folder only or, with a ``place``, in a bucket too."""
    return BucketMedia(root, database, clock, place) if place else FolderMedia(root)
