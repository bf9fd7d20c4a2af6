"""The overview's four numbers over the last twelve weeks, each with its n and a value per week.

This is a part of the overview's one reading, so it takes that reading's connection.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pilot_core.clock import as_utc
from pilot_core.store.engine.connection import Connection, Row, rows
from pilot_core.store.tables.columns import to_column

WEEKS = 12


@dataclass(frozen=True)
class Headlines:
    """Counts and values over the window; each series has ``WEEKS`` entries, this week last, None where n is 0.

    ``first_cut_median`` is in seconds, over the first attempts of ``first_cut_n`` pilots; ``iterations_mean`` is over
    ``iterations_n`` attempts; ``sla_kept`` of the ``sla_n`` attempts with a known result met the SLA.
    """

    approved: int
    decided: int
    approved_course: list[float]
    first_cut_median: float | None
    first_cut_n: int
    first_cut_course: list[float | None]
    iterations_mean: float | None
    iterations_n: int
    iterations_course: list[float | None]
    sla_kept: int
    sla_n: int
    sla_course: list[float | None]


_ATTEMPTS = """
SELECT date_trunc('week', COALESCE(ready_at, created_at)) AS week,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY time_to_first_cut_seconds)
        FILTER (WHERE attempt_number = 1) AS first_cut_median,
    count(time_to_first_cut_seconds) FILTER (WHERE attempt_number = 1) AS first_cut_n,
    avg(iteration_count) AS iterations_mean,
    count(iteration_count) AS iterations_n,
    count(*) FILTER (WHERE sla_passed) AS sla_kept,
    count(sla_passed) AS sla_n
FROM attempts
WHERE state = 'ready' AND COALESCE(ready_at, created_at) >= ?
GROUP BY GROUPING SETS ((date_trunc('week', COALESCE(ready_at, created_at))), ())
"""

# Decided: approved, dropped for our own reasons, or out of attempts.
_DECIDED_BY_WEEK = """
WITH decided AS (
    SELECT COALESCE(decided_at, latest_since, updated_at) AS decided_at, approval_outcome = 'approved' AS approved
    FROM pilots
    WHERE (approval_outcome <> 'pending' OR exhausted) AND NOT (approval_outcome = 'dropped' AND drop_external)
)
SELECT date_trunc('week', decided_at) AS week, count(*) AS decided, count(*) FILTER (WHERE approved) AS approved
FROM decided WHERE decided_at >= ?
GROUP BY GROUPING SETS ((date_trunc('week', decided_at)), ())
"""


def headlines(connection: Connection, now: datetime) -> Headlines:
    """The numbers for the present week (Monday to Sunday, UTC) and the eleven before it."""
    today = as_utc(now).date()
    first = today - timedelta(days=today.weekday(), weeks=WEEKS - 1)
    weeks = [first + timedelta(weeks=place) for place in range(WEEKS)]
    start = to_column(as_utc(datetime(first.year, first.month, first.day)))  # noqa: DTZ001
    made, made_by_week = _split(rows(connection, _ATTEMPTS, [start]))
    ended, ended_by_week = _split(rows(connection, _DECIDED_BY_WEEK, [start]))
    return Headlines(
        approved=ended.get("approved", 0),
        decided=ended.get("decided", 0),
        approved_course=[float(ended_by_week.get(week, {}).get("approved", 0)) for week in weeks],
        first_cut_median=made.get("first_cut_median"),
        first_cut_n=made.get("first_cut_n", 0),
        first_cut_course=[made_by_week.get(week, {}).get("first_cut_median") for week in weeks],
        iterations_mean=made.get("iterations_mean"),
        iterations_n=made.get("iterations_n", 0),
        iterations_course=[made_by_week.get(week, {}).get("iterations_mean") for week in weeks],
        sla_kept=made.get("sla_kept", 0),
        sla_n=made.get("sla_n", 0),
        sla_course=[_share(made_by_week.get(week, {})) for week in weeks],
    )


def _split(found: list[Row]) -> tuple[Row, dict[date, Row]]:
    """The row of the whole window, which has no week, and those of its weeks."""
    whole = next((row for row in found if row["week"] is None), {})
    return whole, {_day(row["week"]): row for row in found if row["week"] is not None}


def _day(value: date | datetime) -> date:
    return value.date() if isinstance(value, datetime) else value


def _share(row: Row) -> float | None:
    return row["sla_kept"] / row["sla_n"] if row.get("sla_n") else None
