"""A pilot as rows of its four tables, and back. The only module that knows which field is in which column."""

import json
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from pilot_core.domain.attempt import UNDER_WAY, AttemptState, PilotRunAttempt
from pilot_core.domain.feedback import Feedback, FeedbackLevel
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.stages import stage_of
from pilot_core.insight.recommend import Recommendation
from pilot_core.store.engine.connection import Connection, Row, rows
from pilot_core.store.tables.columns import to_column
from pilot_core.store.tables.reviews import viewing_of, viewings
from pilot_core.store.tables.within_limits import within_limits

PILOT_JSON = ("brand_context", "brief", "notes", "source")
ATTEMPT_JSON = ("sla_violations", "drafts", "source")
NOT_COLUMNS = {"feedback", "viewings", *ATTEMPT_JSON}
UNDER_WAY_SQL = "(" + ", ".join(f"'{state.value}'" for state in UNDER_WAY) + ")"
"""What a column of states is compared with: ``state IN ('queued', 'rendering')``."""


def pilot_tables(pilot: PilotRun, recommendation: Recommendation, version: int) -> dict[str, list[Row]]:
    """The pilot's rows in each of its tables, by table name. ``version`` is the one they are saved as."""
    feedback, flags = _feedback_rows(pilot)
    return {
        "pilots": [_pilot_row(pilot) | derived_columns(pilot, recommendation) | {"version": version}],
        "attempts": [_attempt_row(pilot.pilot_id, attempt) for attempt in pilot.runs],
        "feedback": feedback,
        "feedback_flags": flags,
    }


def _pilot_row(pilot: PilotRun) -> Row:
    row: Row = {
        name: getattr(pilot, name) for name in PilotRun.model_fields if name not in {"runs", "brief", *PILOT_JSON}
    }
    for name in ("created_at", "updated_at", "decided_at", "snoozed_until"):
        row[name] = to_column(row[name])
    row["status"], row["approval_outcome"] = pilot.status.value, pilot.approval_outcome.value
    row["brand_preset"] = pilot.brand_preset
    row["brief"] = pilot.brief.model_dump_json()
    for name in ("brand_context", "notes", "source"):
        row[name] = _json(getattr(pilot, name))
    return row


def derived_columns(pilot: PilotRun, recommendation: Recommendation) -> Row:
    """The columns that follow from the pilot's attempts: the recommendation, and what lists filter and sort by."""
    return {
        "recommendation": recommendation.recommendation.value if recommendation.recommendation else None,
        "recommendation_state": str(recommendation.state),
        "reason_code": recommendation.code,
        "reason_text": recommendation.summary,
        "rules_version": recommendation.rules_version,
    } | _progress_columns(pilot)


def _progress_columns(pilot: PilotRun) -> Row:
    """How far the pilot is. ``decisions`` has one word per attempt: the human decision, or else the attempt's state."""
    runs = sorted(pilot.runs, key=lambda attempt: attempt.attempt_number)
    counted = [attempt for attempt in runs if attempt.state is not AttemptState.FAILED]
    costs = [attempt.total_cost_dollars for attempt in counted if attempt.total_cost_dollars is not None]
    latest = runs[-1] if runs else None
    review = latest.review if latest else None
    return {
        "decisions": " ".join(a.review.level.value if a.review else a.state.value for a in runs),
        "attempts_used": len(counted),
        "total_cost_dollars": sum(costs) if costs else None,
        "exhausted": len(counted) >= pilot.max_attempts and _none_approved(counted),
        "latest_attempt": latest.attempt_number if latest else None,
        "latest_state": latest.state.value if latest else None,
        "latest_decision": review.level.value if review else None,
        "latest_said_by": review.by if review else None,
        "latest_sla_passed": latest.sla_passed if latest else None,
        "latest_note": (latest.failure or next(iter(latest.sla_violations), None)) if latest else None,
        "latest_since": to_column(review.received_at if review else latest.ready_at or latest.created_at)
        if latest
        else None,
    } | stage_columns(latest)


def stage_columns(latest: PilotRunAttempt | None) -> Row:
    """The columns that say how far the latest attempt has come. They change with its receipts, too."""
    stage = stage_of(latest) if latest else None
    return {
        "latest_stage": stage.stage.value if stage else None,
        "latest_stage_since": to_column(stage.since) if stage else None,
        "latest_watched": stage.watched if stage else None,
        "latest_reached_at": to_column(latest.reached_at) if latest else None,
    }


def note_viewings(connection: Connection, pilot_id: str, attempt: PilotRunAttempt) -> None:
    """Bring the stage columns up to date after a receipt of the attempt has changed."""
    seen = [one for one in viewings(connection, pilot_id) if one.attempt_id == attempt.attempt_id]
    # The review is the stored one: it may have come after the attempt was loaded.
    unreviewed = attempt.model_copy(update={"viewings": seen, "feedback": []})
    new = stage_columns(unreviewed)
    reached_at = new.pop("latest_reached_at")
    sets = ", ".join(f"{name} = CASE WHEN latest_decision IS NULL THEN ? ELSE {name} END" for name in new)
    connection.execute(
        f"UPDATE pilots SET {sets}, latest_reached_at = LEAST(COALESCE(latest_reached_at, ?), ?) "  # noqa: S608
        "WHERE pilot_id = ? AND latest_attempt = ? AND latest_state = 'ready'",
        [*new.values(), reached_at, reached_at, pilot_id, attempt.attempt_number],
    )


def _none_approved(attempts: list[PilotRunAttempt]) -> bool:
    """Whether a person has reviewed each of these attempts and approved none."""
    return all(attempt.review and attempt.review.level is not FeedbackLevel.APPROVE for attempt in attempts)


def _attempt_row(pilot_id: str, attempt: PilotRunAttempt) -> Row:
    row: Row = {name: getattr(attempt, name) for name in PilotRunAttempt.model_fields if name not in NOT_COLUMNS}
    for name in ("created_at", "started_at", "ready_at", "sent_at"):
        row[name] = to_column(row[name])
    row["state"] = attempt.state.value
    row["sent_how"] = attempt.sent_how.value if attempt.sent_how else None
    row["pilot_id"] = pilot_id
    row["sla_violations"] = _json(attempt.sla_violations)
    row["drafts"] = _json([draft.model_dump(mode="json") for draft in attempt.drafts])
    row["source"] = _json(attempt.source)
    return row


def _feedback_rows(pilot: PilotRun) -> tuple[list[Row], list[Row]]:
    """The rows of ``feedback`` and of ``feedback_flags``."""
    feedback: list[Row] = []
    flags: list[Row] = []
    for attempt in pilot.runs:
        for position, given in enumerate(attempt.feedback):
            feedback.append(
                {
                    "feedback_id": given.feedback_id,
                    "pilot_id": pilot.pilot_id,
                    "attempt_id": attempt.attempt_id,
                    "position": position,
                    "level": given.level.value,
                    "notes": given.notes,
                    "mode": given.mode.value,
                    "said_by": given.by,
                    "channel": given.channel,
                    "persona": given.persona,
                    "received_at": to_column(given.received_at),
                    "sha256": given.sha256,
                    "original_sha256": given.original_sha256,
                    "checklist": _json(given.checklist),
                    "people_hours": given.people_hours,
                }
            )
            flags.extend(
                {"feedback_id": given.feedback_id, "pilot_id": pilot.pilot_id, "position": place, "flag": flag}
                for place, flag in enumerate(given.flags)
            )
    return feedback, flags


def pilots_from_rows(
    pilots: Iterable[Row],
    attempts: Iterable[Row],
    feedback: Iterable[Row],
    flags: Iterable[Row],
    receipts: Iterable[Row],
) -> list[PilotRun]:
    """Pilots in the order of their rows. All other rows come ordered by their parent and position."""
    seen_of = {key: list(group) for key, group in groupby(receipts, lambda r: r["attempt_id"])}
    flags_of = {key: [r["flag"] for r in group] for key, group in groupby(flags, lambda r: r["feedback_id"])}
    feedback_of = {
        key: [_feedback(r, flags_of.get(r["feedback_id"], [])) for r in group]
        for key, group in groupby(feedback, lambda r: r["attempt_id"])
    }
    attempts_of = {
        key: [_attempt(r, feedback_of.get(r["attempt_id"], []), seen_of.get(r["attempt_id"], [])) for r in group]
        for key, group in groupby(attempts, lambda r: r["pilot_id"])
    }
    return [_pilot(row, attempts_of.get(row["pilot_id"], [])) for row in pilots]


def attempt(connection: Connection, pilot_id: str, attempt_number: int) -> PilotRunAttempt | None:
    """That attempt of a pilot without its feedback and receipts, or None: one query, where a whole pilot takes five."""
    sql = "SELECT * FROM attempts WHERE pilot_id = ? AND attempt_number = ?"
    found = rows(connection, sql, [pilot_id, attempt_number])
    return _attempt(found[0], [], []) if found else None


def _pilot(row: Row, runs: list[PilotRunAttempt]) -> PilotRun:
    fields = {name: row[name] for name in PilotRun.model_fields if name in row}
    for name in PILOT_JSON:
        fields[name] = json.loads(row[name])
    return within_limits(PilotRun, fields | {"runs": runs}, row["pilot_id"])


def _attempt(row: Row, feedback: list[Feedback], receipts: list[Row]) -> PilotRunAttempt:
    fields = {name: row[name] for name in PilotRunAttempt.model_fields if name in row}
    for name in ATTEMPT_JSON:
        fields[name] = json.loads(row[name])
    viewings = [viewing_of(seen, row["attempt_number"]) for seen in receipts]
    return within_limits(PilotRunAttempt, fields | {"feedback": feedback, "viewings": viewings}, row["attempt_id"])


def _feedback(row: Row, flags: list[str]) -> Feedback:
    fields = {
        "feedback_id": row["feedback_id"],
        "level": row["level"],
        "notes": row["notes"],
        "flags": flags,
        "mode": row["mode"],
        "by": row["said_by"],
        "channel": row["channel"],
        "persona": row["persona"],
        "received_at": row["received_at"],
        "sha256": row["sha256"],
        "original_sha256": row["original_sha256"],
        # Rows written before the column existed have none.
        "checklist": json.loads(row["checklist"] or "[]"),
        "people_hours": row["people_hours"],
    }
    return within_limits(Feedback, fields, row["feedback_id"])


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
