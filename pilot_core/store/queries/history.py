"""A pilot's events with their versions, so that a page can show what happened since it was loaded."""

from typing import NamedTuple

from pilot_core import ids
from pilot_core.domain.events import Event
from pilot_core.store.engine.connection import rows
from pilot_core.store.engine.database import Database
from pilot_core.store.tables.events import event_from_row


class Step(NamedTuple):
    """One event, with the version of the pilot that it was saved with."""

    version: int
    event: Event


def history(database: Database, pilot_id: str, since_version: int = 0) -> list[Step]:
    """What happened to the pilot after ``since_version``, oldest first; 0 gives everything."""
    sql = "SELECT * FROM events WHERE pilot_id = ? AND pilot_version > ? ORDER BY pilot_version, position"
    found = database.read(lambda c: rows(c, sql, [ids.checked_pilot_id(pilot_id), since_version]))
    return [Step(row["pilot_version"], event_from_row(row)) for row in found]
