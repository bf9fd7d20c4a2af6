"""A cohort as three temporary tables, on which every metric, chart and list of the metrics page is one short query.

``chosen`` has a row for each pilot of the cohort, ``judged`` one for each attempt with its latest review,
``pilot_outcomes`` one for each pilot with its counts and its outcome. They hold what was known at ``as_of``, as
``insight.evidence.known_at`` says, and only the feedback of the cohort's mode. Pilots go by an integer ``pid`` there,
and words are kept under 13 letters: DuckDB joins and copies such values several times faster. A decision is
"approve", "minor" or "major".
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from pilot_core.domain.feedback import FeedbackMode
from pilot_core.insight.cohort import Cohort
from pilot_core.store.engine.connection import Connection, rows
from pilot_core.store.engine.database import Database
from pilot_core.store.tables.columns import to_column

T = TypeVar("T")

ALWAYS = datetime(9999, 12, 31, tzinfo=UTC)


class Fate(StrEnum):
    """The outcome of a pilot. The first three are decided, OPEN and PAUSED still open, CLOSED completed undecided."""

    APPROVED = "approved"
    DROPPED = "dropped"
    EXHAUSTED = "exhausted"
    DROPPED_EXTERNAL = "external"
    CLOSED = "closed"
    PAUSED = "paused"
    OPEN = "open"


DECIDED = "('approved', 'dropped', 'exhausted')"
STILL_OPEN = "('open', 'paused')"


@dataclass(frozen=True)
class Choices:
    """The values that a cohort's filters offer: those that pilots have, "" for none; days in UTC."""

    scenario: tuple[str, ...]
    brand: tuple[str, ...]
    playbook_version: tuple[str, ...]
    first_day: date | None
    last_day: date | None


def choices(database: Database) -> Choices:
    """The choices for the store's pilots."""

    def read(connection: Connection) -> Choices:
        lists = [
            [row["value"] for row in rows(connection, f"SELECT DISTINCT {column} AS value FROM pilots ORDER BY 1")]  # noqa: S608
            for column in ("scenario_type", "brand_preset", "COALESCE(playbook_version, '')")
        ]
        days = rows(connection, "SELECT min(created_at) AS first, max(created_at) AS last FROM pilots")[0]
        first, last = (days[name].date() if days[name] else None for name in ("first", "last"))
        return Choices(tuple(lists[0]), tuple(lists[1]), tuple(lists[2]), first, last)

    return database.read(read)


def in_cohort(database: Database, cohort: Cohort, as_of: datetime | None, work: Callable[[Connection], T]) -> T:
    """Run ``work`` on the cohort's tables, in one session and on one state of the store. It must fetch all it needs."""

    def session(connection: Connection) -> T:
        connection.begin()
        try:
            _make_tables(connection, cohort, as_of)
            return work(connection)
        finally:
            connection.rollback()

    return database.read(session)


def chosen_pilots(cohort: Cohort, as_of: datetime | None = None) -> tuple[str, dict[str, Any]]:
    """The cohort as a condition on ``pilots``, with its parameters."""
    given: dict[str, Any] = {"as_of": to_column(as_of or ALWAYS)}
    terms = ["created_at <= CAST($as_of AS TIMESTAMP)"]
    for column, name, values in (
        ("scenario_type", "scenario", cohort.scenario),
        ("brand_preset", "brand", cohort.brand),
        ("COALESCE(playbook_version, '')", "playbook", cohort.playbook_version),
    ):
        if values:
            terms.append(f"{column} = ANY(${name})")
            given[name] = list(values)
    if cohort.created_from:
        terms.append("created_at >= CAST($first_day AS TIMESTAMP)")
        given["first_day"] = datetime.combine(cohort.created_from, datetime.min.time())
    if cohort.created_to and cohort.created_to < date.max:
        terms.append("created_at < CAST($day_after AS TIMESTAMP)")
        given["day_after"] = datetime.combine(cohort.created_to + timedelta(days=1), datetime.min.time())
    return " AND ".join(terms), given


def _make_tables(connection: Connection, cohort: Cohort, as_of: datetime | None) -> None:
    where, given = chosen_pilots(cohort, as_of)
    connection.execute(_TABLES)
    # Without a past day nothing was decided later, and the approving reviews need not be looked up.
    then = {"later": _LATER, "approvals": _APPROVALS} if as_of else {"later": "FALSE", "approvals": ""}
    connection.execute(f"{_CHOSEN.format(**then)} WHERE {where}", given)
    connection.execute(_JUDGED, {"as_of": given["as_of"], "mode": cohort.mode})
    if as_of:
        connection.execute(_LAST_CHANGE_THEN, {"as_of": given["as_of"]})
    by_people = cohort.mode == FeedbackMode.HUMAN
    connection.execute(
        _PILOT_OUTCOMES.format(
            approved=_APPROVED if by_people else _APPROVED_BY_LATEST,
            approved_at="approved_at, decided_at" if by_people else "approved_at",
        )
    )
    # PostgreSQL knows nothing of new tables, and would sort all attempts where it can look them up.
    for table in ("chosen", "judged", "pilot_outcomes"):
        connection.execute(f"ANALYZE {table} (pid)")


_TABLES = """
CREATE TEMPORARY TABLE chosen (
    pid INTEGER, pilot_id TEXT, scenario_type TEXT, brand_preset TEXT, status TEXT, outcome TEXT,
    drop_external BOOLEAN, created_at TIMESTAMP, updated_at TIMESTAMP, decided_at TIMESTAMP, max_attempts INTEGER,
    has_reason BOOLEAN
);
CREATE TEMPORARY TABLE judged (
    pid INTEGER, attempt_number INTEGER, state TEXT, made_at TIMESTAMP, ready_at TIMESTAMP, has_video BOOLEAN,
    ttfc DOUBLE PRECISION, iterations INTEGER, cost DOUBLE PRECISION, sla_passed BOOLEAN, feedback_id TEXT, level TEXT,
    received_at TIMESTAMP, first_heard_at TIMESTAMP, sent_at TIMESTAMP, has_words BOOLEAN
);
CREATE TEMPORARY TABLE pilot_outcomes (
    pid INTEGER, reviewed INTEGER, approvals INTEGER, videos INTEGER, cost DOUBLE PRECISION, cost_is_known BOOLEAN,
    sla_kept INTEGER, sla_known INTEGER, last_sla INTEGER, last_number INTEGER, first_reviewed INTEGER,
    last_reviewed INTEGER, approved_attempt INTEGER, ttfc_first DOUBLE PRECISION, first_pass BOOLEAN,
    pilot_outcome TEXT, ended_at TIMESTAMP, has_reason BOOLEAN
);
"""

# A pilot that was decided later than as_of was still open then. An approval is decided when its review was received.
_CHOSEN = """
INSERT INTO chosen
SELECT row_number() OVER (ORDER BY created_at, pilots.pilot_id), pilots.pilot_id, scenario_type, brand_preset,
    CASE WHEN {later} THEN 'active' ELSE status END,
    CASE WHEN {later} THEN 'pending' ELSE approval_outcome END,
    drop_external, created_at, updated_at,
    CASE WHEN {later} THEN NULL ELSE decided_at END,
    max_attempts,
    approval_outcome = 'dropped' AND NOT COALESCE({later}, FALSE) AND trim(COALESCE(drop_reason, '')) <> ''
FROM pilots {approvals}
"""
_LATER = "status = 'completed' AND COALESCE(approving.received_at, decided_at) > CAST($as_of AS TIMESTAMP)"
_APPROVALS = """LEFT JOIN (
    SELECT a.pilot_id, f.received_at,
        row_number() OVER (PARTITION BY a.pilot_id ORDER BY a.attempt_number DESC) AS place
    FROM attempts a JOIN (
        SELECT attempt_id, level, received_at,
            row_number() OVER (PARTITION BY attempt_id ORDER BY received_at DESC NULLS LAST, position DESC) AS place
        FROM feedback WHERE mode = 'human'
    ) f ON f.attempt_id = a.attempt_id AND f.place = 1
    WHERE a.state = 'ready' AND f.level = 'approve'
) approving ON approving.pilot_id = pilots.pilot_id AND approving.place = 1 AND approval_outcome = 'approved'"""

# Most attempts have one feedback, at position 0; only the others need ranking. Either engine would write heard down for
# being read twice, which takes longer than to read it twice.
_JUDGED = """
INSERT INTO judged
WITH heard AS NOT MATERIALIZED (
    SELECT attempt_id, feedback_id, received_at, position,
        CASE level WHEN 'minor_changes' THEN 'minor' WHEN 'major_changes' THEN 'major' ELSE level END AS level,
        trim(notes) <> '' AS has_words
    FROM feedback
    WHERE mode = $mode AND (received_at IS NULL OR received_at <= CAST($as_of AS TIMESTAMP))
), several AS (
    SELECT DISTINCT attempt_id FROM feedback WHERE position > 0
), standing AS (
    SELECT attempt_id, feedback_id, level, received_at, received_at AS first_heard_at, has_words FROM heard
    WHERE attempt_id NOT IN (SELECT attempt_id FROM several)
    UNION ALL
    SELECT attempt_id, feedback_id, level, received_at, first_heard_at, has_words FROM (
        SELECT attempt_id, feedback_id, level, received_at, has_words,
            min(received_at) OVER (PARTITION BY attempt_id) AS first_heard_at,
            row_number() OVER (PARTITION BY attempt_id ORDER BY received_at DESC NULLS LAST, position DESC) AS place
        FROM heard WHERE attempt_id IN (SELECT attempt_id FROM several)
    ) ranked WHERE place = 1
), known AS (
    SELECT c.pid, a.attempt_id, a.attempt_number, COALESCE(a.ready_at, a.created_at) AS made_at, a.ready_at,
        COALESCE(a.ready_at > CAST($as_of AS TIMESTAMP), FALSE) AS unfinished, a.state,
        COALESCE(a.ready_at > CAST($as_of AS TIMESTAMP), FALSE) OR a.state = 'failed' AS unmeasured,
        CASE WHEN a.sent_at <= CAST($as_of AS TIMESTAMP) THEN a.sent_at ELSE a.ready_at END AS sent_at,
        COALESCE(a.video_path, '') <> '' OR (a.state = 'ready' AND a.source->>'video_path' IS NOT NULL) AS had_video,
        a.time_to_first_cut_seconds, a.iteration_count, a.total_cost_dollars, a.sla_passed
    FROM attempts a JOIN chosen c ON c.pilot_id = a.pilot_id
    WHERE a.created_at IS NULL OR a.created_at <= CAST($as_of AS TIMESTAMP)
)
SELECT k.pid, k.attempt_number, CASE WHEN k.unfinished THEN 'rendering' ELSE k.state END, k.made_at,
    CASE WHEN NOT k.unfinished THEN k.ready_at END,
    NOT k.unmeasured AND k.had_video,
    CASE WHEN NOT k.unmeasured THEN k.time_to_first_cut_seconds END,
    CASE WHEN NOT k.unmeasured THEN k.iteration_count END,
    CASE WHEN NOT k.unmeasured THEN k.total_cost_dollars END,
    CASE WHEN NOT k.unmeasured THEN k.sla_passed END,
    s.feedback_id, s.level, s.received_at, s.first_heard_at,
    CASE WHEN NOT k.unfinished THEN k.sent_at END, COALESCE(s.has_words, FALSE)
FROM known k LEFT JOIN standing s ON s.attempt_id = k.attempt_id AND k.state = 'ready' AND NOT k.unfinished
"""

# What happened to a pilot after as_of was not known then. Imported pilots may have attempts and reviews without events.
_LAST_CHANGE_THEN = """
UPDATE chosen SET updated_at = known.happened_at FROM (
    SELECT pid, max(happened_at) AS happened_at FROM (
        SELECT pid, created_at AS happened_at FROM chosen
        UNION ALL SELECT pid, made_at FROM judged
        UNION ALL SELECT pid, received_at FROM judged
        UNION ALL SELECT c.pid, e.happened_at FROM events e JOIN chosen c ON c.pilot_id = e.pilot_id
    ) times WHERE happened_at <= CAST($as_of AS TIMESTAMP) GROUP BY pid
) known WHERE known.pid = chosen.pid AND chosen.updated_at > CAST($as_of AS TIMESTAMP)
"""

_APPROVED = "c.outcome = 'approved'"
# Simulated feedback decides no pilot; what it would have decided is its latest decision.
_APPROVED_BY_LATEST = "c.outcome <> 'dropped' AND t.approved_attempt = t.last_reviewed"

_PILOT_OUTCOMES = """
INSERT INTO pilot_outcomes
WITH tallies AS (
    SELECT pid,
        count(*) FILTER (WHERE state <> 'failed') AS used,
        count(level) AS reviewed,
        count(*) FILTER (WHERE level = 'approve') AS approvals,
        count(*) FILTER (WHERE has_video) AS videos,
        sum(cost) AS cost,
        count(*) FILTER (WHERE cost IS NULL AND state = 'ready') = 0 AS cost_is_known,
        count(*) FILTER (WHERE sla_passed) AS sla_kept,
        count(sla_passed) AS sla_known,
        max(attempt_number * 3 + CASE WHEN sla_passed THEN 2 WHEN sla_passed IS NULL THEN 0 ELSE 1 END)
            FILTER (WHERE state = 'ready') % 3 AS last_sla,
        max(attempt_number) FILTER (WHERE state <> 'failed') AS last_number,
        min(attempt_number) FILTER (WHERE level IS NOT NULL) AS first_reviewed,
        max(attempt_number) FILTER (WHERE level IS NOT NULL) AS last_reviewed,
        max(attempt_number) FILTER (WHERE level = 'approve') AS approved_attempt,
        max(received_at) AS last_heard_at,
        max(ttfc) FILTER (WHERE attempt_number = 1) AS ttfc_first,
        bool_or(level = 'approve') FILTER (WHERE attempt_number = 1 AND level IS NOT NULL) AS first_pass,
        bool_or(has_words) AS has_words
    FROM judged GROUP BY pid
), standing AS (
    SELECT c.pid, c.updated_at, c.decided_at, t.reviewed, t.approvals, t.videos, t.cost,
        COALESCE(t.cost_is_known, TRUE) AS cost_is_known, t.sla_kept, t.sla_known,
        t.last_sla, t.last_number, t.first_reviewed, t.last_reviewed, t.approved_attempt,
        approving.received_at AS approved_at,
        t.last_heard_at, t.ttfc_first, t.first_pass,
        c.has_reason OR COALESCE(t.has_words, FALSE) AS has_reason,
        CASE
            WHEN {approved} THEN 'approved'
            WHEN c.outcome = 'dropped' AND c.drop_external THEN 'external'
            WHEN c.outcome = 'dropped' THEN 'dropped'
            WHEN t.used > 0 AND t.used >= c.max_attempts AND t.reviewed = t.used AND t.approvals = 0 THEN 'exhausted'
            WHEN c.status = 'completed' THEN 'closed'
            WHEN c.status = 'paused' THEN 'paused'
            ELSE 'open'
        END AS pilot_outcome
    FROM chosen c LEFT JOIN tallies t ON t.pid = c.pid
    LEFT JOIN judged approving ON approving.pid = t.pid AND approving.attempt_number = t.approved_attempt
)
SELECT pid, COALESCE(reviewed, 0), COALESCE(approvals, 0), COALESCE(videos, 0), cost, cost_is_known,
    COALESCE(sla_kept, 0), COALESCE(sla_known, 0), COALESCE(last_sla, 0), last_number, first_reviewed, last_reviewed,
    CASE WHEN pilot_outcome = 'approved' THEN approved_attempt END, ttfc_first, first_pass, pilot_outcome,
    CASE pilot_outcome
        WHEN 'approved' THEN COALESCE({approved_at}, updated_at)
        WHEN 'dropped' THEN COALESCE(decided_at, updated_at)
        WHEN 'external' THEN COALESCE(decided_at, updated_at)
        WHEN 'exhausted' THEN COALESCE(last_heard_at, updated_at)
        WHEN 'closed' THEN COALESCE(decided_at, last_heard_at, updated_at)
    END,
    has_reason
FROM standing
"""
