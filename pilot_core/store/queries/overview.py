"""Everything the overview shows, read in one session."""

from dataclasses import dataclass

from pilot_core.store.engine.connection import Connection, rows
from pilot_core.store.engine.database import Database
from pilot_core.store.queries.inbox import Asked, Need, PilotCounts, inbox, pilot_counts


@dataclass(frozen=True)
class Overview:
    """The state of all pilots, and the visitor's inbox, as ``asked``. ``owners`` are all names that own a pilot."""

    asked: Asked
    counts: PilotCounts
    needs: list[Need]
    owners: list[str]


_OWNERS = "SELECT DISTINCT owner FROM pilots WHERE owner IS NOT NULL ORDER BY owner"


def overview(database: Database, asked: Asked) -> Overview:
    """The overview for a visitor."""

    def read(connection: Connection) -> Overview:
        return Overview(
            asked,
            pilot_counts(connection, asked),
            inbox(connection, asked),
            [row["owner"] for row in rows(connection, _OWNERS)],
        )

    return database.read(read)


def is_empty(database: Database) -> bool:
    """Whether there is no pilot at all."""
    return not database.read(lambda connection: connection.execute("SELECT 1 FROM pilots LIMIT 1").fetchall())
