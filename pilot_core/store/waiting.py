"""Where every open pilot stands in time, as rows: what the clocks of messages run from."""

from dataclasses import dataclass
from datetime import datetime

from pilot_core.store.database import rows
from pilot_core.store.lease import Connection
from pilot_core.store.rows import from_column, to_column


@dataclass(frozen=True)
class Course:
    """An active pilot's latest attempt; times in UTC. ``since`` is when it came to stand so, or the pilot was resumed.

    ``told`` is the state of the message that the attempt's cut is ready, None where there is none, and ``told_at`` when
    that was over. ``link_ends`` is when the founder's last living review link ends.
    """

    pilot_id: str
    founder_name: str
    company_name: str
    attempt_number: int | None
    state: str | None
    decision: str | None
    since: datetime
    told: str | None
    told_at: datetime | None
    is_quiet: bool
    is_off: bool
    link_ends: datetime | None


_COURSES = """
SELECT p.pilot_id, p.founder_name, p.company_name, p.latest_attempt AS attempt_number, p.latest_state AS state,
    p.latest_decision AS decision, COALESCE(p.latest_since, p.created_at) AS since, r.resumed_at,
    m.state AS told, m.ended_at AS told_at, c.quiet_at IS NOT NULL AS is_quiet,
    COALESCE(c.messages_off, FALSE) AS is_off, l.link_ends
FROM pilots p
LEFT JOIN (SELECT pilot_id, max(happened_at) AS resumed_at FROM events WHERE kind = 'resumed' GROUP BY pilot_id) r
    ON r.pilot_id = p.pilot_id
LEFT JOIN messages m ON m.pilot_id = p.pilot_id AND m.kind = 'cut_ready' AND m.attempt_number = p.latest_attempt
LEFT JOIN pilot_contacts c ON c.pilot_id = p.pilot_id
LEFT JOIN (
    SELECT pilot_id, lower(reviewer) AS reviewer, max(expires_at) AS link_ends FROM review_links
    WHERE revoked_at IS NULL AND expires_at > CAST($now AS TIMESTAMP) GROUP BY pilot_id, lower(reviewer)
) l ON l.pilot_id = p.pilot_id AND l.reviewer = lower(p.founder_name)
WHERE p.status = 'active' AND (CAST($pilot_id AS TEXT) IS NULL OR p.pilot_id = $pilot_id)
ORDER BY p.created_at, p.pilot_id
"""


def courses(connection: Connection, now: datetime, pilot_id: str | None = None) -> list[Course]:
    """The active pilots, or that one if it is active, in order of creation."""
    found = []
    for row in rows(connection, _COURSES, {"now": to_column(now), "pilot_id": pilot_id}):
        times = [from_column(at) for at in (row.pop("since"), row.pop("resumed_at")) if at]
        for name in ("told_at", "link_ends"):
            row[name] = from_column(row[name])
        found.append(Course(**row, since=max(at for at in times if at)))
    return found


def last_reminded(connection: Connection) -> dict[str, datetime]:
    """When each pilot's founder was last written to without a cut being new (UTC)."""
    sql = (
        "SELECT pilot_id, max(written_at) AS written_at FROM messages "
        "WHERE kind IN ('reminder', 'link_expiring') GROUP BY pilot_id"
    )
    found = {row["pilot_id"]: from_column(row["written_at"]) for row in rows(connection, sql)}
    return {pilot_id: at for pilot_id, at in found.items() if at}


def reminders_since(connection: Connection, pilot_id: str, attempt_number: int) -> int:
    """How many reminders of an attempt went, or were there to be copied."""
    sql = (
        "SELECT count(*) AS many FROM messages WHERE pilot_id = ? AND attempt_number = ? AND kind = 'reminder' "
        "AND state IN ('sent', 'by_hand')"
    )
    return int(rows(connection, sql, [pilot_id, attempt_number])[0]["many"])
