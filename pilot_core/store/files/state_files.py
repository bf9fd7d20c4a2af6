"""State files: one pilot as JSON, in the format of the customer's guide and the platform's newer format.

A written file has the fields of both formats under their own names, so that either can read it, and this product's own
fields. A field from an imported file keeps its original spelling (``APPROVE``, a time without a zone) while its meaning
has not changed. Unknown fields are kept and written back.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import to_json

from pilot_core import ids
from pilot_core.clock import iso, parse_time, utc_now
from pilot_core.domain import limits
from pilot_core.domain.attempt import AttemptState, Change, Draft, PilotRunAttempt
from pilot_core.domain.brief import Brief
from pilot_core.domain.feedback import Feedback, FeedbackMode, parse_level
from pilot_core.domain.pilot import ApprovalOutcome, PilotRun, PilotStatus
from pilot_core.domain.records import in_years
from pilot_core.errors import InvalidRequest, first_fault
from pilot_core.insight.evidence import approving_review
from pilot_core.store.files.layout import belongs

Json = dict[str, Any]
K = TypeVar("K", bound=StrEnum)

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
SENT_FIELDS = ["sent_by", "sent_how"]

PATHS = ("folder", "upload_path", "video_path", "review_pack_path")
DRAFT_PATHS = ("video_path", "captions_path")
DRAFT_CHANGES = "draft_changes"
OWN_LISTS = {"feedback", "drafts", DRAFT_CHANGES}


def dump(pilot: PilotRun) -> Json:
    """Return the pilot as the JSON object of its state file."""
    return _with_source(
        _dump_fields(pilot) | {"runs": [_dump_attempt(attempt) for attempt in pilot.runs]}, pilot.source
    )


def _dump_fields(pilot: PilotRun) -> Json:
    """Return the pilot's fields without its attempts."""
    written: Json = {name: getattr(pilot, name) for name in PILOT_FIELDS}
    written |= {
        "brief": pilot.brief.model_dump(),
        "status": pilot.status.value,
        "approval_outcome": pilot.approval_outcome.value,
        "created_at": iso(pilot.created_at),
        "updated_at": iso(pilot.updated_at),
        "decided_at": _iso(pilot.decided_at),
        "owner": pilot.owner,
        "snoozed_until": _iso(pilot.snoozed_until),
        "revision": pilot.version,
    }
    return written


def _dump_attempt(attempt: PilotRunAttempt) -> Json:
    return _with_source(
        _dump_attempt_fields(attempt)
        | {
            "drafts": [
                draft.model_dump(mode="json") | {"changes": [change.text for change in draft.changes]}
                for draft in attempt.drafts
            ],
            **_dump_changes(attempt),
            "feedback": [_dump_feedback(given) for given in attempt.feedback],
        },
        attempt.source,
    )


def _dump_attempt_fields(attempt: PilotRunAttempt) -> Json:
    """Return the attempt's fields without its drafts and feedback."""
    shown = attempt.shown_feedback
    level = shown.level.value if shown else None
    received = _iso(shown.received_at) if shown else None
    written: Json = {name: getattr(attempt, name) for name in (*ATTEMPT_FIELDS, *SENT_FIELDS)}
    written |= {
        "state": attempt.state.value,
        "created_at": _iso(attempt.created_at),
        "started_at": _iso(attempt.started_at),
        "ready_at": _iso(attempt.ready_at),
        "sent_at": _iso(attempt.sent_at),
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


def _dump_changes(attempt: PilotRunAttempt) -> Json:
    """Return what is known of each draft's changes beyond their sentences.

    The drafts themselves list only sentences, as readers of both formats expect.
    """
    known = [
        {"iteration": draft.iteration, **change.model_dump()}
        for draft in attempt.drafts
        for change in draft.changes
        if change.flags
    ]
    return {DRAFT_CHANGES: known} if known else {}


def _dump_feedback(given: Feedback) -> Json:
    return given.model_dump(mode="json", exclude={"received_at"}) | {"received_at": _iso(given.received_at)}


def text(pilot: PilotRun) -> str:
    """Return the whole text of the state file."""
    return to_json(dump(pilot), indent=2).decode() + "\n"


def read(path: Path) -> PilotRun:
    """Read a state file in either format. Raises InvalidRequest with the reason in one sentence."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES // 1_000_000} MB")
        data = json.loads(path.read_text(encoding="utf-8-sig"))
        if not isinstance(data, dict):
            raise ValueError("it holds no JSON object")
        return parse(data)
    except ValidationError as error:
        where, why = first_fault(error)
        where = "an unknown field" if where == "source" else where or "the file"
        raise InvalidRequest(f"{path.name} is not a state file of a pilot: {where}: {why}.") from error
    except json.JSONDecodeError as error:
        raise InvalidRequest(f"{path.name} is not a state file of a pilot: line {error.lineno} is not JSON.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{path.name} cannot be read: {error}.") from error
    except KeyError as error:
        raise InvalidRequest(f"{path.name} is not a state file of a pilot: it has no {error.args[0]}.") from error
    except RecursionError as error:
        raise InvalidRequest(
            f"{path.name} is not a state file of a pilot: values are nested more than {limits.JSON_DEPTH} deep."
        ) from error
    except (TypeError, AttributeError) as error:
        raise InvalidRequest(
            f"{path.name} is not a state file of a pilot: a field has a value of the wrong kind ({error})."
        ) from error
    except (ValueError, ArithmeticError, InvalidRequest) as error:
        raise InvalidRequest(f"{path.name} is not a state file of a pilot: {str(error).rstrip('.')}.") from error


def parse(data: Json) -> PilotRun:
    """Return the pilot in a state file's JSON object, with a warning if paths are left out.

    Raises KeyError, ValueError or ValidationError.
    """
    ours = "revision" in data
    if not isinstance(data["pilot_id"], str) or not ids.PILOT_ID.fullmatch(data["pilot_id"]):
        raise ValueError("pilot_id is not an id like pilot_20240115_abc12345")
    runs = [_parse_attempt(entry, data["pilot_id"], ours) for entry in _objects(data, "runs")]
    numbers = [attempt.attempt_number for attempt in runs]
    if len(set(numbers)) != len(numbers):
        raise ValueError("two of its attempts have the same number")
    created = _time(data, "created_at") or min((a.created_at for a in runs if a.created_at), default=None)
    created = created or _day_of(data["pilot_id"])
    pilot = PilotRun(
        **{name: data[name] for name in PILOT_FIELDS if data.get(name) is not None},
        brief=Brief(**data["brief"]) if ours else Brief(),
        runs=runs,
        status=_member(PilotStatus, data, "status", "active"),
        approval_outcome=_member(ApprovalOutcome, data, "approval_outcome", "pending"),
        created_at=created,
        updated_at=_time(data, "updated_at") or created,
        decided_at=_time(data, "decided_at"),
        owner=data.get("owner") if ours else None,
        snoozed_until=_time(data, "snoozed_until") if ours else None,
        version=0,
    )
    if pilot.approval_outcome is not ApprovalOutcome.PENDING:
        pilot.decided_at = _approved_at(pilot) or pilot.decided_at or _decided_at(pilot)
    pilot.source = _kept(data, _dump_fields(pilot), skip={"runs", "revision"})
    if dropped := list(dict.fromkeys(_foreign_paths(data))):
        more = f" and {len(dropped) - 1} more" if len(dropped) > 1 else ""
        pilot.warnings.append(
            f"its path {dropped[0][:80]}{more} is left out, since it is not in the folder {pilot.pilot_id}; "
            "put the files there and correct the paths to have them shown."
        )
    if pilot.approved_but_open:
        pilot.warnings.append(
            "its latest review approves it but its outcome is pending, so it stays open; "
            "open the pilot and choose “Close as approved” if it has ended."
        )
    return pilot


def _parse_attempt(entry: Json, pilot_id: str, ours: bool) -> PilotRunAttempt:
    number = entry["attempt_number"]
    if not isinstance(number, int):
        raise ValueError("attempt_number is not a whole number")
    feedback = (
        [Feedback(**given) for given in _objects(entry, "feedback")]
        if ours
        else _flat_feedback(entry, pilot_id, number)
    )
    names = [*ATTEMPT_FIELDS, *SENT_FIELDS] if ours else ATTEMPT_FIELDS
    fields = {name: entry[name] for name in names if entry.get(name) is not None}
    foreign = [name for name in PATHS if not _is_own(fields.get(name), pilot_id)]
    fields |= dict.fromkeys(foreign)
    given_id = str(fields.get("attempt_id") or "")
    if not ids.ATTEMPT_ID.fullmatch(given_id):
        fields["attempt_id"] = ids.attempt_id_for(pilot_id, number)
    attempt = PilotRunAttempt(
        **fields,
        state=_member(AttemptState, entry, "state", "ready") if ours else AttemptState.READY,
        created_at=_time(entry, "created_at"),
        started_at=_time(entry, "started_at"),
        ready_at=_time(entry, "ready_at"),
        sent_at=_time(entry, "sent_at") if ours else None,
        drafts=_parse_drafts(entry, pilot_id) if ours else [],
        feedback=feedback,
    )
    if attempt.state.is_under_way:
        attempt.state = AttemptState.FAILED
        attempt.failure = "Its cut was still being made when this state file was written."
    attempt.source = _kept(
        entry, _dump_attempt_fields(attempt), skip=OWN_LISTS if ours else OWN_LISTS - {DRAFT_CHANGES}
    )
    return attempt


def _is_own(path: Any, pilot_id: str) -> bool:
    """Whether a path is in the pilot's folder, or is none."""
    return not path or not isinstance(path, str) or belongs(path, pilot_id)


def _foreign_paths(data: Json) -> Iterator[str]:
    """Yield the paths in a state file that are not in its pilot's folder."""
    for entry in data.get("runs") or []:
        drafts = entry.get("drafts") if "revision" in data else None
        for held, names in ((entry, PATHS), *((draft, DRAFT_PATHS) for draft in drafts or [])):
            given = (held.get(name) for name in names)
            yield from (path for path in given if not _is_own(path, data["pilot_id"]))


def _parse_drafts(entry: Json, pilot_id: str) -> list[Draft]:
    """Return the attempt's drafts, with their change sentences joined to the details that the attempt has.

    A path that is not in the pilot's folder becomes empty.
    """
    known = {
        (change["iteration"], change["text"]): Change(
            text=change["text"], flags=change["flags"], answered=change["answered"]
        )
        for change in _objects(entry, DRAFT_CHANGES)
    }
    return [
        Draft(
            **draft
            | {name: "" for name in DRAFT_PATHS if not _is_own(draft.get(name), pilot_id)}
            | {"changes": [known.get((draft["iteration"], text), text) for text in draft.get("changes") or []]}
        )
        for draft in _objects(entry, "drafts")
    ]


def _flat_feedback(entry: Json, pilot_id: str, number: int) -> list[Feedback]:
    level = entry.get("feedback_decision") or entry.get("feedback_level")
    if not level:
        return []
    mode = _member(FeedbackMode, entry, "feedback_mode", "human")
    persona = entry.get("feedback_persona")
    if isinstance(persona, dict):
        persona = persona.get("id") or persona.get("name")
    given = Feedback(
        # Derived from what it belongs to, so that importing a file twice gives the same feedback ids.
        feedback_id=f"feedback_{pilot_id.removeprefix('pilot_')}_{number}",
        level=parse_level(level),
        notes=entry.get("feedback_notes") or entry.get("founder_feedback") or "",
        flags=_list(entry, "feedback_flags"),
        mode=mode,
        by=str(persona or ""),
        persona=str(persona) if persona else None,
        received_at=_time(entry, "feedback_timestamp") or _time(entry, "feedback_received_at"),
    )
    return [given]


def _list(entry: Json, name: str) -> list[str]:
    """Return a list of texts in an entry. Raises ValueError for anything else, such as one text."""
    given = entry.get(name) or []
    if not isinstance(given, list):
        raise ValueError(f"{name} is not a list")
    return [str(value) for value in given]


def _approved_at(pilot: PilotRun) -> datetime | None:
    """Return when the approving review of an approved pilot was received, which is when it was decided."""
    approving = approving_review(pilot) if pilot.approval_outcome is ApprovalOutcome.APPROVED else None
    return approving.review.received_at if approving else None


def _decided_at(pilot: PilotRun) -> datetime | None:
    reviews = [a.review.received_at for a in pilot.runs if a.review and a.review.received_at]
    return max(reviews, default=pilot.updated_at)


def _kept(data: Json, written: Json, skip: set[str]) -> Json:
    """Return the imported fields that ``written`` lacks or has in another spelling, each as [imported, written]."""
    return {
        name: [value, written.get(name)]
        for name, value in data.items()
        if name not in skip and (name not in written or written[name] != value)
    }


def _with_source(written: Json, source: Json) -> Json:
    """Return ``written`` with unknown fields, and with the imported spelling of fields that have not changed since."""
    result = dict(written)
    for name, (value, then) in source.items():
        if written.get(name) == then:
            result[name] = value
    return result


def _time(entry: Json, name: str) -> datetime | None:
    """Return a time of an entry, or None if it has none. Raises ValueError."""
    given = entry.get(name)
    if not given:
        return None
    try:
        moment = datetime.fromisoformat(str(given))
    except ValueError:
        raise ValueError(f"{name} is “{str(given)[:40]}”; write a time like 2024-01-16T09:30:00") from None
    return in_years(moment, name)


def _objects(entry: Json, name: str) -> list[Json]:
    """Return a list of objects in an entry. Raises ValueError for anything else."""
    given = entry.get(name) or []
    if not isinstance(given, list) or not all(isinstance(value, dict) for value in given):
        raise ValueError(f"{name} is not a list of objects")
    return given


def _member(kind: type[K], entry: Json, name: str, default: str) -> K:
    """Return the member of ``kind`` that an entry names, in either letter case. Raises ValueError."""
    given = str(entry.get(name) or default)
    try:
        return kind(given.lower())
    except ValueError:
        known = ", ".join(kind)
        raise ValueError(f"{name} is “{given[:40]}”; it must be one of: {known}") from None


def _iso(value: datetime | None) -> str | None:
    return iso(value) if value else None


def _day_of(pilot_id: str) -> datetime:
    try:
        return parse_time(pilot_id.split("_")[1])
    except (IndexError, ValueError):
        return utc_now()
