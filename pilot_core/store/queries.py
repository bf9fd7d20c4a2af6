"""Reads that span pilots: what lists, cards and charts show, filtered and counted in SQL."""

import json
from dataclasses import dataclass
from datetime import datetime

from pilot_core.store.database import Database, Row, rows
from pilot_core.store.rows import from_column


@dataclass(frozen=True)
class PilotSummary:
    """One line of a list of pilots. Times in UTC, cost in dollars.

    ``decisions`` has one entry an attempt, in order: the human decision that stands, else the attempt's state.
    """

    pilot_id: str
    founder_name: str
    company_name: str
    scenario_type: str
    brand_preset: str
    playbook_version: str | None
    status: str
    approval_outcome: str
    recommendation: str | None
    recommendation_state: str
    reason_code: str
    reason_text: str
    attempts_used: int
    max_attempts: int
    decisions: tuple[str, ...]
    total_cost_dollars: float | None
    created_at: datetime
    updated_at: datetime


_SUMMARIES = """
WITH standing AS (
    SELECT attempt_id, level FROM (
        SELECT attempt_id, level, row_number() OVER (
            PARTITION BY attempt_id ORDER BY received_at DESC NULLS LAST, position DESC
        ) AS place
        FROM feedback WHERE mode = 'human'
    ) latest WHERE place = 1
), per_pilot AS (
    SELECT a.pilot_id,
        sum(CASE WHEN a.state <> 'failed' THEN 1 ELSE 0 END) AS attempts_used,
        sum(a.total_cost_dollars) AS total_cost_dollars,
        string_agg(COALESCE(s.level, a.state), ' ' ORDER BY a.attempt_number) AS decisions
    FROM attempts a LEFT JOIN standing s ON s.attempt_id = a.attempt_id
    GROUP BY a.pilot_id
)
SELECT p.pilot_id, p.founder_name, p.company_name, p.scenario_type, p.brand_preset, p.playbook_version, p.status,
    p.approval_outcome, p.recommendation, p.recommendation_state, p.reason_code, p.reason_text,
    CAST(COALESCE(c.attempts_used, 0) AS INTEGER) AS attempts_used, p.max_attempts, c.decisions, c.total_cost_dollars,
    p.created_at, p.updated_at
FROM pilots p LEFT JOIN per_pilot c ON c.pilot_id = p.pilot_id
"""


def pilot_summaries(database: Database) -> list[PilotSummary]:
    """Every pilot, the newest first."""
    sql = f"{_SUMMARIES} ORDER BY p.created_at DESC, p.pilot_id"
    return [_summary(row) for row in database.read(lambda connection: rows(connection, sql))]


def _summary(row: Row) -> PilotSummary:
    times = {name: from_column(row[name]) for name in ("created_at", "updated_at")}
    return PilotSummary(**{**row, **times, "decisions": tuple((row["decisions"] or "").split())})


@dataclass(frozen=True)
class AttemptMedia:
    """Where an attempt's files are, relative to the store. ``drafts`` maps an iteration to its video and its captions."""

    attempt_id: str
    pilot_id: str
    attempt_number: int
    video_path: str | None
    captions_path: str | None
    review_pack_path: str | None
    drafts: dict[int, tuple[str, str | None]]


def media_of(database: Database, attempt_id: str) -> AttemptMedia | None:
    """The files of one attempt, or None for an unknown one."""
    sql = (
        "SELECT attempt_id, pilot_id, attempt_number, video_path, review_pack_path, drafts "
        "FROM attempts WHERE attempt_id = ?"
    )
    found = database.read(lambda connection: rows(connection, sql, [attempt_id]))
    if not found:
        return None
    row = found[0]
    drafts = {draft["iteration"]: (draft["video_path"], draft.get("captions_path")) for draft in json.loads(row["drafts"])}
    captions = next((captions for video, captions in drafts.values() if video == row["video_path"]), None)
    return AttemptMedia(**{**row, "drafts": drafts}, captions_path=captions)
