"""Claimed renders as rows: who renders which attempt, how far along it is, and when it was last heard from."""

import os
from datetime import datetime

from pilot_core.domain.renders import Render
from pilot_core.store.engine.connection import Connection, Row, rows
from pilot_core.store.processes import this_machine
from pilot_core.store.tables.columns import from_column, to_column

# A process that was taken for dead may wake up after another one has claimed its attempt.
_OURS = "attempt_id = ? AND worker = ? AND pid = ?"


def claim(connection: Connection, attempt_id: str, pilot_id: str, now: datetime) -> bool:
    """Claim a queued attempt for this process; False when another one has it, or it is no longer queued."""
    free = connection.execute(
        "SELECT 1 FROM attempts WHERE attempt_id = ? AND state = 'queued' "
        "AND NOT EXISTS (SELECT 1 FROM renders r WHERE r.attempt_id = attempts.attempt_id)",
        [attempt_id],
    ).fetchall()
    if free:
        at = to_column(now)
        connection.execute(
            "INSERT INTO renders "
            "(attempt_id, pilot_id, worker, pid, waiting, started_at, heartbeat_at, fraction, step) "
            "VALUES (?, ?, ?, ?, TRUE, ?, ?, 0.0, 'Waiting for a free place')",
            [attempt_id, pilot_id, this_machine(), os.getpid(), at, at],
        )
    return bool(free)


def enter(connection: Connection, attempt_id: str, now: datetime, at_once: int) -> bool:
    """Begin a claimed render; False while ``at_once`` are being made already, or others have waited longer."""
    found = rows(connection, "SELECT * FROM renders ORDER BY started_at, attempt_id")
    busy = sum(not row["waiting"] for row in found)
    waiting = [row["attempt_id"] for row in found if row["waiting"]]
    if busy >= at_once or attempt_id not in waiting[: at_once - busy]:
        return False
    connection.execute(
        "UPDATE renders SET waiting = FALSE, heartbeat_at = ?, step = 'Starting' WHERE attempt_id = ?",
        [to_column(now), attempt_id],
    )
    return True


def beat(connection: Connection, attempt_id: str, now: datetime, fraction: float, step: str) -> None:
    """Record that this process's render is alive, and how far along it is (``fraction`` from 0 to 1)."""
    connection.execute(
        f"UPDATE renders SET heartbeat_at = ?, fraction = ?, step = ? WHERE {_OURS}",  # noqa: S608
        [to_column(now), fraction, step, attempt_id, this_machine(), os.getpid()],
    )


def leave(connection: Connection, attempt_id: str) -> None:
    """Remove this process's render, however it ended."""
    connection.execute(f"DELETE FROM renders WHERE {_OURS}", [attempt_id, this_machine(), os.getpid()])  # noqa: S608


def release(connection: Connection, seen: Render) -> bool:
    """Remove a claim that was seen; False if it has gone, was heard from since, or is another process's now."""
    removed = connection.execute(
        "DELETE FROM renders WHERE attempt_id = ? AND worker = ? AND pid = ? AND started_at = ? AND heartbeat_at = ? "
        "RETURNING attempt_id",
        [seen.attempt_id, seen.worker, seen.pid, to_column(seen.started_at), to_column(seen.heartbeat_at)],
    ).fetchall()
    return bool(removed)


def is_claimed(connection: Connection, attempt_id: str) -> bool:
    """Whether a process has claimed the attempt."""
    return bool(connection.execute("SELECT 1 FROM renders WHERE attempt_id = ?", [attempt_id]).fetchall())


def render_from_row(row: Row) -> Render:
    """A render from a row of ``renders`` with its ``attempt_number``."""
    times = {name: from_column(row[name]) for name in ("started_at", "heartbeat_at")}
    return Render(**{**row, **times})
