"""Pilots whose outcome report is still to be filed, or withdrawn, after they were completed or opened again."""

from datetime import datetime, timedelta

from pilot_core.store.engine.connection import Connection, insert, rows
from pilot_core.store.tables.columns import from_column, to_column


def add(connection: Connection, pilot_id: str, since: datetime) -> None:
    """Note that the pilot was completed, or opened again, at ``since`` (UTC)."""
    row = {"pilot_id": pilot_id, "since": to_column(since), "due_at": to_column(since)}
    insert(connection, "reports_due", row, key="pilot_id")


def due(connection: Connection, now: datetime) -> dict[str, datetime]:
    """Return since when the reports are due, by pilot id."""
    sql = "SELECT pilot_id, since FROM reports_due WHERE due_at <= ? OR due_at > ? ORDER BY pilot_id"
    # A time a day ahead is one from before the clock was set back.
    found = rows(connection, sql, [to_column(now), to_column(now + timedelta(days=1))])
    return {row["pilot_id"]: since for row in found if (since := from_column(row["since"]))}


def take(connection: Connection, now: datetime, next_try: datetime) -> dict[str, datetime]:
    """Return what is due, as ``due`` does, and put it off to ``next_try`` for everybody else."""
    found = due(connection, now)
    connection.execute("UPDATE reports_due SET due_at = ? WHERE pilot_id = ANY(?)", [to_column(next_try), list(found)])
    return found


def remove(connection: Connection, pilot_id: str, since: datetime) -> None:
    """The report is filed or withdrawn. One that a later change owes is still due."""
    connection.execute("DELETE FROM reports_due WHERE pilot_id = ? AND since <= ?", [pilot_id, to_column(since)])
