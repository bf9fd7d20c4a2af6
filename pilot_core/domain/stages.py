"""The stage of an attempt, from the queue to the founder's decision, and since when. Whatever names it asks here.

A stage claims only what is known. A video that was opened or decided on without a record that it was sent is "opened"
or "decided"; one of which neither is known is "ready, not sent".
"""

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.domain.feedback import FeedbackLevel


class Stage(StrEnum):
    """How far an attempt has come. READY is not sent; WATCHED is opened and played, in part or whole."""

    QUEUED = "queued"
    RENDERING = "rendering"
    FAILED = "failed"
    READY = "ready"
    SENT = "sent"
    OPENED = "opened"
    WATCHED = "watched"
    DECIDED = "decided"

    @property
    def is_with_founder(self) -> bool:
        """Whether the founder's decision is awaited."""
        return self in WITH_FOUNDER


WITH_FOUNDER = (Stage.SENT, Stage.OPENED, Stage.WATCHED)
LABELS = {
    Stage.QUEUED: "Queued",
    Stage.RENDERING: "Rendering",
    Stage.FAILED: "Render failed",
    Stage.READY: "Ready, not sent",
    Stage.SENT: "Sent",
    Stage.OPENED: "Opened",
    Stage.WATCHED: "Watched",
}


@dataclass(frozen=True)
class AttemptStage:
    """The stage of an attempt, and when it began (UTC; None if unknown).

    ``by`` is the person who sent, first opened, watched or decided, "" if that is unknown or several. A video was
    watched ``since`` somebody last played a part of it that they had not seen. ``watched`` is the largest share of it
    that one reviewer watched, 0 to 1; None if it is unknown. ``decision`` is the review's.
    """

    stage: Stage
    since: datetime | None
    by: str = ""
    watched: float | None = None
    decision: FeedbackLevel | None = None

    @property
    def label(self) -> str:
        """The stage in a few words: "Ready, not sent", "Watched 60%", "Minor changes"."""
        return stage_label(self.stage, self.watched, self.decision)


def stage_of(attempt: PilotRunAttempt) -> AttemptStage:
    """Return the stage of an attempt. Of several reviewers, whoever came furthest counts."""
    if attempt.state is AttemptState.QUEUED:
        return AttemptStage(Stage.QUEUED, attempt.created_at)
    if attempt.state is AttemptState.RENDERING:
        return AttemptStage(Stage.RENDERING, attempt.started_at)
    if attempt.state is AttemptState.FAILED:
        return AttemptStage(Stage.FAILED, None)
    if review := attempt.review:
        return AttemptStage(Stage.DECIDED, review.received_at, review.by, decision=review.level)
    if watched_at := max((seen.watched_at for seen in attempt.viewings if seen.watched_at), default=None):
        shares = [seen.fraction(attempt.whole_seconds) for seen in attempt.viewings]
        by = {seen.reviewer for seen in attempt.viewings if seen.watched_at}
        share = max((share for share in shares if share is not None), default=None)
        return AttemptStage(Stage.WATCHED, watched_at, by.pop() if len(by) == 1 else "", share)
    if attempt.viewings:
        first = min(attempt.viewings, key=lambda seen: seen.opened_at)
        return AttemptStage(Stage.OPENED, first.opened_at, first.reviewer)
    if attempt.sent_at:
        return AttemptStage(Stage.SENT, attempt.sent_at, attempt.sent_by or "")
    return AttemptStage(Stage.READY, attempt.ready_at)


def stage_label(stage: Stage, watched: float | None = None, decision: FeedbackLevel | None = None) -> str:
    """Return a stage in a few words. A share is rounded down, so that 100% is the whole video."""
    if stage is Stage.DECIDED:
        return {FeedbackLevel.APPROVE: "Approved"}.get(decision, decision.label) if decision else "Decided"
    if stage is Stage.WATCHED and watched is not None:
        return f"Watched {math.floor(watched * 100)}%" if watched >= 0.01 else "Watched under 1%"
    return LABELS[stage]
