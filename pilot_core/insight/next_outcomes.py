"""What would change a pilot's recommendation: the next three possible outcomes, and what each would give."""

from collections.abc import Sequence

from pilot_core.clock import utc_now
from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.domain.feedback import Feedback, FeedbackLevel
from pilot_core.domain.pilot import ApprovalOutcome, PilotRun, PilotStatus
from pilot_core.insight.evidence import counted_attempts, reviewed_attempts
from pilot_core.insight.recommend import NextOutcome, recommend
from pilot_core.insight.rules import Rules


def next_outcomes(pilot: PilotRun, rules: Rules | None = None) -> list[NextOutcome]:
    """Return the next three possible outcomes of an open pilot; none of a completed one.

    While an attempt is left, they are the decisions on it, each without flags. After that the pilot can be dropped, or
    its limit raised.
    """
    if pilot.status is PilotStatus.COMPLETED:
        return []
    counted = counted_attempts(pilot)
    reviewed = {entry.number for entry in reviewed_attempts(pilot)}
    waiting = [attempt.attempt_number for attempt in counted if attempt.attempt_number not in reviewed]
    last = max(pilot.runs, key=lambda attempt: attempt.attempt_number, default=None)
    following = last.attempt_number + (last.state is not AttemptState.FAILED) if last else 1  # a failed one is retried
    is_full = len(counted) >= pilot.max_attempts
    # An earlier attempt that nobody reviewed is what is left only if there can be no further one.
    number = max(waiting) if waiting and (is_full or waiting[-1] == counted[-1].attempt_number) else following
    if is_full and not waiting:
        ways = {
            ("the pilot", "is dropped for our own reasons"): _dropped(pilot, external=False),
            ("the pilot", "is dropped for an outside reason"): _dropped(pilot, external=True),
            ("the attempt limit", "is raised"): pilot.model_copy(update={"max_attempts": len(counted) + 1}),
        }
    else:
        ways = {
            (f"attempt {number}", "is approved"): _decided(pilot, number, FeedbackLevel.APPROVE),
            (f"attempt {number}", "gets minor changes"): _decided(pilot, number, FeedbackLevel.MINOR_CHANGES),
            (f"attempt {number}", "gets major changes"): _decided(pilot, number, FeedbackLevel.MAJOR_CHANGES),
        }
    results = {way: recommend(then, rules=rules) for way, then in ways.items()}
    return [NextOutcome(*way, result.label, result.words) for way, result in results.items()]


def conditions(ways: Sequence[NextOutcome]) -> list[tuple[str, NextOutcome]]:
    """Return each different result once, after the condition under which it comes.

    Where every way gives the same result, the condition is “However the next pilot ends”: the decisions on an attempt
    never do.
    """
    alike: dict[tuple[str, str, str], list[NextOutcome]] = {}
    for way in ways:
        alike.setdefault((way.subject, way.label, way.words), []).append(way)
    if len(alike) == 1 and len(ways) > 1:
        return [(f"However {ways[0].subject} ends", ways[0])]
    return [(f"If {found[0].subject} {' or '.join(way.event for way in found)}", found[0]) for found in alike.values()]


def _dropped(pilot: PilotRun, *, external: bool) -> PilotRun:
    ended = {"status": PilotStatus.COMPLETED, "approval_outcome": ApprovalOutcome.DROPPED, "drop_external": external}
    return pilot.model_copy(update=ended)


def _decided(pilot: PilotRun, number: int, level: FeedbackLevel) -> PilotRun:
    """Return a copy of the pilot in which a person has given this decision on the attempt, which exists if it waits."""
    later = max([utc_now(), *(f.received_at for a in pilot.runs for f in a.feedback if f.received_at)])
    given = Feedback(feedback_id="next", level=level, received_at=later)
    known = next((attempt for attempt in pilot.runs if attempt.attempt_number == number), None)
    attempt = known or PilotRunAttempt(attempt_number=number, attempt_id="next")
    changed = attempt.model_copy(update={"state": AttemptState.READY, "feedback": [*attempt.feedback, given]})
    runs = [a for a in pilot.runs if a.attempt_number != number] + [changed]
    ended = {}
    if level is FeedbackLevel.APPROVE:
        ended = {"status": PilotStatus.COMPLETED, "approval_outcome": ApprovalOutcome.APPROVED}
    return pilot.model_copy(update={"runs": runs, **ended})
