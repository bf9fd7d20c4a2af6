"""The latest step of every active pilot, and who may need a reminder.

``messages.deadlines`` asks these together with the outbox, in one reading, so they take that reading's connection.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pilot_core.store.engine.connection import Connection, rows
from pilot_core.store.tables.columns import from_column, to_column


@dataclass(frozen=True)
class ActivePilot:
    """An active pilot's latest attempt; times in UTC. ``since`` is when its step began, or when the pilot was resumed.

    ``reached_at`` is when the founder was sent its video or somebody opened it, the earlier of both; None if neither is
    known. ``link_ends`` is when the founder's last valid review link expires.
    """

    pilot_id: str
    founder_name: str
    company_name: str
    attempt_number: int | None
    state: str | None
    decision: str | None
    since: datetime
    reached_at: datetime | None
    is_quiet: bool
    is_off: bool
    link_ends: datetime | None


_ACTIVE = """
SELECT p.pilot_id, p.founder_name, p.company_name, p.latest_attempt AS attempt_number, p.latest_state AS state,
    p.latest_decision AS decision, COALESCE(p.latest_since, p.created_at) AS since, r.resumed_at,
    p.latest_reached_at AS reached_at, c.quiet_at IS NOT NULL AS is_quiet,
    COALESCE(c.messages_off, FALSE) AS is_off, l.link_ends
FROM pilots p
LEFT JOIN (
    SELECT pilot_id, max(happened_at) AS resumed_at FROM events WHERE kind = 'resumed' {of_these} GROUP BY pilot_id
) r ON r.pilot_id = p.pilot_id
LEFT JOIN pilot_contacts c ON c.pilot_id = p.pilot_id
LEFT JOIN (
    SELECT pilot_id, lower(reviewer) AS reviewer, max(expires_at) AS link_ends FROM review_links
    WHERE revoked_at IS NULL AND expires_at > CAST($now AS TIMESTAMP) {of_these} GROUP BY pilot_id, lower(reviewer)
) l ON l.pilot_id = p.pilot_id AND l.reviewer = lower(p.founder_name)
WHERE p.status = 'active' {begun} {of_these_pilots}
ORDER BY p.created_at, p.pilot_id
"""

_SILENT = """p.status = 'active' AND p.latest_state = 'ready' AND p.latest_decision IS NULL
    AND p.latest_reached_at IS NOT NULL"""
_MAY_BE_SENT = """
NOT EXISTS (
    SELECT 1 FROM pilot_contacts c WHERE c.pilot_id = a.pilot_id AND (c.quiet_at IS NOT NULL OR c.messages_off)
) AND NOT EXISTS (
    SELECT 1 FROM messages b WHERE b.pilot_id = a.pilot_id AND b.kind IN ('reminder', 'link_expiring') AND (
        b.state IN ('waiting', 'going')
        OR (b.written_at >= CAST($today AS TIMESTAMP) AND b.written_at < CAST($tomorrow AS TIMESTAMP))
        OR (b.ended_at >= CAST($today AS TIMESTAMP) AND b.ended_at < CAST($tomorrow AS TIMESTAMP))
    )
)
"""
# Joins only what changed recently, so that the store's size hardly matters. A resumed pilot has a row of its own.
_TO_REMIND = """
WITH notified AS (
    SELECT p.pilot_id, GREATEST(COALESCE(p.latest_since, p.created_at), p.latest_reached_at) AS since FROM pilots p
    WHERE {silent} AND p.latest_reached_at > CAST($oldest AS TIMESTAMP)
    UNION ALL
    SELECT p.pilot_id, max(e.happened_at) AS since
    FROM events e JOIN pilots p ON p.pilot_id = e.pilot_id
    WHERE {silent} AND e.kind = 'resumed' AND e.happened_at > CAST($oldest AS TIMESTAMP) GROUP BY p.pilot_id
), a AS (
    SELECT pilot_id, since, {place} AS place FROM notified
)
SELECT a.pilot_id FROM a WHERE a.place IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM messages m WHERE m.pilot_id = a.pilot_id AND m.kind = 'reminder' AND m.written_at > a.since
        AND m.written_at > CAST($oldest AS TIMESTAMP) AND m.about LIKE a.place || ' %'
) AND {may_be_sent}
"""
_LINK_ENDS = """
WITH a AS (
    SELECT p.pilot_id, p.latest_attempt, l.expires_at FROM review_links l
    JOIN pilots p ON p.pilot_id = l.pilot_id AND lower(p.founder_name) = lower(l.reviewer)
    WHERE {silent} AND l.revoked_at IS NULL
        AND l.expires_at > CAST($now AS TIMESTAMP) AND l.expires_at <= CAST($link_ends AS TIMESTAMP)
)
SELECT a.pilot_id FROM a WHERE NOT EXISTS (
    SELECT 1 FROM messages m WHERE m.pilot_id = a.pilot_id AND m.kind = 'link_expiring'
        AND m.attempt_number = a.latest_attempt AND m.about = replace(CAST(a.expires_at AS VARCHAR), ' ', 'T') || 'Z'
) AND {may_be_sent}
"""


def active_pilots(
    connection: Connection, now: datetime, of: list[str] | None = None, begun_by: datetime | None = None
) -> list[ActivePilot]:
    """The active pilots in order of creation; of those ids only, or whose latest step began by ``begun_by``."""
    names = {"of_these": "", "of_these_pilots": "", "begun": ""}
    given: dict[str, Any] = {"now": to_column(now)}
    if begun_by:
        names["begun"] = "AND COALESCE(p.latest_since, p.created_at) <= CAST($begun_by AS TIMESTAMP)"
        given["begun_by"] = to_column(begun_by)
    if of is not None:
        names |= {"of_these": "AND pilot_id = ANY($of)", "of_these_pilots": "AND p.pilot_id = ANY($of)"}
        given["of"] = of
    found = []
    for row in rows(connection, _ACTIVE.format(**names), given):
        times = [from_column(at) for at in (row.pop("since"), row.pop("resumed_at")) if at]
        for name in ("reached_at", "link_ends"):
            row[name] = from_column(row[name])
        found.append(ActivePilot(**row, since=max(at for at in times if at)))
    return found


def to_remind(
    connection: Connection,
    now: datetime,
    today: tuple[datetime, datetime],
    spans: list[tuple[datetime, datetime]],
    link_ends: datetime,
) -> list[str]:
    """The ids of the pilots whose founders may be due for a reminder, or for notice that their link expires.

    A founder whom the video reached within the n-th of ``spans`` (from 1) is due for the n-th reminder; one whose link
    expires by ``link_ends`` for that notice. Excludes founders who opted out, who were written to in the span
    ``today``, or to whom a message is being sent. May return too many, never too few.
    """
    day = {"today": to_column(today[0]), "tomorrow": to_column(today[1])}
    given: dict[str, Any] = {"oldest": to_column(min(first for first, _ in spans))}
    cases = []
    for place, (first, last) in enumerate(spans, 1):
        cases.append(f"WHEN since > CAST($first{place} AS TIMESTAMP) AND since <= CAST($last{place} AS TIMESTAMP) ")
        cases.append(f"THEN '{place}' ")
        given |= {f"first{place}": to_column(first), f"last{place}": to_column(last)}
    parts = {"silent": _SILENT, "may_be_sent": _MAY_BE_SENT, "place": f"CASE {''.join(cases)}END"}
    found = rows(connection, _TO_REMIND.format(**parts), given | day)
    ending = {"now": to_column(now), "link_ends": to_column(link_ends)}
    found += rows(connection, _LINK_ENDS.format(**parts), ending | day)
    return sorted({row["pilot_id"] for row in found})
