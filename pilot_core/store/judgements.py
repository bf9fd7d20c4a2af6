"""Overrides, decided suggestions and filed reports as rows, and back. The verbs are in ``pilot_core.judgement``."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from pilot_core.insight.report import OutcomeReport
from pilot_core.insight.themes import Suggestion
from pilot_core.store.database import Database, Row, insert, rows
from pilot_core.store.lease import Connection
from pilot_core.store.rows import from_column, to_column


@dataclass(frozen=True)
class Override:
    """A lead's verdict against the rules, with what the rules said when it was made. Times in UTC."""

    override_id: str
    pilot_id: str
    verdict: str
    reason: str
    computed: str | None
    computed_code: str
    rules_version: str
    made_by: str
    made_at: datetime
    undone_by: str | None = None
    undone_at: datetime | None = None
    undone_reason: str | None = None

    @property
    def stands(self) -> bool:
        return self.undone_at is None


@dataclass(frozen=True)
class FiledReport:
    """An outcome report as it was filed; ``markdown`` is what it said to people then."""

    report_id: str
    filed_by: str
    report: OutcomeReport
    markdown: str
    override_by: str | None
    override_verdict: str | None
    override_reason: str | None


@dataclass(frozen=True)
class FiledLine:
    """One line of the list of filed reports; times in UTC."""

    report_id: str
    pilot_id: str
    as_of: datetime
    generated_at: datetime
    filed_by: str
    rules_version: str
    recommendation: str | None
    reason_code: str
    override_verdict: str | None
    override_by: str | None
    override_reason: str | None


@dataclass(frozen=True)
class DecidedSuggestion:
    """A suggested flag that somebody accepted or dismissed; ``decided_at`` in UTC."""

    feedback_id: str
    flag: str
    quote: str
    accepted: bool
    decided_by: str
    decided_at: datetime


@dataclass(frozen=True)
class ReportsOfPilot:
    """One line of the list of pilots: what the rules say of it now, and the report filed last.

    Where none is filed, ``n`` is 0 and ``last`` None.
    """

    pilot_id: str
    founder_name: str
    company_name: str
    recommendation: str | None
    reason_text: str
    n: int
    last: FiledLine | None


@dataclass(frozen=True)
class ReportsPage:
    """One page of that list, how many pilots the whole list has, and how many reports they have together."""

    lines: list[ReportsOfPilot]
    pilots: int
    reports: int


NOT_FILED = "NOT FILED"
"""What a filter calls a pilot without a filed report."""


def add_override(connection: Connection, made: Override) -> None:
    """Keep a new override."""
    insert(connection, "overrides", _override_row(made))


def undo_override(connection: Connection, override_id: str, by: str, at: datetime, reason: str) -> None:
    """Note that it no longer stands."""
    connection.execute(
        "UPDATE overrides SET undone_by = ?, undone_at = ?, undone_reason = ? WHERE override_id = ?",
        [by, to_column(at), reason, override_id],
    )


def standing_override(connection: Connection, pilot_id: str) -> Override | None:
    """The override of the pilot that stands."""
    found = rows(connection, "SELECT * FROM overrides WHERE pilot_id = ? AND undone_at IS NULL", [pilot_id])
    return _override(found[0]) if found else None


def standing_overrides(database: Database, pilot_ids: Iterable[str]) -> dict[str, Override]:
    """The overrides that stand, by pilot; a list asks once for all its lines."""
    sql = "SELECT * FROM overrides WHERE pilot_id = ANY(?) AND undone_at IS NULL"
    found = database.read(lambda c: rows(c, sql, [list(pilot_ids)]))
    return {row["pilot_id"]: _override(row) for row in found}


def overrides_of(database: Database, pilot_id: str) -> list[Override]:
    """Every override of the pilot, the latest first."""
    sql = "SELECT * FROM overrides WHERE pilot_id = ? ORDER BY made_at DESC, override_id"
    return [_override(row) for row in database.read(lambda c: rows(c, sql, [pilot_id]))]


def add_suggestion(
    connection: Connection,
    feedback_id: str,
    pilot_id: str,
    suggested: Suggestion,
    *,
    lexicon_version: str,
    accepted: bool,
    by: str,
    at: datetime,
) -> None:
    """Keep how a suggestion was decided."""
    row: Row = {
        "feedback_id": feedback_id,
        "flag": suggested.flag,
        "pilot_id": pilot_id,
        "quote": suggested.quote,
        "start_at": suggested.start,
        "end_at": suggested.end,
        "lexicon_version": lexicon_version,
        "accepted": accepted,
        "decided_by": by,
        "decided_at": to_column(at),
    }
    insert(connection, "flag_suggestions", row)


def decided_suggestions(connection: Connection, feedback_ids: Iterable[str]) -> set[tuple[str, str]]:
    """The (feedback, flag) pairs that somebody accepted or dismissed."""
    sql = "SELECT feedback_id, flag FROM flag_suggestions WHERE feedback_id = ANY(?)"
    return {(row["feedback_id"], row["flag"]) for row in rows(connection, sql, [list(feedback_ids)])}


def decided_suggestion(connection: Connection, feedback_id: str, flag: str) -> DecidedSuggestion | None:
    """How one suggestion was decided."""
    sql = f"SELECT {_names(DecidedSuggestion)} FROM flag_suggestions WHERE feedback_id = ? AND flag = ?"  # noqa: S608
    found = rows(connection, sql, [feedback_id, flag])
    return _decided(found[0]) if found else None


def decided_suggestions_of(database: Database, pilot_id: str) -> list[DecidedSuggestion]:
    """Every decided suggestion of the pilot, in the order of the words it was read from."""
    sql = f"SELECT {_names(DecidedSuggestion)} FROM flag_suggestions WHERE pilot_id = ? ORDER BY start_at, flag"  # noqa: S608
    return [_decided(row) for row in database.read(lambda c: rows(c, sql, [pilot_id]))]


def remove_suggestion(connection: Connection, feedback_id: str, flag: str) -> None:
    """Forget how a suggestion was decided, and the flag it raised."""
    for table in ("flag_suggestions", "feedback_flags"):
        connection.execute(f"DELETE FROM {table} WHERE feedback_id = ? AND flag = ?", [feedback_id, flag])  # noqa: S608


def add_report(connection: Connection, filed: FiledReport) -> None:
    """Keep a report as it is."""
    insert(connection, "outcome_reports", _report_row(filed))


def filed_reports(database: Database, pilot_id: str) -> list[FiledLine]:
    """The reports filed of the pilot, the latest first."""
    names = _names(FiledLine)
    sql = f"SELECT {names} FROM outcome_reports WHERE pilot_id = ? ORDER BY generated_at DESC, report_id"  # noqa: S608
    return [_line(row) for row in database.read(lambda c: rows(c, sql, [pilot_id]))]


def reports_page(
    database: Database, search: str = "", filed: Iterable[str] = (), page: int = 1, per_page: int = 20
) -> ReportsPage:
    """The ``page``-th page (from 1; beyond the end, the last) of all pilots, the one with the latest report first.

    Every word of ``search`` must stand in the founder's or company's name or the id. ``filed`` holds what the report
    filed last may recommend (TOO EARLY for none of the three), or ``NOT_FILED``; empty leaves none out.
    """
    terms: list[str] = ["TRUE"]
    given: list[Any] = []
    for word in search.lower().split():
        terms.append("strpos(lower(p.founder_name || ' ' || p.company_name || ' ' || p.pilot_id), ?) > 0")
        given.append(word)
    if wanted := list(filed):
        terms.append(f"{_FILED} = ANY(?)")
        given.append(wanted)
    listed = _LISTED.format(where=" AND ".join(terms))
    totals = f"SELECT count(*) AS pilots, COALESCE(sum(n), 0) AS reports FROM ({listed}) listed"  # noqa: S608
    order = "ORDER BY generated_at DESC NULLS LAST, created_at DESC, pilot_id LIMIT ? OFFSET ?"

    def work(connection: Connection) -> ReportsPage:
        counted = rows(connection, totals, given)[0]
        start = (min(max(page, 1), max(1, -(-counted["pilots"] // per_page))) - 1) * per_page
        found = rows(connection, f"{listed} {order}", [*given, per_page, start])
        return ReportsPage([_of_pilot(row) for row in found], counted["pilots"], int(counted["reports"]))

    return database.read(work)


_FILED = f"COALESCE(r.recommendation, CASE WHEN r.n IS NULL THEN '{NOT_FILED}' ELSE 'TOO EARLY' END)"
_LISTED = """
SELECT p.pilot_id, p.founder_name, p.company_name, p.recommendation AS now_recommendation, p.reason_text, p.created_at,
    COALESCE(r.n, 0) AS n, r.report_id, r.as_of,
    r.generated_at, r.filed_by, r.rules_version, r.recommendation, r.reason_code, r.override_verdict, r.override_by,
    r.override_reason
FROM pilots p LEFT JOIN (
    SELECT pilot_id, report_id, as_of, generated_at, filed_by, rules_version, recommendation, reason_code,
        override_verdict, override_by, override_reason, count(*) OVER (PARTITION BY pilot_id) AS n,
        row_number() OVER (PARTITION BY pilot_id ORDER BY generated_at DESC, report_id) AS place
    FROM outcome_reports
) r ON r.pilot_id = p.pilot_id AND r.place = 1
WHERE {where}
"""


def filed_report(database: Database, report_id: str) -> FiledReport | None:
    """One filed report, whole."""
    sql = f"SELECT {_names(FiledReport)} FROM outcome_reports WHERE report_id = ?"  # noqa: S608
    found = database.read(lambda c: rows(c, sql, [report_id]))
    if not found:
        return None
    return FiledReport(**{**found[0], "report": OutcomeReport.model_validate_json(found[0]["report"])})


def _names(record: type[Any]) -> str:
    return ", ".join(field.name for field in fields(record))


def _line(row: Row) -> FiledLine:
    return FiledLine(**{**row, **{name: from_column(row[name]) for name in ("as_of", "generated_at")}})


def _of_pilot(row: Row) -> ReportsOfPilot:
    last = _line({field.name: row[field.name] for field in fields(FiledLine)}) if row["n"] else None
    now = (row["now_recommendation"], row["reason_text"])
    return ReportsOfPilot(row["pilot_id"], row["founder_name"], row["company_name"], *now, row["n"], last)


def _decided(row: Row) -> DecidedSuggestion:
    return DecidedSuggestion(**{**row, "decided_at": from_column(row["decided_at"])})


def _override_row(made: Override) -> Row:
    row: Row = {field.name: getattr(made, field.name) for field in fields(Override)}
    return row | {name: to_column(row[name]) for name in ("made_at", "undone_at")}


def _override(row: Row) -> Override:
    return Override(**{**row, **{name: from_column(row[name]) for name in ("made_at", "undone_at")}})


def _report_row(filed: FiledReport) -> Row:
    report = filed.report
    found, change = report.recommendation, report.improvement

    def flags(state: str) -> str:
        return ";".join(theme.flag for theme in report.themes if theme.state == state)

    return {
        "report_id": filed.report_id,
        "pilot_id": report.pilot_id,
        "as_of": to_column(report.as_of),
        "generated_at": to_column(report.generated_at),
        "rules_version": report.rules_version,
        "total_videos": report.total_videos,
        "ttfc_mean_seconds": report.ttfc_mean,
        "ttfc_median_seconds": report.ttfc_median,
        "iterations_mean": report.iterations_mean,
        "pilot_approved": report.pilot_approved,
        "review_approval_rate": report.review_approval.value,
        "review_approval_n": report.review_approval.denominator,
        "sla_pass_rate": report.sla_passed_n / report.sla_known_n if report.sla_known_n else None,
        "total_cost_dollars": report.total_cost_dollars,
        "themes_persistent": flags("persistent"),
        "themes_resolved": flags("resolved"),
        "themes_new": flags("new") or flags("raised"),
        "improvement_decision_delta": change.decision_delta if change else None,
        "improvement_ttfc_ratio": change.ttfc_ratio if change else None,
        "improvement_iterations_delta": change.iterations_delta if change else None,
        "recommendation": found.recommendation.value if found.recommendation else None,
        "recommendation_state": found.state.value,
        "reason_code": found.code,
        "reasons_json": json.dumps([reason.model_dump(mode="json") for reason in found.reasons], ensure_ascii=False),
        "risks_json": json.dumps(found.risks, ensure_ascii=False),
        "override_by": filed.override_by,
        "override_reason": filed.override_reason,
        "filed_by": filed.filed_by,
        "override_verdict": filed.override_verdict,
        "markdown": filed.markdown,
        "report": report.model_dump_json(),
    }
