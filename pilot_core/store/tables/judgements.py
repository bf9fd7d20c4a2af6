"""Overrides, decided suggestions and filed reports as rows."""

import json
from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime
from typing import Any

from pilot_core.domain.judgements import DecidedSuggestion, FiledLine, Override
from pilot_core.insight.report import FiledReport
from pilot_core.insight.themes import Suggestion
from pilot_core.store.engine.connection import Connection, Row, insert, rows
from pilot_core.store.tables.columns import from_column, to_column

OVERRIDE_TIMES = ("made_at", "undone_at", "second_at")


def add_override(connection: Connection, made: Override) -> None:
    """Add an override."""
    insert(connection, "overrides", _override_row(made))


def undo_override(connection: Connection, override_id: str, by: str, at: datetime, reason: str) -> None:
    """Record who undid an override, when and why."""
    connection.execute(
        "UPDATE overrides SET undone_by = ?, undone_at = ?, undone_reason = ? WHERE override_id = ?",
        [by, to_column(at), reason, override_id],
    )


def confirm_override(connection: Connection, override_id: str, by: str, at: datetime, reason: str) -> None:
    """Record the reason of a second person for an override that waits for it."""
    connection.execute(
        "UPDATE overrides SET second_by = ?, second_at = ?, second_reason = ? WHERE override_id = ?",
        [by, to_column(at), reason, override_id],
    )


def open_override(connection: Connection, pilot_id: str) -> Override | None:
    """The pilot's override that nobody has undone, if there is one: in effect, or waiting for a second person."""
    found = rows(connection, "SELECT * FROM overrides WHERE pilot_id = ? AND undone_at IS NULL", [pilot_id])
    return override_from_row(found[0]) if found else None


def add_suggestion(
    connection: Connection, pilot_id: str, decided: DecidedSuggestion, suggested: Suggestion, lexicon_version: str
) -> None:
    """Add how a suggested flag was decided, with the words that suggested it."""
    row: Row = {field.name: getattr(decided, field.name) for field in fields(DecidedSuggestion)}
    row |= {
        "pilot_id": pilot_id,
        "start_at": suggested.start,
        "end_at": suggested.end,
        "lexicon_version": lexicon_version,
        "decided_at": to_column(decided.decided_at),
    }
    insert(connection, "flag_suggestions", row)


def decided_suggestions(connection: Connection, feedback_ids: Iterable[str]) -> set[tuple[str, str]]:
    """Those (feedback id, flag) pairs of the feedback that somebody accepted or dismissed."""
    sql = "SELECT feedback_id, flag FROM flag_suggestions WHERE feedback_id = ANY(?)"
    return {(row["feedback_id"], row["flag"]) for row in rows(connection, sql, [list(feedback_ids)])}


def decided_suggestion(connection: Connection, feedback_id: str, flag: str) -> DecidedSuggestion | None:
    """How one suggestion was decided; None while it is open."""
    sql = f"SELECT {columns_of(DecidedSuggestion)} FROM flag_suggestions WHERE feedback_id = ? AND flag = ?"  # noqa: S608
    found = rows(connection, sql, [feedback_id, flag])
    return suggestion_from_row(found[0]) if found else None


def remove_suggestion(connection: Connection, feedback_id: str, flag: str) -> None:
    """Delete how a suggestion was decided, and the flag it raised."""
    for table in ("flag_suggestions", "feedback_flags"):
        connection.execute(f"DELETE FROM {table} WHERE feedback_id = ? AND flag = ?", [feedback_id, flag])  # noqa: S608


def add_report(connection: Connection, filed: FiledReport) -> None:
    """Add a filed report."""
    insert(connection, "outcome_reports", _report_row(filed))


def remove_report(connection: Connection, report_id: str) -> None:
    """Delete a filed report."""
    connection.execute("DELETE FROM outcome_reports WHERE report_id = ?", [report_id])


def columns_of(record: type[Any]) -> str:
    """The fields of a dataclass, as the columns of a SELECT."""
    return ", ".join(field.name for field in fields(record))


def line_from_row(row: Row) -> FiledLine:
    """A line of the list of filed reports from its row."""
    return FiledLine(**{**row, **{name: from_column(row[name]) for name in ("as_of", "generated_at")}})


def suggestion_from_row(row: Row) -> DecidedSuggestion:
    """A decided suggestion from its row."""
    return DecidedSuggestion(**{**row, "decided_at": from_column(row["decided_at"])})


def _override_row(made: Override) -> Row:
    row: Row = {field.name: getattr(made, field.name) for field in fields(Override)}
    return row | {name: to_column(row[name]) for name in OVERRIDE_TIMES}


def override_from_row(row: Row) -> Override:
    """An override from its row."""
    return Override(**{**row, **{name: from_column(row[name]) for name in OVERRIDE_TIMES}})


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
        "override_second_by": filed.override_second_by,
        "override_second_reason": filed.override_second_reason,
        "filed_by": filed.filed_by,
        "override_verdict": filed.override_verdict,
        "markdown": filed.markdown,
        "report": report.model_dump_json(),
    }
