"""Renders under way: who makes which attempt's cut, how far along it is, and whether its maker is still alive."""

import os
import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from pilot_core.store.database import Database, Row, rows
from pilot_core.store.lease import Connection
from pilot_core.store.rows import from_column, to_column

SILENT_SECONDS = 30.0
"""A worker on another machine that has not been heard from for this long counts as gone."""


# One that was taken for dead may wake up when another has its attempt.
_OURS = "attempt_id = ? AND worker = ? AND pid = ?"


@dataclass(frozen=True)
class Render:
    """One render under way; ``fraction`` from 0 to 1, times in UTC. Of an attempt that is gone there is no number."""

    attempt_id: str
    pilot_id: str
    attempt_number: int | None
    worker: str
    pid: int
    waiting: bool
    started_at: datetime
    heartbeat_at: datetime
    fraction: float
    step: str


@cache
def this_machine() -> str:
    """Names this machine since its last start, so that a process id can be looked up or known to be elsewhere."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()[:8]
    except OSError:
        boot = "?"
    return f"{socket.gethostname()}/{boot}"


def claim(database: Database, attempt_id: str, pilot_id: str, now: datetime) -> bool:
    """Take a queued attempt for this process; False when another has it, or it is no longer queued."""

    def work(connection: Connection) -> bool:
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

    return database.transaction(work)


def enter(database: Database, attempt_id: str, now: datetime, at_once: int) -> bool:
    """Begin a claimed render if fewer than ``at_once`` are being made and none has waited longer; else False."""

    def work(connection: Connection) -> bool:
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

    return database.transaction(work)


def beat(database: Database, attempt_id: str, now: datetime, fraction: float, step: str) -> None:
    """Say that the render lives, and where it is."""
    database.transaction(
        lambda c: c.execute(
            f"UPDATE renders SET heartbeat_at = ?, fraction = ?, step = ? WHERE {_OURS}",  # noqa: S608
            [to_column(now), fraction, step, attempt_id, this_machine(), os.getpid()],
        ).fetchall()
    )


def leave(database: Database, attempt_id: str) -> None:
    """This process's render is over, however it ended."""
    ours = [attempt_id, this_machine(), os.getpid()]
    database.transaction(lambda c: c.execute(f"DELETE FROM renders WHERE {_OURS}", ours).fetchall())  # noqa: S608


def release(database: Database, attempt_id: str) -> None:
    """The render is over, whoever made it."""
    database.transaction(lambda c: c.execute("DELETE FROM renders WHERE attempt_id = ?", [attempt_id]).fetchall())


def under_way(database: Database) -> list[Render]:
    """All renders claimed and not released, oldest first."""
    sql = (
        "SELECT r.*, a.attempt_number FROM renders r LEFT JOIN attempts a ON a.attempt_id = r.attempt_id "
        "ORDER BY r.started_at, r.attempt_id"
    )
    found = database.read(lambda c: rows(c, sql))
    return [_render(row) for row in found]


def queued_without_worker(database: Database, now: datetime) -> list[tuple[str, int]]:
    """Attempts (pilot id, number) queued for over half a minute that no process has claimed: theirs never came up."""
    sql = (
        "SELECT a.pilot_id, a.attempt_number FROM attempts a JOIN pilots p ON p.pilot_id = a.pilot_id "
        "WHERE a.state IN ('queued', 'rendering') AND (p.updated_at < ? OR p.updated_at > ?) "
        "AND NOT EXISTS (SELECT 1 FROM renders r WHERE r.attempt_id = a.attempt_id) "
        "ORDER BY a.pilot_id, a.attempt_number"
    )
    silent = timedelta(seconds=SILENT_SECONDS)
    # A time well ahead of now is one from before the clock was set back; waiting for it could take days.
    given = [to_column(now - silent), to_column(now + silent)]
    return [(r["pilot_id"], r["attempt_number"]) for r in database.read(lambda c: rows(c, sql, given))]


def is_alive(render: Render, now: datetime) -> bool:
    """Whether the process that claimed the render can still finish it."""
    if render.worker == this_machine():
        return _process_exists(render.pid)
    return abs(now - render.heartbeat_at) < timedelta(seconds=SILENT_SECONDS)


def _render(row: Row) -> Render:
    times = {name: from_column(row[name]) for name in ("started_at", "heartbeat_at")}
    return Render(**{**row, **times})


def _process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        # A killed child that nobody waited for still has an id.
        return not Path(f"/proc/{pid}/stat").exists() or ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
