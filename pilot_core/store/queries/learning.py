"""What was learned: the pilots that ended with a usable answer.

It is read from the temporary tables of ``cohorts``, so functions take the cohort's connection.
"""

from pilot_core.insight.stats import Rate, rate
from pilot_core.store.engine.connection import Connection, rows

# A reason is why the pilot was dropped, or the words of a review; a flag one that a person raised on a review.
HAS_ANSWER = """(
    f.pilot_outcome = 'approved' OR (
        f.pid IN (SELECT j.pid FROM judged j JOIN feedback_flags g ON g.feedback_id = j.feedback_id)
        AND f.pid IN (
            SELECT c.pid FROM chosen c JOIN pilots s ON s.pilot_id = c.pilot_id
            WHERE c.outcome = 'dropped' AND trim(s.drop_reason) <> ''
            UNION ALL
            SELECT j.pid FROM judged j JOIN feedback b ON b.feedback_id = j.feedback_id WHERE trim(b.notes) <> ''
        )
    )
)"""

_LEARNING = f"""
SELECT count(*) AS ended, count(*) FILTER (WHERE {HAS_ANSWER}) AS answered
FROM pilot_outcomes f WHERE f.ended_at IS NOT NULL
"""  # noqa: S608


def learning_rate(connection: Connection) -> Rate:
    """Pilots that ended with a usable answer, of all that ended: approved, or with reasons and flags on record."""
    found = rows(connection, _LEARNING)[0]
    return rate(found["answered"], found["ended"])
