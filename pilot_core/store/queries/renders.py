"""Renders in progress, and attempts that wait for one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pilot_core.domain.renders import Render
from pilot_core.store.engine.connection import rows
from pilot_core.store.engine.database import Database
from pilot_core.store.processes import SILENT_SECONDS
from pilot_core.store.tables.columns import from_column, to_column
from pilot_core.store.tables.pilots import UNDER_WAY_SQL
from pilot_core.store.tables.renders import render_from_row


@dataclass(frozen=True)
class RenderProgress:
    """How far the render of one attempt is. ``fraction`` from 0 to 1; ``ahead`` renders begin before it.

    ``fraction``, ``step`` and ``started_at`` (UTC) are None until a process has claimed the attempt.
    """

    state: str
    failure: str | None
    waiting: bool
    fraction: float | None
    step: str | None
    started_at: datetime | None
    ahead: int


def under_way(database: Database) -> list[Render]:
    """All renders that are claimed and not released, oldest first."""
    sql = (
        "SELECT r.*, a.attempt_number FROM renders r LEFT JOIN attempts a ON a.attempt_id = r.attempt_id "
        "ORDER BY r.started_at, r.attempt_id"
    )
    return [render_from_row(row) for row in database.read(lambda c: rows(c, sql))]


def queued_without_worker(database: Database, now: datetime) -> list[tuple[str, int]]:
    """The attempts (pilot id, number) that were queued over half a minute ago and that no process has claimed."""
    sql = (
        "SELECT a.pilot_id, a.attempt_number FROM attempts a JOIN pilots p ON p.pilot_id = a.pilot_id "  # noqa: S608
        f"WHERE a.state IN {UNDER_WAY_SQL} AND (p.updated_at < ? OR p.updated_at > ?) "
        "AND NOT EXISTS (SELECT 1 FROM renders r WHERE r.attempt_id = a.attempt_id) "
        "ORDER BY a.pilot_id, a.attempt_number"
    )
    silent = timedelta(seconds=SILENT_SECONDS)
    # A time well ahead of now was written before the clock was set back. Waiting for it could take days.
    given = [to_column(now - silent), to_column(now + silent)]
    return [(r["pilot_id"], r["attempt_number"]) for r in database.read(lambda c: rows(c, sql, given))]


def any_under_way(database: Database) -> bool:
    """Whether an attempt is queued or being rendered, or a render is claimed."""
    sql = (
        "SELECT EXISTS (SELECT 1 FROM renders) "  # noqa: S608
        f"OR EXISTS (SELECT 1 FROM attempts WHERE state IN {UNDER_WAY_SQL}) AS found"
    )
    return bool(database.read(lambda connection: rows(connection, sql)[0]["found"]))


def progress_of(database: Database, attempt_id: str) -> RenderProgress | None:
    """How far an attempt's render is now; None for an unknown attempt."""
    sql = """
        SELECT a.state, a.failure, COALESCE(r.waiting, TRUE) AS waiting, r.fraction, r.step,
            COALESCE(a.started_at, r.started_at) AS started_at,
            (SELECT count(*) FROM renders o WHERE r.waiting AND o.started_at < r.started_at) AS ahead
        FROM attempts a LEFT JOIN renders r ON r.attempt_id = a.attempt_id WHERE a.attempt_id = ?
    """
    found = database.read(lambda connection: rows(connection, sql, [attempt_id]))
    return RenderProgress(**{**found[0], "started_at": from_column(found[0]["started_at"])}) if found else None
