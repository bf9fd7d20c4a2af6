"""A number that changes whenever an open page of the dashboard may show something outdated.

It is asked for often, so it is one short query, and on DuckDB none at all while nobody has written to the file.
"""

import threading

from pilot_core.store.engine.connection import rows
from pilot_core.store.engine.database import Database

_OF_ALL = """
SELECT p.pilots, p.versions, e.last_event, m.messages, m.ended, r.reports
FROM (SELECT count(*) AS pilots, sum(version) AS versions FROM pilots) p
CROSS JOIN (SELECT max(happened_at) AS last_event FROM events) e
CROSS JOIN (SELECT count(*) AS messages, max(ended_at) AS ended FROM messages) m
CROSS JOIN (SELECT count(*) AS reports FROM outcome_reports) r
"""
_OF_PILOT = """
SELECT p.version, p.latest_stage, p.latest_watched, e.events, c.edited, c.judged, m.messages, m.ended
FROM pilots p
CROSS JOIN (SELECT count(*) AS events FROM events WHERE pilot_id = ?) e
CROSS JOIN (SELECT max(edited_at) AS edited, max(judged_at) AS judged FROM comments WHERE pilot_id = ?) c
CROSS JOIN (SELECT count(*) AS messages, max(ended_at) AS ended FROM messages WHERE pilot_id = ?) m
WHERE p.pilot_id = ?
"""
KEPT = 200

_known: dict[tuple[str, str], tuple[tuple[float, ...], str]] = {}
_guard = threading.Lock()


def change_number(database: Database, pilot_id: str = "") -> str:
    """Return the number of one pilot, or of all for "". It is a text that only equality says something about."""
    key, stamp = (str(database.path), pilot_id), database.file_stamp()
    with _guard:
        found = _known.get(key)
    if found and stamp and found[0] == stamp:
        return found[1]
    sql, given = (_OF_PILOT, [pilot_id] * 4) if pilot_id else (_OF_ALL, [])
    read = database.read(lambda connection: rows(connection, sql, given))
    number = " ".join(str(value) for row in read for value in row.values())
    with _guard:
        if len(_known) >= KEPT:
            _known.clear()
        _known[key] = (stamp, number)
    return number
