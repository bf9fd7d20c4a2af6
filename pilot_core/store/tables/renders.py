"""Claimed renders as rows: who renders which attempt, how far along it is, and when it was last heard from."""

import os
from datetime import datetime

from pilot_core.domain.renders import Claim, Render
from pilot_core.store.engine.connection import Connection, Row, rows
from pilot_core.store.processes import new_holder
from pilot_core.store.tables.columns import from_column, to_column


def claim(connection: Connection, attempt_id: str, pilot_id: str, now: datetime) -> Claim | None:
    """Claim a queued attempt for this process; None when another one has it, or it is no longer queued."""
    free = connection.execute(
        "SELECT 1 FROM attempts WHERE attempt_id = ? AND state = 'queued' "
        "AND NOT EXISTS (SELECT 1 FROM renders r WHERE r.attempt_id = attempts.attempt_id)",
        [attempt_id],
    ).fetchall()
    if not free:
        return None
    at, worker = to_column(now), new_holder()
    connection.execute(
        "INSERT INTO renders "
        "(attempt_id, pilot_id, worker, pid, waiting, started_at, heartbeat_at, fraction, step) "
        "VALUES (?, ?, ?, ?, TRUE, ?, ?, 0.0, 'Waiting for a free place')",
        [attempt_id, pilot_id, worker, os.getpid(), at, at],
    )
    return Claim(attempt_id, worker)


def enter(connection: Connection, held: Claim, now: datetime, at_once: int) -> bool:
    """Begin a claimed render; False while ``at_once`` are being made already, or others have waited longer.

    True if it has entered before: the answer to that may have been lost.
    """
    found = rows(connection, "SELECT * FROM renders ORDER BY started_at, attempt_id")
    making = [row["worker"] for row in found if not row["waiting"]]
    waiting = [row["worker"] for row in found if row["waiting"]]
    if held.worker in making:
        return True
    if len(making) >= at_once or held.worker not in waiting[: at_once - len(making)]:
        return False
    connection.execute(
        "UPDATE renders SET waiting = FALSE, heartbeat_at = ?, step = 'Starting' WHERE attempt_id = ? AND worker = ?",
        [to_column(now), held.attempt_id, held.worker],
    )
    return True


def beat(connection: Connection, held: Claim, now: datetime, fraction: float, step: str) -> bool:
    """Record that a render is alive, and how far along it is (``fraction`` from 0 to 1); False if the claim is lost."""
    found = connection.execute(
        "UPDATE renders SET heartbeat_at = ?, fraction = ?, step = ? WHERE attempt_id = ? AND worker = ? "
        "RETURNING attempt_id",
        [to_column(now), fraction, step, held.attempt_id, held.worker],
    ).fetchall()
    return bool(found)


def holds(connection: Connection, held: Claim) -> bool:
    """Whether a claim is not lost yet."""
    sql = "SELECT 1 FROM renders WHERE attempt_id = ? AND worker = ?"
    return bool(connection.execute(sql, [held.attempt_id, held.worker]).fetchall())


def keep(connection: Connection, held: Claim, now: datetime) -> bool:
    """Confirm a claim in the transaction of a change that needs it; False if the claim is lost.

    It writes the row, so that a transaction that takes the claim away and this one cannot both commit.
    """
    found = connection.execute(
        "UPDATE renders SET heartbeat_at = ? WHERE attempt_id = ? AND worker = ? RETURNING attempt_id",
        [to_column(now), held.attempt_id, held.worker],
    ).fetchall()
    return bool(found)


def leave(connection: Connection, held: Claim) -> bool:
    """Let go of a claim; False if it was lost before."""
    found = connection.execute(
        "DELETE FROM renders WHERE attempt_id = ? AND worker = ? RETURNING attempt_id", [held.attempt_id, held.worker]
    ).fetchall()
    return bool(found)


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
