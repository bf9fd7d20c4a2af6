"""Events as rows."""

import json
from datetime import datetime
from typing import Any

from pilot_core import ids
from pilot_core.domain.events import Event, EventKind
from pilot_core.errors import PilotNotFound
from pilot_core.store.engine.connection import Connection, Row, insert, rows
from pilot_core.store.tables.columns import to_column
from pilot_core.store.tables.within_limits import within_limits


def add_event(connection: Connection, pilot_id: str, at: datetime, actor: str, kind: EventKind, **detail: Any) -> None:
    """Record an event that does not change the pilot, so its version stays the same. Raises PilotNotFound."""
    version = hold_pilot(connection, pilot_id)
    ((position,),) = connection.execute(
        "SELECT COALESCE(max(position) + 1, 0) FROM events WHERE pilot_id = ? AND pilot_version = ?",
        [pilot_id, version],
    ).fetchall()
    event = Event(event_id=ids.new_id("event"), pilot_id=pilot_id, at=at, actor=actor, kind=kind, detail=detail)
    insert(connection, "events", event_row(event, version, position))


def hold_pilot(connection: Connection, pilot_id: str) -> int:
    """Rewrite the pilot's row unchanged and return its version. Raises PilotNotFound.

    Inserts never conflict with each other. This update makes two transactions about one pilot conflict, so the later
    one is retried and sees what the first one did, such as an erasure or a new override.
    """
    sql = "UPDATE pilots SET updated_at = updated_at WHERE pilot_id = ? RETURNING version"
    found = connection.execute(sql, [pilot_id]).fetchall()
    if not found:
        raise PilotNotFound(f"There is no pilot {pilot_id} in this store.")
    version: int = found[0][0]
    return version


def decision_detail(connection: Connection, pilot_id: str, feedback_id: str) -> dict[str, Any] | None:
    """Return the detail of the event of a decision, or None; of one through a review link, with the ``link_id``."""
    sql = """
        SELECT detail FROM events
        WHERE pilot_id = ? AND kind IN ('review_decision', 'feedback_received') AND detail->>'feedback_id' = ?
        ORDER BY kind DESC
    """
    found = rows(connection, sql, [pilot_id, feedback_id])
    return dict(json.loads(found[0]["detail"])) if found else None


def event_row(event: Event, pilot_version: int, position: int) -> Row:
    """The row of ``events``."""
    return {
        "event_id": event.event_id,
        "pilot_id": event.pilot_id,
        "pilot_version": pilot_version,
        "position": position,
        "happened_at": to_column(event.at),
        "actor": event.actor,
        "kind": event.kind,
        "detail": json.dumps(event.detail, ensure_ascii=False),
    }


def event_from_row(row: Row) -> Event:
    """An event from its row."""
    fields = {
        "event_id": row["event_id"],
        "pilot_id": row["pilot_id"],
        "at": row["happened_at"],
        "actor": row["actor"],
        "kind": row["kind"],
        "detail": json.loads(row["detail"]),
    }
    return within_limits(Event, fields, row["event_id"])
