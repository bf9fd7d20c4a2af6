"""The pilots, quotes and notes behind a number or a mark of the metrics page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pilot_core.errors import InvalidRequest
from pilot_core.insight.breakdowns import AttemptOutcome
from pilot_core.insight.cohort import Cohort
from pilot_core.insight.evidence import FlagState
from pilot_core.store.engine.connection import Connection, Row, rows
from pilot_core.store.engine.database import Database
from pilot_core.store.queries.cohorts import DECIDED, STILL_OPEN, in_cohort
from pilot_core.store.queries.measures import ATTEMPT_OUTCOME, FLAG_STATES
from pilot_core.store.tables.columns import from_column

# As in measures.learned, of one pilot.
_HAS_ANSWER = """(f.pilot_outcome = 'approved' OR (f.has_reason AND f.pid IN (
    SELECT j.pid FROM judged j JOIN feedback_flags g ON g.feedback_id = j.feedback_id
)))"""

GROUPS = {
    "all": "TRUE",
    "approved": "f.pilot_outcome = 'approved'",
    "dropped": "f.pilot_outcome = 'dropped'",
    "exhausted": "f.pilot_outcome = 'exhausted'",
    "ended_without": "f.ended_at IS NOT NULL AND f.pilot_outcome <> 'approved'",
    "decided": f"f.pilot_outcome IN {DECIDED}",
    "still_open": f"f.pilot_outcome IN {STILL_OPEN}",
    "open": "f.pilot_outcome = 'open'",
    "paused": "f.pilot_outcome = 'paused'",
    "closed": "f.pilot_outcome = 'closed'",
    "dropped_external": "f.pilot_outcome = 'external'",
    "reviewed": "f.reviewed > 0",
    "first_pass": "f.first_pass",
    "sla_missed": "f.sla_known > f.sla_kept",
    "sla_final_missed": "f.last_sla = 1",
    "with_video": "f.videos > 0",
    "answered": f"f.ended_at IS NOT NULL AND {_HAS_ANSWER}",
    "unanswered": f"f.ended_at IS NOT NULL AND NOT {_HAS_ANSWER}",
    "two_reviews": "f.last_reviewed > f.first_reviewed",
}
"""The groups of pilots behind a card, each as a condition."""


@dataclass(frozen=True)
class Selection:
    """What was clicked: each field that is given narrows the pilots further.

    ``group`` is one of ``GROUPS``; ``attempt`` with ``outcome`` is a bar of the funnel; ``flag`` with ``flag_state`` a
    bar of the themes; ``scenario`` with ``brand`` a segment; ``pilot_ids`` the points of a chart over time;
    ``within_days`` the pilots that ended at most that many days after they were created.
    """

    group: str = "all"
    scenario: str | None = None
    brand: str | None = None
    attempt: int | None = None
    outcome: AttemptOutcome | None = None
    flag: str | None = None
    flag_state: FlagState | None = None
    pilot_ids: tuple[str, ...] | None = None
    within_days: float | None = None


@dataclass(frozen=True)
class Behind:
    """One pilot of a selection; ``at`` (UTC) is when it ended, else when something last happened."""

    pilot_id: str
    founder_name: str
    company_name: str
    recommendation: str | None
    recommendation_state: str
    reason_code: str
    reason_text: str
    pilot_outcome: str
    at: datetime


@dataclass(frozen=True)
class Note:
    """One current review with text; ``decision`` is a feedback level, ``received_at`` in UTC."""

    feedback_id: str
    pilot_id: str
    company_name: str
    attempt_number: int
    decision: str
    said_by: str
    received_at: datetime | None
    text: str


@dataclass(frozen=True)
class ThemeQuote:
    """A review that raised the flag, with the flag's state for that pilot now."""

    note: Note
    state: FlagState


_BEHIND = """
SELECT c.pilot_id, s.founder_name, s.company_name, s.recommendation, s.recommendation_state, s.reason_code,
    s.reason_text,
    CASE f.pilot_outcome WHEN 'external' THEN 'dropped_external' ELSE f.pilot_outcome END AS pilot_outcome,
    COALESCE(f.ended_at, c.updated_at) AS at, count(*) OVER () AS of_all
FROM pilot_outcomes f JOIN chosen c ON c.pid = f.pid JOIN pilots s ON s.pilot_id = c.pilot_id
WHERE {terms} ORDER BY COALESCE(f.ended_at, c.updated_at) DESC, c.pid DESC LIMIT $most
"""

_NOTE = """
SELECT b.feedback_id, b.pilot_id, s.company_name, j.attempt_number, b.level AS decision, b.said_by, b.received_at,
    b.notes AS text
"""

_QUOTES = f"""
{_NOTE}, t.state, count(*) OVER () AS of_all
FROM ({FLAG_STATES}) t
JOIN judged j ON j.pid = t.pid
JOIN feedback_flags g ON g.feedback_id = j.feedback_id AND g.flag = t.flag
JOIN feedback b ON b.feedback_id = j.feedback_id
JOIN pilots s ON s.pilot_id = b.pilot_id
WHERE t.flag = $flag AND (CAST($state AS TEXT) IS NULL OR t.state = CAST($state AS TEXT))
ORDER BY b.received_at DESC NULLS LAST, b.feedback_id LIMIT $most
"""

_NOTES = f"""
{_NOTE}, count(*) OVER () AS of_all
FROM judged j JOIN feedback b ON b.feedback_id = j.feedback_id JOIN pilots s ON s.pilot_id = b.pilot_id
WHERE trim(b.notes) <> '' AND {{terms}}
ORDER BY b.received_at DESC NULLS LAST, b.feedback_id LIMIT $most
"""


def pilots_behind(
    database: Database, cohort: Cohort, selection: Selection, *, as_of: datetime | None = None, most: int = 200
) -> tuple[list[Behind], int]:
    """The selected pilots of the cohort, the latest first, at most ``most``; and how many there are in all.

    Raises InvalidRequest for a group that does not exist.
    """
    if selection.group not in GROUPS:
        raise InvalidRequest(f"There is no group “{selection.group[:40]}”; choose one of: {', '.join(GROUPS)}.")
    terms, given = _terms(selection)
    sql = _BEHIND.format(terms=terms)
    found = in_cohort(database, cohort, as_of, lambda c: rows(c, sql, {**given, "most": most}))
    total = found[0]["of_all"] if found else 0
    times = [{**row, "at": from_column(row["at"])} for row in found]
    return [Behind(**{name: row[name] for name in Behind.__dataclass_fields__}) for row in times], total


def theme_quotes(
    database: Database,
    cohort: Cohort,
    flag: str,
    state: FlagState | None = None,
    *,
    as_of: datetime | None = None,
    most: int = 50,
) -> tuple[list[ThemeQuote], int]:
    """The reviews that raised the flag (with ``state``, where it stands so now), the latest first; and how many."""
    given = {"flag": flag, "state": state.value if state else None, "most": most}
    found = in_cohort(database, cohort, as_of, lambda c: rows(c, _QUOTES, given))
    return [ThemeQuote(_note(row), FlagState(row["state"])) for row in found], found[0]["of_all"] if found else 0


def unthemed(
    database: Database, cohort: Cohort, *, as_of: datetime | None = None, most: int = 50
) -> tuple[list[Note], int]:
    """The current reviews with text and no flag, the latest first; and how many there are."""
    terms = "NOT EXISTS (SELECT 1 FROM feedback_flags g WHERE g.feedback_id = b.feedback_id)"
    return _notes(database, cohort, as_of, terms, most)


def notes(database: Database, cohort: Cohort, *, as_of: datetime | None = None, most: int = 200) -> list[Note]:
    """The current reviews with text, the latest first."""
    return _notes(database, cohort, as_of, "TRUE", most)[0]


def _notes(database: Database, cohort: Cohort, as_of: datetime | None, terms: str, most: int) -> tuple[list[Note], int]:
    def read(connection: Connection) -> list[Row]:
        return rows(connection, _NOTES.format(terms=terms), {"most": most})

    found = in_cohort(database, cohort, as_of, read)
    return [_note(row) for row in found], found[0]["of_all"] if found else 0


def _note(row: Row) -> Note:
    return Note(
        **{**{name: row[name] for name in Note.__dataclass_fields__}, "received_at": from_column(row["received_at"])}
    )


def _terms(selection: Selection) -> tuple[str, dict[str, Any]]:
    terms, given = [GROUPS[selection.group]], {}
    for name, column in (("scenario", "c.scenario_type"), ("brand", "c.brand_preset")):
        value = getattr(selection, name)
        if value is not None:
            terms.append(f"{column} = ${name}")
            given[name] = value
    if selection.pilot_ids is not None:
        terms.append("c.pilot_id = ANY($pilot_ids)")
        given["pilot_ids"] = list(selection.pilot_ids)
    if selection.within_days is not None:
        # A millisecond for what is lost when seconds become days and back.
        terms.append("extract(epoch FROM f.ended_at - c.created_at) <= $within_seconds + 0.001")
        given["within_seconds"] = selection.within_days * 86400
    if selection.attempt is not None:
        only = ""
        if selection.outcome is not None:
            only = f"AND {ATTEMPT_OUTCOME} = $outcome"
            given["outcome"] = selection.outcome.value
        terms.append(
            "f.pid IN (SELECT j.pid FROM judged j JOIN pilot_outcomes p ON p.pid = j.pid "  # noqa: S608
            f"WHERE j.attempt_number = $attempt AND j.state <> 'failed' {only})"
        )
        given["attempt"] = selection.attempt
    if selection.flag is not None:
        state = ""
        if selection.flag_state is not None:
            state = "AND t.state = $flag_state"
            given["flag_state"] = selection.flag_state.value
        terms.append(f"f.pid IN (SELECT t.pid FROM ({FLAG_STATES}) t WHERE t.flag = $flag {state})")  # noqa: S608
        given["flag"] = selection.flag
    return " AND ".join(terms), given
