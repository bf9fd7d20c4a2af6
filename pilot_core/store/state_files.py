"""State files: one pilot as JSON, in the guide's generation and the platform's present one, read and written.

What is written holds the fields of both generations under their own names, so either can read it, and everything
this product adds. A field that came from an imported file and still means the same keeps the spelling it came with
(``APPROVE``, a time without a zone); a field nobody here knows is kept and written back.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import to_json

from pilot_core import ids
from pilot_core.clock import iso, parse_time, utc_now
from pilot_core.errors import InvalidRequest
from pilot_core.models import (
    ApprovalOutcome,
    AttemptState,
    Brief,
    Draft,
    Feedback,
    FeedbackMode,
    PilotRun,
    PilotRunAttempt,
    PilotStatus,
    parse_level,
)

Json = dict[str, Any]

MAX_BYTES = 10_000_000
PILOT_FIELDS = [
    "pilot_id",
    "founder_name",
    "company_name",
    "scenario_type",
    "brand_context",
    "playbook_version",
    "notes",
    "max_attempts",
    "max_iterations_per_attempt",
    "pause_reason",
    "drop_reason",
    "drop_external",
]
ATTEMPT_FIELDS = [
    "attempt_number",
    "attempt_id",
    "pipeline",
    "folder",
    "upload_path",
    "video_path",
    "review_pack_path",
    "time_to_first_cut_seconds",
    "iteration_count",
    "total_cost_dollars",
    "sla_passed",
    "sla_violations",
    "failure",
]


def dump(pilot: PilotRun) -> Json:
    """The pilot as the JSON object of its state file."""
    return _with_source(
        _dump_fields(pilot) | {"runs": [_dump_attempt(attempt) for attempt in pilot.runs]}, pilot.source
    )


def _dump_fields(pilot: PilotRun) -> Json:
    """What the pilot has beside its attempts."""
    written: Json = {name: getattr(pilot, name) for name in PILOT_FIELDS}
    written |= {
        "brief": pilot.brief.model_dump(),
        "status": pilot.status.value,
        "approval_outcome": pilot.approval_outcome.value,
        "created_at": iso(pilot.created_at),
        "updated_at": iso(pilot.updated_at),
        "decided_at": _iso(pilot.decided_at),
        "revision": pilot.version,
    }
    return written


def _dump_attempt(attempt: PilotRunAttempt) -> Json:
    return _with_source(
        _dump_attempt_fields(attempt)
        | {
            "drafts": [draft.model_dump(mode="json") for draft in attempt.drafts],
            "feedback": [_dump_feedback(given) for given in attempt.feedback],
        },
        attempt.source,
    )


def _dump_attempt_fields(attempt: PilotRunAttempt) -> Json:
    """What the attempt has beside its drafts and its feedback."""
    shown = attempt.shown_feedback
    level = shown.level.value if shown else None
    received = _iso(shown.received_at) if shown else None
    written: Json = {name: getattr(attempt, name) for name in ATTEMPT_FIELDS}
    written |= {
        "state": attempt.state.value,
        "created_at": _iso(attempt.created_at),
        "started_at": _iso(attempt.started_at),
        "ready_at": _iso(attempt.ready_at),
        "founder_feedback": shown.notes if shown else None,
        "feedback_received_at": received,
        "feedback_level": level,
        "feedback_mode": shown.mode.value if shown else None,
        "feedback_decision": level,
        "feedback_flags": shown.flags if shown else [],
        "feedback_notes": shown.notes if shown else None,
        "feedback_timestamp": received,
        "feedback_persona": shown.persona if shown else None,
    }
    return written


def _dump_feedback(given: Feedback) -> Json:
    return given.model_dump(mode="json", exclude={"received_at"}) | {"received_at": _iso(given.received_at)}


def text(pilot: PilotRun) -> str:
    """The state file's whole text."""
    return to_json(dump(pilot), indent=2).decode() + "\n"


def read(path: Path) -> PilotRun:
    """The pilot in a state file of either generation. Raises InvalidRequest with one sentence that says why not."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES // 1_000_000} MB")
        data = json.loads(path.read_text(encoding="utf-8-sig"))
        if not isinstance(data, dict):
            raise ValueError("it holds no JSON object")
        return parse(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InvalidRequest(f"{path.name} is not a state file of a pilot: {where}: {first['msg'].lower()}.") from error
    except json.JSONDecodeError as error:
        raise InvalidRequest(f"{path.name} is not a state file of a pilot: line {error.lineno} is not JSON.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{path.name} cannot be read: {error}.") from error
    except KeyError as error:
        raise InvalidRequest(f"{path.name} is not a state file of a pilot: it has no {error.args[0]}.") from error
    except (ValueError, TypeError, AttributeError, InvalidRequest) as error:
        raise InvalidRequest(f"{path.name} is not a state file of a pilot: {str(error).rstrip('.')}.") from error


def parse(data: Json) -> PilotRun:
    """The pilot in a state file's JSON object; raises KeyError, ValueError or ValidationError."""
    ours = "revision" in data
    runs = [_parse_attempt(entry, data["pilot_id"], ours) for entry in data.get("runs") or []]
    numbers = [attempt.attempt_number for attempt in runs]
    if len(set(numbers)) != len(numbers):
        raise ValueError("two of its attempts have the same number")
    created = _time(data.get("created_at")) or min((a.created_at for a in runs if a.created_at), default=None)
    created = created or _day_of(data["pilot_id"])
    pilot = PilotRun(
        **{name: data[name] for name in PILOT_FIELDS if data.get(name) is not None},
        brief=Brief(**data["brief"]) if ours else Brief(),
        runs=runs,
        status=PilotStatus(str(data.get("status") or "active").lower()),
        approval_outcome=ApprovalOutcome(str(data.get("approval_outcome") or "pending").lower()),
        created_at=created,
        updated_at=_time(data.get("updated_at")) or created,
        decided_at=_time(data.get("decided_at")),
        version=0,
    )
    if pilot.decided_at is None and pilot.approval_outcome is not ApprovalOutcome.PENDING:
        pilot.decided_at = _decided_at(pilot)
    pilot.source = _kept(data, _dump_fields(pilot), skip={"runs", "revision"})
    return pilot


def _parse_attempt(entry: Json, pilot_id: str, ours: bool) -> PilotRunAttempt:
    number = int(entry["attempt_number"])
    feedback = [Feedback(**given) for given in entry["feedback"]] if ours else _flat_feedback(entry, pilot_id, number)
    fields = {name: entry[name] for name in ATTEMPT_FIELDS if entry.get(name) is not None}
    given_id = str(fields.get("attempt_id") or "")
    if not ids.ATTEMPT_ID.fullmatch(given_id):
        fields["attempt_id"] = ids.attempt_id_for(pilot_id, number)
    attempt = PilotRunAttempt(
        **fields,
        state=AttemptState(entry["state"]) if ours else AttemptState.READY,
        created_at=_time(entry.get("created_at")),
        started_at=_time(entry.get("started_at")),
        ready_at=_time(entry.get("ready_at")),
        drafts=[Draft(**draft) for draft in entry["drafts"]] if ours else [],
        feedback=feedback,
    )
    if attempt.state in (AttemptState.QUEUED, AttemptState.RENDERING):
        attempt.state = AttemptState.FAILED
        attempt.failure = "Its cut was still being made when this state file was written."
    attempt.source = _kept(entry, _dump_attempt_fields(attempt), skip={"feedback", "drafts"})
    return attempt


def _flat_feedback(entry: Json, pilot_id: str, number: int) -> list[Feedback]:
    level = entry.get("feedback_decision") or entry.get("feedback_level")
    if not level:
        return []
    mode = FeedbackMode(str(entry.get("feedback_mode") or "human").lower())
    persona = entry.get("feedback_persona")
    if isinstance(persona, dict):
        persona = persona.get("id") or persona.get("name")
    given = Feedback(
        # Made from what it belongs to, so that importing the same file twice gives the same feedback.
        feedback_id=f"feedback_{pilot_id.removeprefix('pilot_')}_{number}",
        level=parse_level(level),
        notes=entry.get("feedback_notes") or entry.get("founder_feedback") or "",
        flags=[str(flag) for flag in entry.get("feedback_flags") or []],
        mode=mode,
        by=str(persona or ""),
        persona=str(persona) if persona else None,
        received_at=_time(entry.get("feedback_timestamp") or entry.get("feedback_received_at")),
    )
    return [given]


def _decided_at(pilot: PilotRun) -> datetime | None:
    reviews = [a.review.received_at for a in pilot.runs if a.review and a.review.received_at]
    return max(reviews, default=pilot.updated_at)


def _kept(data: Json, written: Json, skip: set[str]) -> Json:
    """The imported fields that ``written`` does not hold word for word, each as [as it came, as we would write it]."""
    return {
        name: [value, written.get(name)]
        for name, value in data.items()
        if name not in skip and (name not in written or written[name] != value)
    }


def _with_source(written: Json, source: Json) -> Json:
    """``written``, with unknown fields added and the imported spelling of every field that has not changed since."""
    result = dict(written)
    for name, (value, then) in source.items():
        if written.get(name) == then:
            result[name] = value
    return result


def _time(value: Any) -> datetime | None:
    return parse_time(str(value)) if value else None


def _iso(value: datetime | None) -> str | None:
    return iso(value) if value else None


def _day_of(pilot_id: str) -> datetime:
    try:
        return parse_time(pilot_id.split("_")[1])
    except (IndexError, ValueError):
        return utc_now()
