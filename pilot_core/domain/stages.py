"""The stage of an attempt, from the queue to the founder's decision, and since when. Whatever names it asks here.

A stage claims only what is known. A video that was opened or decided on without a record that it was sent is "opened"
or "decided"; one of which neither is known is "ready, not sent".
"""

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pilot_core.domain.attempt import AttemptState, PilotRunAttempt, SentHow
from pilot_core.domain.feedback import FeedbackLevel
from pilot_core.formatting import ago


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

    @property
    def words(self) -> str:
        """The stage within a line of other words: "ready, not sent", "watched 60%", "decided"."""
        return stage_words(self.stage, self.watched)


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


def stage_sentence(attempt: PilotRunAttempt, founder: str, now: datetime) -> str:
    """Return where a ready attempt without a decision stands, as plain text: whether it was sent, and seen.

    Sending is only recorded here, and opening only in the review room, so neither is denied of any other place.
    """
    found, name = stage_of(attempt), f"Attempt {attempt.attempt_number}"
    when = f" {ago(found.since, now)}" if found.since else ""
    match found.stage:
        case Stage.SENT:
            by = f" by {attempt.sent_by}" if attempt.sent_by else ""
            if attempt.sent_how is SentHow.LINK:
                sent = f"A review link for {name.lower()} was made{by}{when}."
            elif attempt.sent_how is SentHow.HAND:
                sent = f"{name} was marked as sent to {founder}{by}{when}."
            else:
                sent = f"{name} was sent to {founder} by {attempt.sent_how or 'mail'}{when}."
            return f"{sent} It has not been opened in the review room yet."
        case Stage.OPENED:
            return f"{found.by} opened {name.lower()}{',' if when else ''}{when}. There is no decision yet."
        case Stage.WATCHED:
            share = found.label.removeprefix("Watched ") if found.watched is not None else ""
            if found.by:
                seen = f"{found.by} watched {f'{share} of ' if share else ''}{name.lower()}, last{when}."
            else:
                most = f", at most {share} of it each" if share else ""
                seen = f"Several people watched {name.lower()}{most}, last{when}."
            return f"{seen} There is no decision yet."
    ready = f" It was ready{when}." if when else ""
    return f"{name} is ready and not sent.{ready}"


def stage_words(stage: Stage, watched: float | None = None) -> str:
    """Return a stage within a line of other words, without the decision."""
    return "decided" if stage is Stage.DECIDED else stage_label(stage, watched).lower()


def stage_label(stage: Stage, watched: float | None = None, decision: FeedbackLevel | None = None) -> str:
    """Return a stage in a few words. A share is rounded down, so that 100% is the whole video."""
    if stage is Stage.DECIDED:
        return {FeedbackLevel.APPROVE: "Approved"}.get(decision, decision.label) if decision else "Decided"
    if stage is Stage.WATCHED and watched is not None:
        return f"Watched {math.floor(watched * 100)}%" if watched >= 0.01 else "Watched under 1%"
    return LABELS[stage]
