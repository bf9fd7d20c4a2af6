"""What the rules for one pilot look at: its attempts and reviews, the risks of an approval, and open concerns."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import fsum

from pilot_core import catalog
from pilot_core.domain.attempt import PilotRunAttempt
from pilot_core.domain.feedback import FeedbackLevel, FeedbackMode
from pilot_core.domain.pilot import ApprovalOutcome, PilotRun, PilotStatus
from pilot_core.formatting import count
from pilot_core.insight.evidence import (
    FlagState,
    Reviewed,
    approving_review,
    counted_attempts,
    flag_states,
    raised_on,
    reviewed_attempts,
)
from pilot_core.insight.rules import Rules
from pilot_core.insight.stats import mean


@dataclass(frozen=True)
class Facts:
    """The facts about a pilot that the rules use. ``attempts`` and ``reviewed`` are ordered by attempt number."""

    pilot: PilotRun
    rules: Rules

    @cached_property
    def attempts(self) -> list[PilotRunAttempt]:
        return counted_attempts(self.pilot)

    @cached_property
    def reviewed(self) -> list[Reviewed]:
        return reviewed_attempts(self.pilot)

    @cached_property
    def majors(self) -> list[Reviewed]:
        return [r for r in self.reviewed if r.review.level is FeedbackLevel.MAJOR_CHANGES]

    @cached_property
    def raised(self) -> dict[str, list[int]]:
        """Each flag with the numbers of the reviewed attempts it was raised on."""
        return raised_on(self.reviewed)

    @cached_property
    def open_flags(self) -> dict[str, FlagState]:
        """The flags that stand on the latest reviewed attempt."""
        return {flag: state for flag, state in flag_states(self.pilot).items() if state is not FlagState.RESOLVED}

    @property
    def persistent(self) -> list[str]:
        """The flags that also stand on an earlier reviewed attempt."""
        return [flag for flag, state in self.open_flags.items() if state is FlagState.PERSISTENT]

    @property
    def latest(self) -> Reviewed | None:
        """The latest decision: the standing review of the highest-numbered reviewed attempt."""
        return self.reviewed[-1] if self.reviewed else None

    @property
    def latest_level(self) -> FeedbackLevel | None:
        return self.latest.review.level if self.latest else None

    @property
    def is_approved(self) -> bool:
        """Whether the pilot's outcome is approved, which decides whatever the reviews say."""
        return self.pilot.approval_outcome is ApprovalOutcome.APPROVED

    @cached_property
    def approving(self) -> Reviewed | None:
        return approving_review(self.pilot)

    @property
    def exhausted(self) -> bool:
        """Whether all attempts are used and each has a human review."""
        return len(self.attempts) >= self.pilot.max_attempts and len(self.reviewed) == len(self.attempts)

    @property
    def is_open(self) -> bool:
        return self.pilot.status is not PilotStatus.COMPLETED and not self.exhausted


def risks(f: Facts) -> list[str]:
    """Return what makes an approval risky, one sentence each. Failed renders do not count."""
    rules, found = f.rules, []
    missed = [a.attempt_number for a in f.attempts if a.sla_passed is False]
    if missed:
        found.append(f"SLA missed on {numbers(missed)}")
    if len(f.attempts) > rules.max_attempts_risk:
        found.append(f"{len(f.attempts)} attempts, more than {rules.max_attempts_risk}")
    drafts = mean([a.iteration_count for a in f.attempts if a.iteration_count is not None])
    if drafts is not None and drafts > rules.iterations_risk:
        found.append(f"{drafts:.2f} drafts per attempt, more than {rules.iterations_risk:g}")
    cost = fsum(a.total_cost_dollars for a in f.attempts if a.total_cost_dollars is not None)
    if cost > rules.cost_risk_dollars:
        found.append(f"${cost:,.2f} in all, more than ${rules.cost_risk_dollars:g}")
    first = next((a.time_to_first_cut_seconds for a in f.attempts if a.attempt_number == 1), None)
    if first is not None and first > rules.first_cut_risk_seconds:
        found.append(f"First cut after {first:g} s, more than {rules.first_cut_risk_seconds:g} s")
    if len(f.majors) >= rules.majors_risk:
        found.append(f"{major_rounds(f)}, on {numbers([r.number for r in f.majors])}")
    return found + _approval_risks(f)


def _approval_risks(f: Facts) -> list[str]:
    found = []
    approving = f.approving
    if approving and (f.is_approved or approving == f.latest):
        draft = approving.attempt.final_draft
        if draft and draft.placeholders:
            found.append(f"Placeholders left in the approved video: {', '.join(draft.placeholders)}")
        if approving.review.flags:
            labels = ", ".join(f"“{catalog.label('flag', flag)}”" for flag in dict.fromkeys(approving.review.flags))
            found.append(f"Flags on the approving review: {labels}")
    if f.is_approved and not approving:
        found.append(_no_approving_review(f))
    return found


def _no_approving_review(f: Facts) -> str:
    superseded = [
        attempt.attempt_number
        for attempt in f.attempts
        if any(g.level is FeedbackLevel.APPROVE and g.mode is FeedbackMode.HUMAN for g in attempt.feedback)
    ]
    if superseded:
        return f"No approving review stands: a later review replaced the approval of {numbers(superseded)}"
    return "No approving review is recorded"


def concerns(f: Facts) -> list[str]:
    """Return what speaks against the pilot though no rule gives a verdict yet: rounds of major changes, open flags."""
    found = []
    if f.majors:
        found.append(f"{major_rounds(f)}, on {numbers([r.number for r in f.majors])}.")
    for flag in f.open_flags:
        found.append(f"“{catalog.label('flag', flag)}” was raised on {numbers(f.raised[flag])} and is still open.")
    return found


def major_rounds(f: Facts) -> str:
    """Return words such as “2 rounds of major changes”."""
    return f"{count(len(f.majors), 'round')} of major changes"


def numbers(attempts: Sequence[int]) -> str:
    """Return words such as “attempt 1” or “attempts 1, 2 and 4”."""
    *head, last = map(str, attempts)
    return f"attempts {', '.join(head)} and {last}" if head else f"attempt {last}"
