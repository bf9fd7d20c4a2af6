"""A pilot as rows of the store's tables, and back. The one place that knows which field stands in which column."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from pilot_core.clock import as_utc
from pilot_core.insight.recommend import recommend
from pilot_core.models import AttemptState, Event, Feedback, PilotRun, PilotRunAttempt

Row = dict[str, Any]

PILOT_JSON = ("brand_context", "brief", "notes", "source")
ATTEMPT_JSON = ("sla_violations", "drafts", "source")


def to_column(value: datetime | None) -> datetime | None:
    """A time as the store keeps it: UTC without a zone."""
    return as_utc(value).replace(tzinfo=None) if value else None


def from_column(value: datetime | None) -> datetime | None:
    """A stored time as an aware one."""
    return value.replace(tzinfo=UTC) if value else None


def pilot_row(pilot: PilotRun) -> Row:
    """The row of ``pilots``, the derived recommendation included."""
    row: Row = {
        name: getattr(pilot, name) for name in PilotRun.model_fields if name not in {"runs", "brief", *PILOT_JSON}
    }
    for name in ("created_at", "updated_at", "decided_at"):
        row[name] = to_column(row[name])
    row["status"], row["approval_outcome"] = pilot.status.value, pilot.approval_outcome.value
    row["brand_preset"] = pilot.brand_preset
    row["brief"] = pilot.brief.model_dump_json()
    for name in ("brand_context", "notes", "source"):
        row[name] = _json(getattr(pilot, name))
    return row | derived_row(pilot)


def derived_row(pilot: PilotRun) -> Row:
    """What the rules say of the pilot now, and where it stands, as columns of ``pilots``."""
    result = recommend(pilot)
    return {
        "recommendation": result.recommendation.value if result.recommendation else None,
        "recommendation_state": str(result.state),
        "reason_code": result.code,
        "reason_text": result.summary,
        "rules_version": result.rules_version,
    } | _standing(pilot)


def _standing(pilot: PilotRun) -> Row:
    """Where the pilot stands: ``decisions`` has a word an attempt, the human decision or else the attempt's state."""
    runs = sorted(pilot.runs, key=lambda attempt: attempt.attempt_number)
    counted = [attempt for attempt in runs if attempt.state is not AttemptState.FAILED]
    costs = [attempt.total_cost_dollars for attempt in runs if attempt.total_cost_dollars is not None]
    latest = runs[-1] if runs else None
    review = latest.review if latest else None
    return {
        "decisions": " ".join(a.review.level.value if a.review else a.state.value for a in runs),
        "attempts_used": len(counted),
        "total_cost_dollars": sum(costs) if costs else None,
        "exhausted": len(counted) >= pilot.max_attempts and all(attempt.review for attempt in counted),
        "latest_attempt": latest.attempt_number if latest else None,
        "latest_state": latest.state.value if latest else None,
        "latest_decision": review.level.value if review else None,
        "latest_said_by": review.by if review else None,
        "latest_sla_passed": latest.sla_passed if latest else None,
        "latest_note": (latest.failure or next(iter(latest.sla_violations), None)) if latest else None,
        "latest_since": to_column(review.received_at if review else latest.ready_at or latest.created_at)
        if latest
        else None,
    }


def attempt_rows(pilot: PilotRun) -> list[Row]:
    """The rows of ``attempts``."""
    return [_attempt_row(pilot.pilot_id, attempt) for attempt in pilot.runs]


def _attempt_row(pilot_id: str, attempt: PilotRunAttempt) -> Row:
    row: Row = {
        name: getattr(attempt, name) for name in PilotRunAttempt.model_fields if name not in {"feedback", *ATTEMPT_JSON}
    }
    for name in ("created_at", "started_at", "ready_at"):
        row[name] = to_column(row[name])
    row["state"] = attempt.state.value
    row["pilot_id"] = pilot_id
    row["sla_violations"] = _json(attempt.sla_violations)
    row["drafts"] = _json([draft.model_dump(mode="json") for draft in attempt.drafts])
    row["source"] = _json(attempt.source)
    return row


def feedback_rows(pilot: PilotRun) -> tuple[list[Row], list[Row]]:
    """The rows of ``feedback`` and of ``feedback_flags``."""
    said: list[Row] = []
    flagged: list[Row] = []
    for attempt in pilot.runs:
        for position, given in enumerate(attempt.feedback):
            said.append(
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
                    "checklist": _json(given.checklist),
                }
            )
            flagged.extend(
                {"feedback_id": given.feedback_id, "pilot_id": pilot.pilot_id, "position": place, "flag": flag}
                for place, flag in enumerate(given.flags)
            )
    return said, flagged


def event_row(event: Event, pilot_version: int, position: int) -> Row:
    """The row of ``events``."""
    return {
        "event_id": event.event_id,
        "pilot_id": event.pilot_id,
        "pilot_version": pilot_version,
        "position": position,
        "happened_at": to_column(event.at),
        "actor": event.actor,
        "kind": event.kind,
        "detail": _json(event.detail),
    }


def event_from_row(row: Row) -> Event:
    """An event from its row."""
    return Event(
        event_id=row["event_id"],
        pilot_id=row["pilot_id"],
        at=row["happened_at"],
        actor=row["actor"],
        kind=row["kind"],
        detail=json.loads(row["detail"]),
    )


def pilots_from_rows(
    pilots: Iterable[Row], attempts: Iterable[Row], feedback: Iterable[Row], flags: Iterable[Row]
) -> list[PilotRun]:
    """Pilots in the order of their rows. Attempts, feedback and flags come ordered by their parent and position."""
    flags_of = {key: [r["flag"] for r in group] for key, group in groupby(flags, lambda r: r["feedback_id"])}
    feedback_of = {
        key: [_feedback(r, flags_of.get(r["feedback_id"], [])) for r in group]
        for key, group in groupby(feedback, lambda r: r["attempt_id"])
    }
    attempts_of = {
        key: [_attempt(r, feedback_of.get(r["attempt_id"], [])) for r in group]
        for key, group in groupby(attempts, lambda r: r["pilot_id"])
    }
    return [_pilot(row, attempts_of.get(row["pilot_id"], [])) for row in pilots]


def _pilot(row: Row, runs: list[PilotRunAttempt]) -> PilotRun:
    fields = {name: row[name] for name in PilotRun.model_fields if name in row}
    for name in PILOT_JSON:
        fields[name] = json.loads(row[name])
    return PilotRun(**fields, runs=runs)


def _attempt(row: Row, feedback: list[Feedback]) -> PilotRunAttempt:
    fields = {name: row[name] for name in PilotRunAttempt.model_fields if name in row}
    for name in ATTEMPT_JSON:
        fields[name] = json.loads(row[name])
    return PilotRunAttempt(**fields, feedback=feedback)


def _feedback(row: Row, flags: list[str]) -> Feedback:
    return Feedback(
        feedback_id=row["feedback_id"],
        level=row["level"],
        notes=row["notes"],
        flags=flags,
        mode=row["mode"],
        by=row["said_by"],
        channel=row["channel"],
        persona=row["persona"],
        received_at=row["received_at"],
        sha256=row["sha256"],
        # Rows older than the column have none.
        checklist=json.loads(row["checklist"] or "[]"),
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
