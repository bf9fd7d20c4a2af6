"""A pilot's place in its lifecycle and its next step, as values; :mod:`lifecycle_drawing` draws them."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.domain.feedback import FeedbackLevel
from pilot_core.domain.pilot import ApprovalOutcome, PilotRun, PilotStatus
from pilot_core.domain.stages import Stage, stage_of, stage_sentence
from pilot_core.formatting import ago, all_used, seconds

DETAILED = 2
"""How many past attempts have their own step. Earlier ones share a step."""


class Todo(StrEnum):
    """The next thing to do on a pilot."""

    START = "start"
    WAIT = "wait"
    RETRY = "retry"
    SEND = "send"
    LOG = "log"
    NEXT = "next"
    RAISE = "raise"
    RESUME = "resume"
    NOTHING = "nothing"


def todo(pilot: PilotRun) -> Todo:
    """Return what the pilot needs next.

    An imported pilot may have an approval but not be completed. The approval then has to be logged again.
    """
    latest = pilot.latest_attempt
    if pilot.status is PilotStatus.COMPLETED:
        return Todo.NOTHING
    if latest and latest.state.is_under_way:
        return Todo.WAIT
    if pilot.status is PilotStatus.PAUSED:
        return Todo.RESUME
    if latest is None:
        return Todo.START
    if latest.state is AttemptState.FAILED:
        return Todo.RETRY
    if stage_of(latest).stage is Stage.READY:
        return Todo.SEND
    if latest.review is None or latest.review.level is FeedbackLevel.APPROVE:
        return Todo.LOG
    return Todo.NEXT if pilot.attempts_used < pilot.max_attempts else Todo.RAISE


def sentence(pilot: PilotRun, now: datetime) -> str:
    """Return the pilot's current place in its lifecycle, as one sentence of plain text."""
    latest = pilot.latest_attempt
    number = latest.attempt_number if latest else 0
    match todo(pilot):
        case Todo.NOTHING:
            return _ended(pilot, now)
        case Todo.WAIT:
            return f"Attempt {number} is being made."
        case Todo.RESUME:
            return f"Paused: {pilot.pause_reason}" if pilot.pause_reason else "Paused."
        case Todo.START:
            return "No attempt has been made yet."
        case Todo.RETRY:
            return f"Attempt {number} could not be made. It has used up no attempt."
    assert latest is not None
    if latest.review is None:
        return stage_sentence(latest, pilot.founder_name, now)
    if latest.review.level is FeedbackLevel.APPROVE:
        return f"Attempt {number} carries an approval, yet the pilot is open: log the approval to complete it."
    asked = latest.review.level.value.replace("_", " ")
    when = f", {ago(latest.review.received_at, now)}" if latest.review.received_at else ""
    judged = f"{latest.review.by or 'A person'} asked for {asked} on attempt {number}{when}."
    return judged if todo(pilot) is Todo.NEXT else f"{judged} {all_used(pilot.max_attempts)}."


def _ended(pilot: PilotRun, now: datetime) -> str:
    when = f" {ago(pilot.decided_at, now)}" if pilot.decided_at else ""
    if pilot.approval_outcome is ApprovalOutcome.APPROVED:
        return f"Approved{when}. The pilot is completed."
    if pilot.approval_outcome is ApprovalOutcome.DROPPED:
        outside = " for a reason that is not ours" if pilot.drop_external else ""
        reason = f": {pilot.drop_reason}" if pilot.drop_reason else "."
        return f"Dropped{when}{outside}{reason}"
    return f"Completed{when} without a decision."


Colour = Literal["green", "orange", "red", "gray", "accent"]


@dataclass(frozen=True)
class Step:
    """One step of the lifecycle. ``place`` says whether it is done, current or in the future."""

    label: str
    detail: str
    place: Literal["done", "today", "ahead"]
    colour: Colour = "gray"


AHEAD = (Step("Sent", "", "ahead"), Step("Opened", "", "ahead"), Step("Decided", "", "ahead"))
DECIDED: dict[FeedbackLevel, Colour] = {
    FeedbackLevel.APPROVE: "green",
    FeedbackLevel.MINOR_CHANGES: "orange",
    FeedbackLevel.MAJOR_CHANGES: "red",
}


def steps(pilot: PilotRun, now: datetime) -> list[Step]:
    """Return the steps of the guide's lifecycle for this pilot, past and future. Exactly one is current."""
    runs = sorted(pilot.runs, key=lambda a: a.attempt_number)
    latest = runs[-1] if runs else None
    past = [a for a in runs if a.review or (a is not latest and a.state is AttemptState.READY)]
    line = [Step("Created", ago(pilot.created_at, now), "done", "accent"), *_past(past)]
    if pilot.status is PilotStatus.COMPLETED:
        return [*line, *_not_judged(latest), *_end(pilot, now)]
    line += _under_way(pilot, latest, now)
    if pilot.status is PilotStatus.PAUSED:
        line = [Step("Paused", "today", "today", "orange") if step.place == "today" else step for step in line]
    return [*line, Step("Completed", "", "ahead"), Step("Outcome report", "", "ahead")]


def _past(attempts: list[PilotRunAttempt]) -> list[Step]:
    early, late = attempts[:-DETAILED], attempts[-DETAILED:]
    line = []
    if early:
        numbers = [a.attempt_number for a in early]
        many = f"Attempts {numbers[0]} to {numbers[-1]}" if len(early) > 1 else f"Attempt {numbers[0]}"
        line.append(Step(many, "behind us", "done", "accent"))
    return line + [_judged(attempt) for attempt in late]


def _judged(attempt: PilotRunAttempt) -> Step:
    name, review = f"Attempt {attempt.attempt_number}", attempt.review
    if review is None:
        return Step(name, "not judged", "done")
    words = "approved" if review.level is FeedbackLevel.APPROVE else review.level.value.replace("_", " ")
    return Step(name, words, "done", DECIDED[review.level])


def _not_judged(latest: PilotRunAttempt | None) -> list[Step]:
    return [_judged(latest)] if latest and not latest.review else []


def _end(pilot: PilotRun, now: datetime) -> list[Step]:
    colours: dict[ApprovalOutcome, Colour] = {ApprovalOutcome.APPROVED: "green", ApprovalOutcome.DROPPED: "red"}
    word = pilot.approval_outcome.value.capitalize() if pilot.approval_outcome in colours else "Completed"
    when = ago(pilot.decided_at, now) if pilot.decided_at else ""
    colour = colours.get(pilot.approval_outcome, "gray")
    return [Step(word, when, "done", colour), Step("Outcome report", "ready to read", "today", "accent")]


def _under_way(pilot: PilotRun, latest: PilotRunAttempt | None, now: datetime) -> list[Step]:
    """Return the steps from the current attempt to its feedback."""
    number = latest.attempt_number if latest else 0
    if latest is None or latest.review:
        if pilot.attempts_used >= pilot.max_attempts:
            return [Step("Out of attempts", f"{pilot.attempts_used} of {pilot.max_attempts} used", "today", "orange")]
        return [Step(f"Attempt {number + 1}", "to be made", "today", "accent"), *AHEAD]
    name = f"Attempt {number}"
    if latest.state is AttemptState.FAILED:
        return [Step(name, "failed", "today", "red"), *AHEAD]
    if latest.state.is_under_way:
        return [Step(name, "being made", "today", "accent"), *AHEAD]
    took = latest.time_to_first_cut_seconds
    made = Step(name, f"made in {seconds(took)}" if took is not None else "made", "done", "accent")
    return [made, *_sent_and_seen(latest, now)]


def _sent_and_seen(latest: PilotRunAttempt, now: datetime) -> list[Step]:
    """Return the steps from a ready attempt to its decision. Sending is left out if it was opened unrecorded."""
    found, sent, opened, decided = stage_of(latest), *AHEAD
    when = ago(found.since, now) if found.since else ""
    if found.stage is Stage.READY:
        return [replace(sent, label="Not sent yet", place="today", colour="accent"), opened, decided]
    if found.stage is Stage.SENT:
        return [replace(sent, detail=when, place="today", colour="accent"), opened, decided]
    before = [replace(sent, detail=ago(latest.sent_at, now), place="done", colour="accent")] if latest.sent_at else []
    return [*before, Step(found.label, when, "today", "accent"), decided]
