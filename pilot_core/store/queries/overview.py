"""Everything the overview shows, read in one session."""

from dataclasses import dataclass
from datetime import datetime

from pilot_core.store.engine.connection import Connection
from pilot_core.store.engine.database import Database
from pilot_core.store.queries.headlines import Headlines, headlines
from pilot_core.store.queries.inbox import Kind, Need, PilotCounts, inbox, pilot_counts


@dataclass(frozen=True)
class Overview:
    """The state of all pilots at ``now`` (UTC), and what needs the visitor."""

    now: datetime
    counts: PilotCounts
    needs: list[Need]
    headlines: Headlines


def overview(
    database: Database, visitor: str, since: datetime | None, now: datetime, all_of: tuple[Kind, ...]
) -> Overview:
    """The overview for a visitor whose last visit was at ``since``; ``all_of`` are kinds of need shown in full."""

    def read(connection: Connection) -> Overview:
        needs = inbox(connection, visitor, since, now, all_of=all_of)
        return Overview(now, pilot_counts(connection), needs, headlines(connection, now))

    return database.read(read)


def is_empty(database: Database) -> bool:
    """Whether there is no pilot at all."""
    return not database.read(lambda connection: connection.execute("SELECT 1 FROM pilots LIMIT 1").fetchall())
