"""What a backup must know of the database that it contains. Each function takes a connection to the copy."""

from pilot_core.store.engine.connection import Connection
from pilot_core.store.tables.pilots import UNDER_WAY_SQL


def pilot_ids(connection: Connection) -> set[str]:
    """Return the ids of all pilots, each of which has a folder in the store."""
    return {pilot_id for (pilot_id,) in connection.execute("SELECT pilot_id FROM pilots").fetchall()}


def folders_under_way(connection: Connection) -> set[str]:
    """Return the folders of attempts that are queued or rendering; no file in them is finished."""
    found = connection.execute(
        f"SELECT folder FROM attempts WHERE state IN {UNDER_WAY_SQL} AND folder IS NOT NULL"  # noqa: S608
    ).fetchall()
    return {folder for (folder,) in found}
