"""The first videos that reviews judged, for ``insight.word_costs``."""

import json
from datetime import datetime
from typing import Any

from pilot_core.insight.cohort import Cohort
from pilot_core.insight.word_costs import FirstVideo
from pilot_core.store.engine.connection import Row, rows
from pilot_core.store.engine.database import Database
from pilot_core.store.queries.cohorts import in_cohort

_FIRST_VIDEOS = """
SELECT n.level, s.brand_context->>'pacing_label' AS pacing, a.video_path, a.drafts, n.of_all
FROM (
    SELECT pid, level, count(*) OVER () AS of_all FROM judged WHERE attempt_number = 1 AND level IS NOT NULL
    ORDER BY received_at DESC NULLS LAST, pid DESC LIMIT $latest
) n
JOIN chosen c ON c.pid = n.pid
JOIN pilots s ON s.pilot_id = c.pilot_id
JOIN attempts a ON a.pilot_id = c.pilot_id AND a.attempt_number = 1
"""


def first_videos(
    database: Database, cohort: Cohort, *, as_of: datetime | None = None, latest: int = 1000
) -> tuple[list[FirstVideo], int]:
    """The videos of the latest reviewed first attempts, and how many such attempts there are in all."""
    found = in_cohort(database, cohort, as_of, lambda c: rows(c, _FIRST_VIDEOS, {"latest": latest}))
    return [_first_video(row) for row in found], found[0]["of_all"] if found else 0


def _first_video(row: Row) -> FirstVideo:
    drafts: list[dict[str, Any]] = json.loads(row["drafts"] or "[]")
    shown = [draft for draft in drafts if draft.get("video_path") == row["video_path"]] or drafts
    shots = shown[-1].get("shots") or [] if shown else []
    opening = [shot.get("text", "") for shot in shots if shot.get("beat") == shots[0].get("beat")]
    return FirstVideo(
        approved=row["level"] == "approve",
        pacing=row["pacing"] or "",
        seconds=shown[-1].get("duration") if shown else None,
        words=sum(len(shot.get("text", "").split()) for shot in shots) if shots else None,
        opening=" ".join(opening).strip() if shots else None,
    )
