"""Pilots whose runbook and founder documents are still to be written after a change."""

from datetime import datetime, timedelta

from pilot_core.store.engine.connection import Connection, insert, rows
from pilot_core.store.tables.columns import to_column


def add(connection: Connection, pilot_id: str, pilot_version: int, due_at: datetime) -> None:
    """Note that the documents of that version are to be written: at once by the act itself, else from ``due_at`` on."""
    row = {"pilot_id": pilot_id, "pilot_version": pilot_version, "due_at": to_column(due_at)}
    insert(connection, "documents_due", row, key="pilot_id")


def due(connection: Connection, now: datetime) -> list[str]:
    """Return the ids of the pilots whose documents are due."""
    sql = "SELECT pilot_id FROM documents_due WHERE due_at <= ? OR due_at > ? ORDER BY pilot_id"
    # A time a day ahead is one from before the clock was set back.
    return [row["pilot_id"] for row in rows(connection, sql, [to_column(now), to_column(now + timedelta(days=1))])]


def take(connection: Connection, now: datetime, next_try: datetime) -> list[str]:
    """Return the ids of the pilots whose documents are due, and put them off to ``next_try`` for everybody else."""
    found = due(connection, now)
    connection.execute("UPDATE documents_due SET due_at = ? WHERE pilot_id = ANY(?)", [to_column(next_try), found])
    return found


def remove(connection: Connection, pilot_id: str, pilot_version: int) -> None:
    """The documents of that version are written. Those of a later one are still due."""
    sql = "DELETE FROM documents_due WHERE pilot_id = ? AND pilot_version <= ?"
    connection.execute(sql, [pilot_id, pilot_version])
