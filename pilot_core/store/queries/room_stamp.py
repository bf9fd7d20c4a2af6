"""Whether a pilot's review room shows what is stored: one short query, since every open room asks it often."""

from pilot_core.store.engine.connection import rows
from pilot_core.store.engine.database import Database

_SQL = """
    SELECT p.version, c.said, c.last_said, c.last_edited, c.last_judged, c.addressed, r.answers, r.met, r.last_answered,
        m.marks, m.last_marked, l.links, l.last_made, l.last_revoked, l.downloads, e.erasures
    FROM pilots p
    CROSS JOIN (
        SELECT count(*) AS said, max(created_at) AS last_said, max(edited_at) AS last_edited,
            max(judged_at) AS last_judged, count(*) FILTER (WHERE addressed) AS addressed
        FROM comments WHERE pilot_id = ? AND deleted_at IS NULL
    ) c
    CROSS JOIN (
        SELECT count(*) AS answers, count(*) FILTER (WHERE addressed) AS met, max(answered_at) AS last_answered
        FROM request_answers WHERE pilot_id = ?
    ) r
    CROSS JOIN (
        SELECT count(*) AS marks, max(made_at) AS last_marked FROM request_marks WHERE pilot_id = ?
    ) m
    CROSS JOIN (
        SELECT count(*) AS links, max(created_at) AS last_made, max(revoked_at) AS last_revoked,
            count(*) FILTER (WHERE may_download) AS downloads
        FROM review_links WHERE pilot_id = ?
    ) l
    CROSS JOIN (SELECT count(*) AS erasures FROM erasures) e
    WHERE p.pilot_id = ?
"""


def room_stamp(database: Database, pilot_id: str) -> str:
    """Return a text that changes whenever the pilot, its attempts, comments, answers, marks or links do.

    It also changes when someone is erased. It is empty for an unknown pilot.
    """
    found = database.read(lambda connection: rows(connection, _SQL, [pilot_id] * 5))
    return " ".join(str(value) for row in found for value in row.values())
