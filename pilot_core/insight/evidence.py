"""What a recommendation may look at: the pilot as it was known at a moment, and what people said of its attempts."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from pilot_core.clock import as_utc
from pilot_core.models import (
    ApprovalOutcome,
    AttemptState,
    Feedback,
    FeedbackLevel,
    PilotRun,
    PilotRunAttempt,
    PilotStatus,
)

QUOTE_LENGTH = 160


class Reviewed(NamedTuple):
    """An attempt and the review by a person that stands for it."""

    attempt: PilotRunAttempt
    review: Feedback

    @property
    def number(self) -> int:
        return self.attempt.attempt_number


class FlagState(StrEnum):
    """How a flag stands over the reviewed attempts of one pilot."""

    PERSISTENT = "persistent"
    NEW = "new"
    RESOLVED = "resolved"


class Quote(BaseModel):
    """Words of a review, shortened; printed, it is its text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attempt_number: int
    text: str
    by: str

    def __str__(self) -> str:
        return self.text


def known_at(pilot: PilotRun, as_of: datetime | None) -> PilotRun:
    """The pilot as it was known at ``as_of``; all of it for None. What has no time counts as known before.

    Attempts not yet begun and feedback not yet received are left out, a cut not yet ready is still rendering, and a
    pilot decided later is still open. Pauses and limits are taken as they are: the pilot keeps no times of them.
    """
    if as_of is None:
        return pilot
    moment = as_utc(as_of)
    runs = [_attempt_at(a, moment) for a in pilot.runs if _known(a.created_at, moment)]
    known = pilot.model_copy(update={"runs": runs})
    if pilot.status is PilotStatus.COMPLETED and not _known(_decided_at(pilot), moment):
        open_again = {
            "status": PilotStatus.ACTIVE,
            "approval_outcome": ApprovalOutcome.PENDING,
            "decided_at": None,
            "drop_reason": None,
            "drop_external": False,
        }
        known = known.model_copy(update=open_again)
    return known


def counted_attempts(pilot: PilotRun) -> list[PilotRunAttempt]:
    """The attempts by number, without the failed ones, which use up no attempt."""
    standing = [a for a in pilot.runs if a.state is not AttemptState.FAILED]
    return sorted(standing, key=lambda a: a.attempt_number)


def reviewed_attempts(pilot: PilotRun) -> list[Reviewed]:
    """The attempts a person has judged, by number. A cut still in the making counts as not reviewed."""
    ready = [a for a in counted_attempts(pilot) if a.state is AttemptState.READY]
    return [Reviewed(attempt, attempt.review) for attempt in ready if attempt.review]


def latest_decision(reviewed: list[Reviewed]) -> Reviewed | None:
    """The review received last; where any receive time is missing, that of the highest attempt number."""
    timed = [(r.review.received_at, r.number, r) for r in reviewed if r.review.received_at]
    if len(timed) < len(reviewed):
        return max(reviewed, key=lambda r: r.number)
    return max(timed, key=lambda entry: entry[:2])[2] if timed else None


def raised_on(reviewed: list[Reviewed]) -> dict[str, list[int]]:
    """Each flag people raised, with the numbers of the attempts it stands on, in the order first raised."""
    raised: dict[str, list[int]] = {}
    for entry in reviewed:
        for flag in dict.fromkeys(entry.review.flags):
            raised.setdefault(flag, []).append(entry.number)
    return raised


def flag_states(pilot: PilotRun) -> dict[str, FlagState]:
    """How each flag people raised stands, measured at the latest *reviewed* attempt, in the order first raised.

    Absent from it: resolved. On it and on an earlier one: persistent. On it alone: new, also where it is the only one.
    """
    reviewed = reviewed_attempts(pilot)
    return {flag: _flag_state(on, reviewed[-1].number) for flag, on in raised_on(reviewed).items()}


def quotes(entries: Iterable[Reviewed]) -> list[Quote]:
    """What the reviews say, each shortened at a word to about 160 characters; reviews without words are left out."""
    return [
        Quote(attempt_number=e.number, text=shortened(e.review.notes), by=e.review.by)
        for e in entries
        if e.review.notes.strip()
    ]


def decision_words(level: FeedbackLevel) -> str:
    """A decision as a sentence says it, such as “minor changes”."""
    return level.value.replace("_", " ")


def shortened(text: str, length: int = QUOTE_LENGTH) -> str:
    """The text on one line and no longer than ``length`` characters, cut at a word where there is one."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    head = line[:length]
    cut = head.rfind(" ")
    return (head[:cut] if cut > 0 else head[:-1]).rstrip(" ,;:–-") + "…"


def _known(time: datetime | None, moment: datetime) -> bool:
    return time is None or time <= moment


def _decided_at(pilot: PilotRun) -> datetime | None:
    """When the pilot was decided; imported pilots do not say, so for an approval, when it was received."""
    latest = latest_decision(reviewed_attempts(pilot))
    approved = pilot.approval_outcome is ApprovalOutcome.APPROVED
    if pilot.decided_at is None and approved and latest and latest.review.level is FeedbackLevel.APPROVE:
        return latest.review.received_at
    return pilot.decided_at


def _attempt_at(attempt: PilotRunAttempt, moment: datetime) -> PilotRunAttempt:
    heard = [f for f in attempt.feedback if _known(f.received_at, moment)]
    if _known(attempt.ready_at, moment):
        return attempt.model_copy(update={"feedback": heard})
    begun = attempt.model_copy(update={"feedback": heard, "state": AttemptState.RENDERING, "ready_at": None})
    unmeasured = ("video_path", "review_pack_path", "time_to_first_cut_seconds", "iteration_count")
    unjudged = ("total_cost_dollars", "sla_passed")
    blank: dict[str, object] = {**dict.fromkeys(unmeasured + unjudged), "sla_violations": [], "drafts": []}
    return begun.model_copy(update=blank)


def _flag_state(on: list[int], latest: int) -> FlagState:
    if latest not in on:
        return FlagState.RESOLVED
    return FlagState.PERSISTENT if len(on) > 1 else FlagState.NEW
