"""The inbox: each open pilot that needs someone, with the one reason that matters most.

Its functions are parts of the overview's one reading, so they take that reading's connection.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pilot_core.insight.rules import current_rules
from pilot_core.store.engine.connection import Connection, Row, rows
from pilot_core.store.tables.columns import from_column, to_column
from pilot_core.store.tables.pilots import UNDER_WAY_SQL

MOST = 50
"""How many needs of a kind that is shown in full there are at most."""


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
    """One pilot that needs someone, ``since`` when (UTC); ``alike`` is how many pilots need the same.

    ``decision`` and ``said_by`` are of the latest attempt's review, if there is one. ``detail`` is the failure, the
    first SLA miss or the reason for the pause.
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
class PilotCounts:
    """Counts of pilots and videos. ``longest_waiting`` is when (UTC) the oldest unreviewed video was ready."""

    pilots: int
    active: int
    paused: int
    rendering: int
    awaiting: int
    longest_waiting: datetime | None


# Pilots that are open, or that were approved since the visitor last looked, by the first reason that is true of each.
_NEEDS = f"""
WITH heard AS (
    SELECT pilot_id, max(happened_at) AS heard_at FROM events
    WHERE happened_at > CAST($since AS TIMESTAMP) AND kind = 'feedback_received' AND actor <> $visitor
        AND detail->>'mode' = 'human'
    GROUP BY pilot_id
), judged AS (
    SELECT p.*, h.heard_at, CASE
        WHEN h.heard_at IS NOT NULL AND latest_decision IS NOT NULL THEN 'feedback'
        WHEN status = 'paused' THEN 'paused'
        WHEN status <> 'active' OR latest_state IN {UNDER_WAY_SQL} THEN NULL
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
"""  # noqa: S608

_COUNTS = f"""
SELECT count(*) AS pilots,
    count(*) FILTER (WHERE status = 'active') AS active,
    count(*) FILTER (WHERE status = 'paused') AS paused,
    count(*) FILTER (WHERE latest_state IN {UNDER_WAY_SQL}) AS rendering,
    count(*) FILTER (WHERE status = 'active' AND latest_state = 'ready' AND latest_decision IS NULL) AS awaiting,
    min(latest_since) FILTER (WHERE status = 'active' AND latest_state = 'ready' AND latest_decision IS NULL)
        AS longest_waiting
FROM pilots
"""  # noqa: S608


def inbox(
    connection: Connection,
    visitor: str,
    since: datetime | None,
    now: datetime,
    *,
    few: int = 3,
    all_of: tuple[Kind, ...] = (),
) -> list[Need]:
    """The pilots that need someone: by urgency, then the longest wait first.

    There are at most ``few`` of each kind, and ``MOST`` of those in ``all_of``. Feedback counts as new when it came in
    after ``since`` (UTC; never, if None) and the visitor did not log it.
    """
    given = {
        "visitor": visitor,
        "since": to_column(since or now),
        "stale_before": to_column(now - timedelta(days=current_rules().stale_days)),
        "all_of": [kind.value for kind in all_of],
        "few": few,
        "most": MOST,
    }
    needs = [_need(row) for row in rows(connection, _NEEDS, given)]
    return sorted(needs, key=lambda need: list(Kind).index(need.kind))


def pilot_counts(connection: Connection) -> PilotCounts:
    """The counts of all pilots."""
    found = rows(connection, _COUNTS)[0]
    return PilotCounts(**{**found, "longest_waiting": from_column(found["longest_waiting"])})


def _need(row: Row) -> Need:
    known = {name: row[name] for name in Need.__dataclass_fields__}
    return Need(**{**known, "kind": Kind(row["kind"]), "since": from_column(row["since"])})
