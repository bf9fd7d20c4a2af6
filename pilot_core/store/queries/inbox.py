"""The inbox: each pilot that someone on the team can move, then each that waits for someone else, with the reason.

Its functions are parts of the overview's one reading, so they take that reading's connection.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from pilot_core.domain.stages import WITH_FOUNDER
from pilot_core.insight.rules import current_rules
from pilot_core.store.engine.connection import Connection, Row, rows
from pilot_core.store.tables.columns import from_column, to_column
from pilot_core.store.tables.pilots import UNDER_WAY_SQL

WITH_FOUNDER_SQL = "(" + ", ".join(f"'{stage.value}'" for stage in WITH_FOUNDER) + ")"
MOST = 50
"""How many needs of a kind that is shown in full there are at most."""


class Kind(StrEnum):
    """Why a pilot is in the inbox, what a lead can move first. A pilot has one kind."""

    FAILED = "failed"
    FEEDBACK = "feedback"
    READY = "ready"
    OUT_OF_ATTEMPTS = "out_of_attempts"
    UNFILED = "unfiled"
    BEGIN = "begin"
    APPROVED = "approved"
    AWAITING = "awaiting"
    PAUSED = "paused"


WAITING = (Kind.AWAITING, Kind.PAUSED)
"""The kinds that wait for someone outside the team."""


class Inbox(StrEnum):
    """Which pilots the inbox shows. All but ``SNOOZED`` leave out those that are snoozed."""

    EVERYONE = "all"
    MINE = "mine"
    UNOWNED = "unowned"
    LATE = "late"
    SNOOZED = "snoozed"


@dataclass(frozen=True)
class Asked:
    """Whose inbox is read, and how.

    Feedback is new to ``visitor`` when it came in after ``since`` (UTC; never, if None) and they did not log it. A step
    of ours that began by ``ours_late`` and a review that began by ``review_late`` (UTC) are late. There are at most
    ``few`` of each kind, and ``MOST`` of those in ``all_of``.
    """

    visitor: str
    since: datetime | None
    now: datetime
    ours_late: datetime
    review_late: datetime
    show: Inbox = Inbox.EVERYONE
    few: int = 4
    all_of: tuple[Kind, ...] = ()


@dataclass(frozen=True)
class Need:
    """One pilot of the inbox, ``since`` when (UTC). ``alike`` are of its kind, ``late`` of those are late.

    ``stage`` is the latest attempt's, ``watched`` the share of it that was watched (0 to 1). ``decision`` and
    ``said_by`` are of its review, if there is one. ``detail`` is the failure, the first SLA miss or the reason for the
    pause. ``is_stale``: nothing has happened for the rules' ``stale_days``.
    """

    kind: Kind
    pilot_id: str
    founder_name: str
    company_name: str
    attempt_number: int | None
    attempts_used: int
    max_attempts: int
    stage: str | None
    watched: float | None
    decision: str | None
    said_by: str | None
    detail: str | None
    owner: str | None
    snoozed_until: datetime | None
    version: int
    since: datetime
    is_late: bool
    is_new: bool
    is_stale: bool
    alike: int
    late: int


@dataclass(frozen=True)
class PilotCounts:
    """Counts of pilots, in the words and by the rules of the metrics, and of videos.

    Every pilot that has not ended is ``open``, ``paused`` or ``out_of_attempts``. ``unsent`` videos are ready and not
    sent; ``awaiting`` ones are with their founders, the oldest since ``longest_waiting`` (UTC). ``by_view`` is how many
    pilots each view of the inbox has.
    """

    pilots: int
    open: int
    out_of_attempts: int
    paused: int
    rendering: int
    unsent: int
    awaiting: int
    longest_waiting: datetime | None
    by_view: dict[Inbox, int] = field(default_factory=dict)


# As ``cohorts`` counts: a pilot that is out of attempts is decided, paused or not.
OUTCOME = """CASE
    WHEN approval_outcome <> 'pending' THEN approval_outcome
    WHEN exhausted THEN 'exhausted'
    WHEN status = 'completed' THEN 'closed'
    WHEN status = 'paused' THEN 'paused'
    ELSE 'open'
END"""

_JUDGED = f"""
WITH heard AS (
    SELECT pilot_id, max(happened_at) AS heard_at FROM events
    WHERE happened_at > CAST($since AS TIMESTAMP) AND kind = 'feedback_received' AND actor <> $visitor
        AND detail->>'mode' = 'human'
    GROUP BY pilot_id
), judged AS (
    SELECT p.*, h.heard_at IS NOT NULL AS is_new, {OUTCOME} AS outcome, CASE
        WHEN approval_outcome = 'approved' THEN CASE
            WHEN NOT EXISTS (SELECT 1 FROM outcome_reports r WHERE r.pilot_id = p.pilot_id AND r.pilot_approved)
                AND NOT EXISTS (SELECT 1 FROM reports_due d WHERE d.pilot_id = p.pilot_id) THEN 'unfiled'
            WHEN h.heard_at IS NOT NULL THEN 'approved'
        END
        WHEN status = 'completed' OR latest_state IN {UNDER_WAY_SQL} THEN NULL
        WHEN exhausted THEN 'out_of_attempts'
        WHEN status = 'paused' THEN 'paused'
        WHEN latest_state = 'failed' THEN 'failed'
        WHEN latest_decision IS NOT NULL THEN 'feedback'
        WHEN latest_state IS NULL THEN 'begin'
        WHEN latest_stage = 'ready' THEN 'ready'
        ELSE 'awaiting'
    END AS kind
    FROM pilots p LEFT JOIN heard h ON h.pilot_id = p.pilot_id
), timed AS (
    SELECT *, CASE
        WHEN kind IN ('unfiled', 'approved') THEN COALESCE(decided_at, updated_at)
        WHEN kind IN ('failed', 'paused') THEN updated_at
        WHEN kind = 'awaiting' THEN COALESCE(latest_reached_at, latest_since, created_at)
        ELSE COALESCE(latest_since, created_at)
    END AS since,
    COALESCE(snoozed_until > CAST($now AS TIMESTAMP), FALSE) AS is_snoozed
    FROM judged WHERE kind IS NOT NULL
), marked AS (
    SELECT *, CASE
        WHEN kind = 'awaiting' THEN since <= CAST($review_late AS TIMESTAMP)
        WHEN kind IN ('unfiled', 'approved', 'paused') THEN FALSE
        ELSE since <= CAST($ours_late AS TIMESTAMP)
    END AS is_late,
    updated_at < CAST($stale_before AS TIMESTAMP) AND approval_outcome = 'pending' AS is_stale
    FROM timed
)
"""  # noqa: S608

_OF_VIEW = {
    Inbox.EVERYONE: "NOT is_snoozed",
    Inbox.MINE: "NOT is_snoozed AND owner = $visitor",
    Inbox.UNOWNED: "NOT is_snoozed AND owner IS NULL AND approval_outcome = 'pending'",
    Inbox.LATE: "NOT is_snoozed AND is_late",
    Inbox.SNOOZED: "is_snoozed",
}

_NEEDS = """
, ranked AS (
    SELECT *, count(*) OVER (PARTITION BY kind) AS alike,
        count(*) FILTER (WHERE is_late) OVER (PARTITION BY kind) AS late,
        row_number() OVER (PARTITION BY kind ORDER BY since, pilot_id) AS row_place
    FROM marked WHERE {of_view}
)
SELECT kind, pilot_id, founder_name, company_name, latest_attempt AS attempt_number, attempts_used, max_attempts,
    latest_stage AS stage, latest_watched AS watched,
    latest_decision AS decision, latest_said_by AS said_by, owner, snoozed_until, version, since, is_late, is_new,
    is_stale, alike, late,
    CASE WHEN kind = 'paused' THEN pause_reason WHEN kind = 'failed' OR latest_sla_passed = FALSE THEN latest_note END
        AS detail
FROM ranked WHERE row_place <= CASE WHEN kind = ANY($all_of) THEN $most ELSE $few END
ORDER BY row_place
"""

_VIEWS = "SELECT " + ", ".join(f"count(*) FILTER (WHERE {term}) AS {view}_n" for view, term in _OF_VIEW.items())

_COUNTS = f"""
SELECT count(*) AS pilots,
    count(*) FILTER (WHERE {OUTCOME} = 'open') AS open,
    count(*) FILTER (WHERE {OUTCOME} = 'exhausted') AS out_of_attempts,
    count(*) FILTER (WHERE {OUTCOME} = 'paused') AS paused,
    count(*) FILTER (WHERE latest_state IN {UNDER_WAY_SQL}) AS rendering,
    count(*) FILTER (WHERE status = 'active' AND latest_stage = 'ready') AS unsent,
    count(*) FILTER (WHERE status = 'active' AND latest_stage IN {WITH_FOUNDER_SQL}) AS awaiting,
    min(COALESCE(latest_reached_at, latest_since))
        FILTER (WHERE status = 'active' AND latest_stage IN {WITH_FOUNDER_SQL}) AS longest_waiting
FROM pilots
"""  # noqa: S608


def inbox(connection: Connection, asked: Asked) -> list[Need]:
    """The pilots of the inbox: by kind, then the longest wait first."""
    given = _given(asked) | {"all_of": [kind.value for kind in asked.all_of], "few": asked.few, "most": MOST}
    sql = _JUDGED + _NEEDS.format(of_view=_OF_VIEW[asked.show])
    # DuckDB takes no parameter that a statement does not name.
    used = {name: value for name, value in given.items() if f"${name}" in sql}
    needs = [_need(row) for row in rows(connection, sql, used)]
    return sorted(needs, key=lambda need: list(Kind).index(need.kind))


def pilot_counts(connection: Connection, asked: Asked) -> PilotCounts:
    """The counts of all pilots, and of each view of the inbox."""
    found = rows(connection, _COUNTS)[0]
    views = rows(connection, f"{_JUDGED} {_VIEWS} FROM marked", _given(asked))[0]
    return PilotCounts(
        **{**found, "longest_waiting": from_column(found["longest_waiting"])},
        by_view={view: views[f"{view}_n"] for view in Inbox},
    )


def _given(asked: Asked) -> Row:
    return {
        "visitor": asked.visitor,
        "since": to_column(asked.since or asked.now),
        "now": to_column(asked.now),
        "ours_late": to_column(asked.ours_late),
        "review_late": to_column(asked.review_late),
        "stale_before": to_column(asked.now - timedelta(days=current_rules().stale_days)),
    }


def _need(row: Row) -> Need:
    known = {name: row[name] for name in Need.__dataclass_fields__}
    times = {name: from_column(row[name]) for name in ("since", "snoozed_until")}
    return Need(**{**known, **times, "kind": Kind(row["kind"])})
