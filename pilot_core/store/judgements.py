"""Overrides, decided suggestions and filed reports as rows, and back. The verbs are in ``pilot_core.judgement``."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime

from pilot_core.insight.report import OutcomeReport
from pilot_core.insight.themes import Suggestion
from pilot_core.store.database import Database, Row, rows
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


def add_override(connection: Connection, made: Override) -> None:
    """Keep a new override."""
    _insert(connection, "overrides", _override_row(made))


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
    _insert(connection, "flag_suggestions", row)


def decided_suggestions(connection: Connection, feedback_ids: Iterable[str]) -> set[tuple[str, str]]:
    """The (feedback, flag) pairs that somebody accepted or dismissed."""
    sql = "SELECT feedback_id, flag FROM flag_suggestions WHERE feedback_id = ANY(?)"
    return {(row["feedback_id"], row["flag"]) for row in rows(connection, sql, [list(feedback_ids)])}


def add_report(connection: Connection, filed: FiledReport) -> None:
    """Keep a report as it is."""
    _insert(connection, "outcome_reports", _report_row(filed))


def filed_reports(database: Database, pilot_id: str) -> list[FiledLine]:
    """The reports filed of the pilot, the latest first."""
    names = ", ".join(field.name for field in fields(FiledLine))
    sql = f"SELECT {names} FROM outcome_reports WHERE pilot_id = ? ORDER BY generated_at DESC, report_id"  # noqa: S608
    found = database.read(lambda c: rows(c, sql, [pilot_id]))
    times = ("as_of", "generated_at")
    return [FiledLine(**{**row, **{name: from_column(row[name]) for name in times}}) for row in found]


def filed_report(database: Database, report_id: str) -> FiledReport | None:
    """One filed report, whole."""
    names = ", ".join(field.name for field in fields(FiledReport))
    sql = f"SELECT {names} FROM outcome_reports WHERE report_id = ?"  # noqa: S608
    found = database.read(lambda c: rows(c, sql, [report_id]))
    if not found:
        return None
    return FiledReport(**{**found[0], "report": OutcomeReport.model_validate_json(found[0]["report"])})


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


def _insert(connection: Connection, table: str, row: Row) -> None:
    """Table and column names come from this module only."""
    connection.execute(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",  # noqa: S608
        list(row.values()),
    )
