"""Whom pilots waited for, and how long, from their events."""

from datetime import datetime, timedelta
from typing import Any

from pilot_core import ids
from pilot_core.insight.cohort import Cohort
from pilot_core.insight.waits import Party, Waits
from pilot_core.store.engine.connection import Connection, rows
from pilot_core.store.engine.database import Database
from pilot_core.store.queries.cohorts import in_cohort
from pilot_core.store.tables.columns import to_column

# An attempt that was reviewed and of which no sending is known counts as sent when it was ready. Feedback on an earlier
# attempt than the latest changes nothing. A pilot that has ended waits for nobody, whatever is noted afterwards, until
# a decision is undone or an attempt added. An attempt without a pipeline was ready when it was added. Of older attempts
# the sending is known without an event.
_WAITS = """
WITH told AS (
    SELECT e.pilot_id, e.happened_at, e.pilot_version, e.position, e.kind,
        CAST(e.detail->>'attempt_number' AS INTEGER) AS attempt_number, e.detail->>'pipeline' AS pipeline
    FROM events e JOIN asked q ON q.pilot_id = e.pilot_id
    WHERE e.happened_at <= CAST($until AS TIMESTAMP) AND (e.kind IN (
        'created', 'attempt_added', 'attempt_retried',
        'render_started', 'render_failed', 'cut_ready', 'attempt_sent', 'sending_undone', 'review_decision',
        'decision_undone', 'paused', 'resumed', 'dropped', 'approved'
    ) OR (e.kind = 'feedback_received' AND e.detail->>'mode' = 'human'))
), numbered AS (
    SELECT *, max(CASE WHEN kind = 'attempt_added' THEN attempt_number END) OVER (
        PARTITION BY pilot_id ORDER BY pilot_version, position) AS latest
    FROM told
), steps AS (
    SELECT n.pilot_id, n.happened_at, n.pilot_version, n.position, CASE
        WHEN kind IN ('created', 'render_failed', 'sending_undone') THEN 'team'
        WHEN kind = 'cut_ready' OR (kind = 'attempt_added' AND n.pipeline IS NULL) THEN CASE
            WHEN a.sent_at IS NULL AND EXISTS (
                SELECT 1 FROM feedback f WHERE f.attempt_id = a.attempt_id AND f.mode = 'human'
            ) THEN 'founder' ELSE 'team' END
        WHEN kind IN ('attempt_added', 'attempt_retried', 'render_started') THEN 'rendering'
        WHEN kind IN ('attempt_sent', 'decision_undone') THEN 'founder'
        WHEN kind IN ('feedback_received', 'review_decision') THEN CASE
            WHEN n.attempt_number >= n.latest THEN 'team' END
    END AS party,
        CASE WHEN kind = 'paused' THEN 1 WHEN kind IN ('resumed', 'approved', 'dropped') THEN 0 END AS pausing,
        CASE WHEN kind IN ('approved', 'dropped') THEN 1 WHEN kind IN ('decision_undone', 'attempt_added') THEN 0 END
            AS ending
    FROM numbered n LEFT JOIN attempts a ON a.pilot_id = n.pilot_id AND a.attempt_number = n.attempt_number
    UNION ALL
    SELECT a.pilot_id, a.sent_at, 0, 0, 'founder', NULL, NULL
    FROM attempts a JOIN asked q ON q.pilot_id = a.pilot_id
    WHERE a.sent_at <= CAST($until AS TIMESTAMP) AND NOT EXISTS (
        SELECT 1 FROM events e WHERE e.pilot_id = a.pilot_id AND e.kind = 'attempt_sent'
            AND CAST(e.detail->>'attempt_number' AS INTEGER) = a.attempt_number)
), counted AS (
    SELECT *, count(party) OVER known AS party_place, count(pausing) OVER known AS pausing_place,
        count(ending) OVER known AS ending_place,
        lead(happened_at) OVER (PARTITION BY pilot_id ORDER BY happened_at, pilot_version, position) AS next_at
    FROM steps
    WINDOW known AS (PARTITION BY pilot_id ORDER BY happened_at, pilot_version, position)
), filled AS (
    SELECT pilot_id, happened_at, COALESCE(next_at, CAST($until AS TIMESTAMP)) AS next_at,
        max(party) OVER (PARTITION BY pilot_id, party_place) AS party,
        max(pausing) OVER (PARTITION BY pilot_id, pausing_place) AS pausing,
        max(ending) OVER (PARTITION BY pilot_id, ending_place) AS ending
    FROM counted
), timed AS (
    SELECT CASE WHEN pausing = 1 THEN 'paused' ELSE party END AS party,
        CAST(EXTRACT(EPOCH FROM (next_at - happened_at)) AS DOUBLE PRECISION) AS seconds
    FROM filled WHERE ending IS DISTINCT FROM 1
)
SELECT party, sum(seconds) AS seconds FROM timed WHERE party IS NOT NULL GROUP BY party
"""

_COUNTS = """
SELECT count(*) AS pilots, count(*) FILTER (WHERE EXISTS (
    SELECT 1 FROM events e WHERE e.pilot_id = q.pilot_id AND e.kind = 'imported')) AS unknown
FROM asked q
"""
_KNOWN = "NOT EXISTS (SELECT 1 FROM events e WHERE e.pilot_id = asked_of.pilot_id AND e.kind = 'imported')"


def pilot_waits(database: Database, pilot_id: str, until: datetime) -> Waits:
    """Return the time of one pilot until then (UTC), or until it ended."""
    given = {"pilot": ids.checked_pilot_id(pilot_id)}
    return database.read(lambda c: _waits(c, "SELECT pilot_id FROM pilots WHERE pilot_id = $pilot", given, until))


def approved_waits(database: Database, cohort: Cohort, until: datetime, *, as_of: datetime | None = None) -> Waits:
    """Return the time of the cohort's approved pilots."""
    approved = """SELECT c.pilot_id FROM chosen c JOIN pilot_outcomes f ON f.pid = c.pid
        WHERE f.pilot_outcome = 'approved'"""
    return in_cohort(database, cohort, as_of, lambda c: _waits(c, approved, {}, until))


def _waits(connection: Connection, asked: str, given: dict[str, Any], until: datetime) -> Waits:
    counts = rows(connection, f"WITH asked AS ({asked}) {_COUNTS}", given)[0]
    known = f"SELECT pilot_id FROM ({asked}) asked_of WHERE {_KNOWN}"  # noqa: S608
    sql = _WAITS.replace("WITH told", f"WITH asked AS ({known}), told", 1)
    found = {row["party"]: row["seconds"] for row in rows(connection, sql, given | {"until": to_column(until)})}
    by_party = {party: timedelta(seconds=found.get(party.value, 0.0)) for party in Party}
    return Waits(counts["pilots"] - counts["unknown"], counts["unknown"], by_party)
