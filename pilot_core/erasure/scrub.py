"""Remove a person's name and texts from JSON: event details, imported state files and filed reports."""

import json
from typing import Any

from pilot_core.documents.report import render_report
from pilot_core.domain.erasures import folded
from pilot_core.domain.judgements import Override
from pilot_core.erasure.request import ERASED
from pilot_core.insight.report import OutcomeReport
from pilot_core.store.engine.connection import Row
from pilot_core.store.files.state_files import ATTEMPT_FIELDS, PILOT_FIELDS
from pilot_core.store.tables.columns import from_column

# The keys under which events, reports and imported state files have free text and names. Values under other keys are
# codes, which must not change: a note may read “approve”.
TEXTS = {"notes", "founder_feedback", "feedback_notes", "feedback", "quote", "body", "text", "comment", "reason"}
PERSONS = {"by", "actor", "author", "reviewer", "name", "founder", "founder_name", "persona", "feedback_persona"}
PERSONS |= {"email", "before", "after", "sent_by", "owner"}
# The fields of this product's state files. An imported file may have anything under other names.
OURS = {*PILOT_FIELDS, *ATTEMPT_FIELDS, "brief", "status", "approval_outcome", "created_at", "updated_at", "decided_at"}
OURS |= {
    "revision",
    "owner",
    "snoozed_until",
    "runs",
    "state",
    "started_at",
    "ready_at",
    "sent_at",
    "sent_by",
    "sent_how",
    "drafts",
    "feedback",
    "founder_feedback",
}
OURS |= {"feedback_received_at", "feedback_level", "feedback_mode", "feedback_decision", "feedback_flags"}
OURS |= {"feedback_notes", "feedback_timestamp", "feedback_persona"}


def is_same_name(text: str, name: str) -> bool:
    """Whether two spellings are of the same name."""
    return folded(text) == folded(name)


def scrubbed(value: Any, name: str, words: set[str], key: str = "", *, anywhere: bool = False) -> Any:
    """Return the JSON value with the name replaced, and texts that equal one of ``words`` emptied.

    Only known keys are searched, or all of them with ``anywhere``.
    """
    if isinstance(value, dict):
        return {of: scrubbed(inner, name, words, of, anywhere=anywhere) for of, inner in value.items()}
    if isinstance(value, list):
        return [scrubbed(inner, name, words, key, anywhere=anywhere) for inner in value]
    if isinstance(value, str):
        if (anywhere or key in PERSONS) and is_same_name(value, name):
            return ERASED
        return "" if (anywhere or key in TEXTS) and value in words else value
    return value


def scrubbed_source(source: dict[str, Any], name: str, words: set[str]) -> dict[str, Any]:
    """Return the fields kept from an imported state file, with the name and texts removed."""
    return {of: scrubbed(kept, name, words, of, anywhere=of not in OURS) for of, kept in source.items()}


def without_quotes(row: Row, name: str, words: set[str]) -> dict[str, Any]:
    """Return a filed report's columns without quotes. Its figures, verdict and override do not change."""
    report = OutcomeReport.model_validate(_drop_quotes(scrubbed(json.loads(row["report"]), name, words)))
    note = "\n\nQuotes were removed from this report when a person's data was erased.\n"
    return {
        "report": report.model_dump_json(),
        "reasons_json": json.dumps(_drop_quotes(json.loads(row["reasons_json"])), ensure_ascii=False),
        "markdown": render_report(report, _override(row, report, name)).rstrip("\n") + note,
    }


def _override(row: Row, report: OutcomeReport, name: str) -> Override | None:
    """Return the override that the filed report shows, or None."""
    if not row["override_verdict"]:
        return None
    return Override(
        override_id="",
        pilot_id=row["pilot_id"],
        verdict=row["override_verdict"],
        reason=row["override_reason"],
        computed=row["recommendation"],
        computed_code=row["reason_code"],
        rules_version=row["rules_version"],
        made_by=_unnamed(row["override_by"], name) or "",
        made_at=from_column(row["overridden_at"]) or report.generated_at,
        second_by=_unnamed(row["override_second_by"], name),
        second_reason=row["override_second_reason"],
    )


def _unnamed(by: str | None, name: str) -> str | None:
    return ERASED if by and is_same_name(by, name) else by


def _drop_quotes(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: [] if key == "quotes" else _drop_quotes(inner) for key, inner in value.items()}
    return [_drop_quotes(inner) for inner in value] if isinstance(value, list) else value
