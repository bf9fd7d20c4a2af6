"""Count the flags that earlier pilots with the same scenario and pacing drew, for ``insight.drawn_flags``."""

from pilot_core.store.engine.connection import rows
from pilot_core.store.engine.database import Database

_DRAWN = """
WITH standing AS (
    SELECT pilot_id, feedback_id FROM (
        SELECT f.pilot_id, f.feedback_id, row_number() OVER (
            PARTITION BY f.attempt_id ORDER BY f.received_at DESC NULLS LAST, f.position DESC
        ) AS place
        FROM pilots p
        JOIN attempts a ON a.pilot_id = p.pilot_id AND a.state = 'ready'
        JOIN feedback f ON f.attempt_id = a.attempt_id AND f.mode = 'human'
        WHERE p.scenario_type = $scenario AND p.brand_context->>'pacing_label' = $pacing AND p.pilot_id <> $without
    ) ranked WHERE place = 1
)
SELECT NULL AS flag, count(DISTINCT pilot_id) AS pilots FROM standing
UNION ALL
SELECT g.flag, count(DISTINCT s.pilot_id) FROM standing s JOIN feedback_flags g ON g.feedback_id = s.feedback_id
GROUP BY g.flag
"""


def drawn_flags(database: Database, scenario: str, pacing: str, without: str = "") -> tuple[int, dict[str, int]]:
    """How many pilots with this scenario and pacing people have reviewed, and the pilots that each flag was raised on.

    Only standing reviews count. ``without`` is a pilot that is left out.
    """
    given = {"scenario": scenario, "pacing": pacing, "without": without}
    found = {row["flag"]: row["pilots"] for row in database.read(lambda c: rows(c, _DRAWN, given))}
    return found.pop(None), found
