"""What charts over time show of a cohort: points, times and sparklines, in SQL on the temporary tables of ``cohorts``.

Those tables last as long as the cohort's connection, so functions take that connection.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from pilot_core.insight.approval import DecidedPoint, History
from pilot_core.insight.breakdowns import Badge
from pilot_core.insight.results import SparklinePoint, Sparklines, WaitsLeftOut
from pilot_core.insight.times_to import APPROVED, CENSORED, ENDED
from pilot_core.insight.trends import Point
from pilot_core.store.engine.connection import Connection, Row, rows
from pilot_core.store.queries.cohorts import DECIDED
from pilot_core.store.tables.columns import from_column, to_column

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

SPARKLINE_LENGTH = 24
WEEKS_UP_TO_DAYS = 182

_FIRST_CUTS = """
SELECT c.pilot_id, s.company_name, 1 AS attempt_number, n.made_at AS at, n.value, n.of_all FROM (
    SELECT pid, made_at, ttfc AS value, count(*) OVER () AS of_all FROM judged
    WHERE attempt_number = 1 AND ttfc IS NOT NULL ORDER BY made_at DESC NULLS LAST, pid DESC LIMIT $latest
) n JOIN chosen c ON c.pid = n.pid JOIN pilots s ON s.pilot_id = c.pilot_id
ORDER BY n.made_at NULLS FIRST, n.pid
"""

_ITERATIONS = """
SELECT c.pilot_id, s.company_name, n.attempt_number, n.made_at AS at, n.value FROM (
    SELECT pid, attempt_number, made_at, iterations AS value FROM judged WHERE iterations IS NOT NULL
    ORDER BY made_at DESC NULLS LAST, pid DESC, attempt_number DESC LIMIT $latest
) n JOIN chosen c ON c.pid = n.pid JOIN pilots s ON s.pilot_id = c.pilot_id
ORDER BY n.made_at NULLS FIRST, n.pid, n.attempt_number
"""

_DECIDED = f"""
SELECT c.pilot_id, s.company_name, n.ended_at, n.pilot_outcome FROM (
    SELECT pid, ended_at, pilot_outcome FROM pilot_outcomes WHERE pilot_outcome IN {DECIDED}
    ORDER BY ended_at DESC, pid DESC LIMIT $latest
) n JOIN chosen c ON c.pid = n.pid JOIN pilots s ON s.pilot_id = c.pilot_id
ORDER BY n.ended_at, n.pid
"""  # noqa: S608

_HISTORY = f"""
SELECT CAST(extract(epoch FROM ended_at) AS DOUBLE PRECISION) AS seconds, pilot_outcome = 'approved' AS approved
FROM pilot_outcomes WHERE pilot_outcome IN {DECIDED} ORDER BY ended_at, pid
"""  # noqa: S608

_BADGES = """
SELECT s.pilot_id, s.company_name, n.at, s.recommendation, s.recommendation_state AS state, s.reason_code AS code,
    s.reason_text AS summary
FROM (
    SELECT c.pilot_id, c.pid, COALESCE(f.ended_at, c.updated_at) AS at
    FROM pilot_outcomes f JOIN chosen c ON c.pid = f.pid
    ORDER BY COALESCE(f.ended_at, c.updated_at) DESC, c.pid DESC LIMIT $latest
) n JOIN pilots s ON s.pilot_id = n.pilot_id ORDER BY n.at, n.pid
"""

# A share of a second cannot matter in days; a clock set back must not give a negative time.
_DAYS = f"""
SELECT GREATEST(CAST(extract(epoch FROM COALESCE(ended_at, CAST($now AS TIMESTAMP)) - c.created_at) AS DOUBLE PRECISION)
        / 86400, 0.0) AS days,
    CAST(CASE WHEN pilot_outcome = 'approved' THEN {APPROVED} WHEN ended_at IS NULL THEN {CENSORED} ELSE {ENDED} END
        AS INTEGER) AS ends
FROM pilot_outcomes f JOIN chosen c ON c.pid = f.pid
"""  # noqa: S608

# An unreviewed cut of a pilot that has ended waited until then. A review without a time says nothing of the wait.
_WAITS = """
SELECT GREATEST(CAST(extract(epoch FROM COALESCE(j.first_heard_at, p.ended_at, CAST($now AS TIMESTAMP)) - j.sent_at)
        AS DOUBLE PRECISION) / 3600, 0.0) AS hours,
    j.first_heard_at IS NOT NULL AS heard
FROM judged j JOIN pilot_outcomes p ON p.pid = j.pid
WHERE j.state = 'ready' AND j.sent_at IS NOT NULL AND (j.level IS NULL OR j.first_heard_at IS NOT NULL)
    AND (j.first_heard_at IS NULL OR j.first_heard_at >= j.sent_at)
"""
_WAITS_LEFT_OUT = """
SELECT count(*) FILTER (WHERE first_heard_at < sent_at) AS before_start,
    count(*) FILTER (WHERE first_heard_at IS NULL OR sent_at IS NULL) AS without_time
FROM judged WHERE state = 'ready' AND level IS NOT NULL
"""

_SPAN = "SELECT min(created_at) AS first, max(created_at) AS last FROM chosen"

_BY_PERIOD_OF_ATTEMPTS = """
SELECT date_trunc($period, made_at) AS period,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY ttfc) FILTER (WHERE attempt_number = 1) AS ttfc_first,
    count(ttfc) FILTER (WHERE attempt_number = 1) AS ttfc_first_n,
    avg(iterations) AS iterations_per_attempt, count(iterations) AS iterations_per_attempt_n,
    count(*) FILTER (WHERE sla_passed) AS sla_all, count(sla_passed) AS sla_all_n
FROM judged WHERE made_at IS NOT NULL GROUP BY 1 ORDER BY 1 DESC LIMIT $most
"""
_BY_PERIOD_OF_REVIEWS = """
SELECT date_trunc($period, received_at) AS period,
    count(*) FILTER (WHERE level = 'approve') AS review_approval_rate, count(*) AS review_approval_rate_n,
    count(*) FILTER (WHERE level = 'approve' AND attempt_number = 1) AS first_pass_rate,
    count(*) FILTER (WHERE attempt_number = 1) AS first_pass_rate_n
FROM judged WHERE level IS NOT NULL AND received_at IS NOT NULL GROUP BY 1 ORDER BY 1 DESC LIMIT $most
"""
_BY_PERIOD_OF_DECISIONS = f"""
SELECT date_trunc($period, ended_at) AS period,
    count(*) FILTER (WHERE pilot_outcome = 'approved') AS approval_rate, count(*) AS approval_rate_n,
    sum(cost) AS cost_per_approved, count(*) FILTER (WHERE pilot_outcome = 'approved') AS cost_per_approved_n
FROM pilot_outcomes WHERE pilot_outcome IN {DECIDED} GROUP BY 1 ORDER BY 1 DESC LIMIT $most
"""  # noqa: S608
_SPARKLINES = (
    (_BY_PERIOD_OF_ATTEMPTS, {"ttfc_first": False, "iterations_per_attempt": False, "sla_all": True}),
    (_BY_PERIOD_OF_REVIEWS, {"review_approval_rate": True, "first_pass_rate": True}),
    (_BY_PERIOD_OF_DECISIONS, {"approval_rate": True, "cost_per_approved": True}),
)
"""Each query with its metrics; True marks a sum, to be divided by its n."""


def first_cut_points(connection: Connection, latest: int) -> tuple[list[Point], int]:
    """The latest pilots' first times-to-first-cut, the oldest first, and how many there are in all."""
    found = rows(connection, _FIRST_CUTS, {"latest": latest})
    return [_point(row) for row in found], found[0]["of_all"] if found else 0


def iteration_points(connection: Connection, latest: int) -> list[Point]:
    """The latest attempts' iterations, the oldest first."""
    return [_point(row) for row in rows(connection, _ITERATIONS, {"latest": latest})]


def decided_points(connection: Connection, latest: int) -> list[DecidedPoint]:
    """The pilots decided last, the oldest first."""
    return [
        DecidedPoint(row["pilot_id"], row["company_name"], _time(row["ended_at"]), row["pilot_outcome"] == "approved")
        for row in rows(connection, _DECIDED, {"latest": latest})
    ]


def history(connection: Connection) -> History:
    """Every decided pilot, the oldest first."""
    found = connection.execute(_HISTORY).fetchnumpy()
    return History(found["approved"].tolist(), found["seconds"].tolist())


def badges(connection: Connection, latest: int) -> list[Badge]:
    """The latest pilots' recommendations as they are now, the oldest first."""
    return [Badge(**{**row, "at": _time(row["at"])}) for row in rows(connection, _BADGES, {"latest": latest})]


def times_to_end(connection: Connection, now: datetime) -> "tuple[Array, Array]":
    """Days from each pilot's creation to its end, or to ``now``, and how it ended (see ``insight.survival``)."""
    found = connection.execute(_DAYS, {"now": to_column(now)}).fetchnumpy()
    return found["days"], found["ends"]


def feedback_waits(connection: Connection, now: datetime) -> "tuple[Array, Array]":
    """Hours from each video's being sent, or ready where none was, to its first feedback or the end of its wait so far.

    Also returns whether there was any feedback."""
    found = connection.execute(_WAITS, {"now": to_column(now)}).fetchnumpy()
    return found["hours"], found["heard"]


def waits_left_out(connection: Connection) -> WaitsLeftOut:
    """The reviewed attempts that ``feedback_waits`` leaves out."""
    return WaitsLeftOut(**rows(connection, _WAITS_LEFT_OUT)[0])


def sparklines(connection: Connection) -> Sparklines:
    """Sparklines by week, or by month for a cohort that spans more than half a year."""
    span = rows(connection, _SPAN)[0]
    days = (span["last"] - span["first"]).days if span["first"] else 0
    period = "week" if days <= WEEKS_UP_TO_DAYS else "month"
    by_metric: dict[str, tuple[SparklinePoint, ...]] = {}
    for sql, metrics in _SPARKLINES:
        found = rows(connection, sql, {"period": period, "most": SPARKLINE_LENGTH})[::-1]
        for name, is_sum in metrics.items():
            by_metric[name] = tuple(_sparkline_point(row, name, is_sum) for row in found)
    return Sparklines(period, by_metric)


def _point(row: Row) -> Point:
    return Point(
        row["pilot_id"], row["company_name"], row["attempt_number"], from_column(row["at"]), float(row["value"])
    )


def _sparkline_point(row: Row, name: str, is_sum: bool) -> SparklinePoint:
    value, n = row[name], row[f"{name}_n"]
    if not n:
        value = None
    elif is_sum and value is not None:
        value = value / n
    return SparklinePoint(row["period"].strftime("%Y-%m-%d"), value, n)


def _time(value: datetime) -> datetime:
    found = from_column(value)
    assert found is not None
    return found
