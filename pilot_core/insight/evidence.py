"""The evidence for a recommendation: the pilot as known at a given time, and people's reviews of its attempts."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from pilot_core.clock import as_utc
from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.domain.feedback import Feedback, FeedbackLevel
from pilot_core.domain.pilot import ApprovalOutcome, PilotRun, PilotStatus

QUOTE_LENGTH = 160


class Reviewed(NamedTuple):
    """An attempt and its current human review."""

    attempt: PilotRunAttempt
    review: Feedback

    @property
    def number(self) -> int:
        return self.attempt.attempt_number


class FlagState(StrEnum):
    """The state of a flag over the reviewed attempts of one pilot; see :func:`flag_states`."""

    PERSISTENT = "persistent"
    NEW = "new"
    RAISED = "raised"
    RESOLVED = "resolved"


class Quote(BaseModel):
    """A shortened quote from a review. ``str()`` returns its text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attempt_number: int
    text: str
    by: str

    def __str__(self) -> str:
        return self.text


def known_at(pilot: PilotRun, as_of: datetime | None) -> PilotRun:
    """Return the pilot as it was known at ``as_of``, or unchanged for None. Anything without a time counts as known.

    Leaves out attempts and feedback added later, shows an attempt that was not ready as rendering, and a pilot that
    was decided later as open. Pauses and limits are as they are now, because the pilot stores no times for them.
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
    """Return the attempts by number, without failed ones, which do not count towards the limit."""
    standing = [a for a in pilot.runs if a.state is not AttemptState.FAILED]
    return sorted(standing, key=lambda a: a.attempt_number)


def reviewed_attempts(pilot: PilotRun) -> list[Reviewed]:
    """Return the ready attempts that have a human review, by number. An attempt being rendered is not reviewed."""
    ready = [a for a in counted_attempts(pilot) if a.state is AttemptState.READY]
    return [Reviewed(attempt, attempt.review) for attempt in ready if attempt.review]


def approving_review(pilot: PilotRun) -> Reviewed | None:
    """Return the approval on the highest-numbered reviewed attempt that has one, or None."""
    approvals = [r for r in reviewed_attempts(pilot) if r.review.level is FeedbackLevel.APPROVE]
    return approvals[-1] if approvals else None


def raised_on(reviewed: list[Reviewed]) -> dict[str, list[int]]:
    """Return each flag with the numbers of the attempts it was raised on, in the order in which flags first came up."""
    raised: dict[str, list[int]] = {}
    for entry in reviewed:
        for flag in dict.fromkeys(entry.review.flags):
            raised.setdefault(flag, []).append(entry.number)
    return raised


def flag_states(pilot: PilotRun) -> dict[str, FlagState]:
    """Return the state of each flag as of the latest reviewed attempt, in the order in which flags first came up.

    RESOLVED: not raised on that attempt. PERSISTENT: raised on it and on an earlier one. NEW: raised only on it, of two
    or more reviewed attempts. RAISED: it is the only reviewed attempt.
    """
    reviewed = reviewed_attempts(pilot)
    return {flag: _flag_state(on, reviewed) for flag, on in raised_on(reviewed).items()}


def quotes(entries: Iterable[Reviewed]) -> list[Quote]:
    """Return the notes of the reviews, each shortened to about 160 characters. Skips reviews without notes."""
    return [
        Quote(attempt_number=e.number, text=shortened(e.review.notes), by=e.review.by)
        for e in entries
        if e.review.notes.strip()
    ]


def decision_words(level: FeedbackLevel) -> str:
    """Return a decision in words, such as “minor changes”."""
    return level.value.replace("_", " ")


def shortened(text: str, length: int = QUOTE_LENGTH) -> str:
    """Return the text on one line, cut to at most ``length`` characters, between words if possible."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    head = line[:length]
    cut = head.rfind(" ")
    return (head[:cut] if cut > 0 else head[:-1]).rstrip(" ,;:–-") + "…"


def _known(time: datetime | None, moment: datetime) -> bool:
    return time is None or time <= moment


def _decided_at(pilot: PilotRun) -> datetime | None:
    """Return when the pilot was decided: for an approval, when the approving review was received."""
    approving = approving_review(pilot) if pilot.approval_outcome is ApprovalOutcome.APPROVED else None
    return (approving.review.received_at if approving else None) or pilot.decided_at


def _attempt_at(attempt: PilotRunAttempt, moment: datetime) -> PilotRunAttempt:
    heard = [f for f in attempt.feedback if _known(f.received_at, moment)]
    if _known(attempt.ready_at, moment):
        return attempt.model_copy(update={"feedback": heard} | _reached_by(attempt, moment))
    unsent: dict[str, object] = {"sent_at": None, "sent_by": None, "sent_how": None, "viewings": []}
    begun = attempt.model_copy(update={"feedback": heard, "state": AttemptState.RENDERING, "ready_at": None} | unsent)
    unmeasured = ("video_path", "review_pack_path", "time_to_first_cut_seconds", "iteration_count")
    unjudged = ("total_cost_dollars", "sla_passed")
    blank: dict[str, object] = {**dict.fromkeys(unmeasured + unjudged), "sla_violations": [], "drafts": []}
    return begun.model_copy(update=blank)


def _reached_by(attempt: PilotRunAttempt, moment: datetime) -> dict[str, object]:
    """Return what was known of sending and watching. What had been watched by then is not known if it went on later."""
    sent = {} if _known(attempt.sent_at, moment) else {"sent_at": None, "sent_by": None, "sent_how": None}
    opened = [seen for seen in attempt.viewings if seen.opened_at <= moment]
    later: dict[str, Any] = {"watched": (), "watched_at": None}
    viewings = [seen if _known(seen.watched_at, moment) else replace(seen, **later) for seen in opened]
    return {**sent, "viewings": viewings}


def _flag_state(on: list[int], reviewed: list[Reviewed]) -> FlagState:
    if len(reviewed) == 1:
        return FlagState.RAISED
    if reviewed[-1].number not in on:
        return FlagState.RESOLVED
    return FlagState.PERSISTENT if len(on) > 1 else FlagState.NEW
