"""When each visitor last opened the overview, as rows."""

from datetime import datetime, timedelta

from pilot_core.store.engine.connection import Connection, rows
from pilot_core.store.tables.columns import from_column, to_column

VISIT_GAP = timedelta(minutes=30)
"""A visitor who comes back within this time is still on the same visit."""


def begin_visit(connection: Connection, visitor: str, now: datetime) -> datetime | None:
    """Record that the visitor opened the overview; returns when their last visit was (UTC), None for the first one."""
    sql = "SELECT looked_at, visit_before FROM last_seen WHERE visitor = ?"
    known = rows(connection, sql, [visitor])
    looked_at = from_column(known[0]["looked_at"]) if known else None
    before = from_column(known[0]["visit_before"]) if known else None
    if looked_at and now - looked_at > VISIT_GAP:
        before = looked_at
    connection.execute(
        "INSERT INTO last_seen (visitor, looked_at, visit_before) VALUES (?, ?, ?) "
        "ON CONFLICT (visitor) DO UPDATE SET looked_at = EXCLUDED.looked_at, visit_before = EXCLUDED.visit_before",
        [visitor, to_column(now), to_column(before)],
    )
    return before
