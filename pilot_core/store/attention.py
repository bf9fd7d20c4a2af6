"""What needs someone today: the open pilots by the one thing that would move each on, found in SQL."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pilot_core.insight.rules import current_rules
from pilot_core.store.database import Database, Row, rows
from pilot_core.store.lease import Connection
from pilot_core.store.rows import from_column, to_column

VISIT_GAP = timedelta(minutes=30)
"""Whoever comes back within this time is still on the same visit."""


class Kind(StrEnum):
    """Why a pilot needs someone, the most urgent first. A pilot has one: the first that is true of it."""

    AWAITING = "awaiting"
    FEEDBACK = "feedback"
    SLA_MISSED = "sla_missed"
    FAILED = "failed"
    AT_LIMIT = "at_limit"
    NEXT_DUE = "next_due"
    STALE = "stale"
    PAUSED = "paused"


@dataclass(frozen=True)
class Need:
    """One pilot that needs someone. ``since`` is when it came to stand so (UTC); ``alike`` pilots need the same.

    ``decision``, ``said_by`` and ``flags`` tell of the review that stands for the latest attempt, if there is one;
    ``detail`` is the failure, the first SLA miss or the reason for the pause.
    """

    kind: Kind
    pilot_id: str
    founder_name: str
    company_name: str
    attempt_number: int | None
    attempts_used: int
    max_attempts: int
    decision: str | None
    said_by: str | None
    detail: str | None
    since: datetime
    alike: int


@dataclass(frozen=True)
class Standing:
    """How things stand: counts of pilots and cuts. ``longest_waiting`` is when the oldest unreviewed cut was ready."""

    pilots: int
    active: int
    paused: int
    in_the_making: int
    awaiting: int
    longest_waiting: datetime | None


# Pilots that are open, or that were approved since the visitor last looked, by the first reason that is true of each.
_NEEDS = """
WITH heard AS (
    SELECT pilot_id, max(happened_at) AS heard_at FROM events
    WHERE happened_at > CAST($since AS TIMESTAMP) AND kind = 'feedback_received' AND actor <> $visitor
        AND detail->>'mode' = 'human'
    GROUP BY pilot_id
), judged AS (
    SELECT p.*, h.heard_at, CASE
        WHEN h.heard_at IS NOT NULL AND latest_decision IS NOT NULL THEN 'feedback'
        WHEN status = 'paused' THEN 'paused'
        WHEN status <> 'active' OR latest_state IN ('queued', 'rendering') THEN NULL
        WHEN latest_state = 'failed' THEN 'failed'
        WHEN latest_decision IS NOT NULL AND attempts_used >= max_attempts THEN 'at_limit'
        WHEN updated_at < CAST($stale_before AS TIMESTAMP) THEN 'stale'
        WHEN latest_state = 'ready' AND latest_decision IS NULL THEN
            CASE WHEN latest_sla_passed = FALSE THEN 'sla_missed' ELSE 'awaiting' END
        ELSE 'next_due'
    END AS kind
    FROM pilots p LEFT JOIN heard h ON h.pilot_id = p.pilot_id
    WHERE p.status <> 'completed' OR (h.heard_at IS NOT NULL AND p.approval_outcome = 'approved')
), timed AS (
    SELECT *, CASE
        WHEN kind = 'feedback' THEN heard_at
        WHEN kind IN ('awaiting', 'sla_missed', 'next_due', 'at_limit') THEN COALESCE(latest_since, updated_at)
        ELSE updated_at
    END AS since
    FROM judged WHERE kind IS NOT NULL
), ranked AS (
    SELECT *, count(*) OVER (PARTITION BY kind) AS alike,
        row_number() OVER (PARTITION BY kind ORDER BY since, pilot_id) AS row_place
    FROM timed
)
SELECT kind, pilot_id, founder_name, company_name, latest_attempt AS attempt_number, attempts_used, max_attempts,
    latest_decision AS decision, latest_said_by AS said_by, since, alike,
    CASE WHEN kind = 'paused' THEN pause_reason WHEN kind IN ('failed', 'sla_missed') THEN latest_note END AS detail
FROM ranked WHERE row_place <= CASE WHEN kind = ANY($all_of) THEN $most ELSE $few END
ORDER BY row_place
"""

_COUNTS = """
SELECT count(*) AS pilots,
    count(*) FILTER (WHERE status = 'active') AS active,
    count(*) FILTER (WHERE status = 'paused') AS paused,
    count(*) FILTER (WHERE latest_state IN ('queued', 'rendering')) AS in_the_making,
    count(*) FILTER (WHERE status = 'active' AND latest_state = 'ready' AND latest_decision IS NULL) AS awaiting,
    min(latest_since) FILTER (WHERE status = 'active' AND latest_state = 'ready' AND latest_decision IS NULL)
        AS longest_waiting
FROM pilots
"""


def attention(
    connection: Connection,
    visitor: str,
    since: datetime | None,
    now: datetime,
    *,
    few: int = 3,
    all_of: tuple[Kind, ...] = (),
    most: int = 50,
) -> tuple[Standing, list[Need]]:
    """How things stand, and who needs someone: by urgency, then the longest first.

    There are at most ``few`` of each kind, and ``most`` of those in ``all_of``. Feedback counts as new when it came in
    after ``since`` (UTC; never, if None) and the visitor did not log it.
    """
    given = {
        "visitor": visitor,
        "since": to_column(since or now),
        "stale_before": to_column(now - timedelta(days=current_rules().stale_days)),
        "all_of": [kind.value for kind in all_of],
        "few": few,
        "most": most,
    }
    found = rows(connection, _NEEDS, given)
    needs = sorted((_need(row) for row in found), key=lambda need: list(Kind).index(need.kind))
    counts = rows(connection, _COUNTS)[0]
    standing = Standing(**{**counts, "longest_waiting": from_column(counts["longest_waiting"])})
    return standing, needs


def begin_visit(database: Database, visitor: str, now: datetime) -> datetime | None:
    """Note that the visitor looks now; returns when their last visit was (UTC), or None if this is the first."""

    def work(connection: Connection) -> datetime | None:
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

    return database.transaction(work)


def _need(row: Row) -> Need:
    known = {name: row[name] for name in Need.__dataclass_fields__}
    return Need(**{**known, "kind": Kind(row["kind"]), "since": from_column(row["since"])})
