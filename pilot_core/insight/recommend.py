"""The recommendation for one pilot: PROCEED, REVISE, STOP or too early to say, and why.

The rules are listed in ``RULES``; the first that applies decides. Only human feedback counts: simulated feedback and
pauses change nothing. A failed render does not count as an attempt, but its cost and measurements count towards risks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property
from math import fsum
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from pilot_core import catalog
from pilot_core.clock import as_utc
from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.domain.feedback import FeedbackLevel, FeedbackMode
from pilot_core.domain.judgements import NO_VERDICT_YET
from pilot_core.domain.pilot import ApprovalOutcome, PilotRun, PilotStatus
from pilot_core.formatting import all_used
from pilot_core.insight.evidence import (
    FlagState,
    Quote,
    Reviewed,
    counted_attempts,
    decision_words,
    flag_states,
    known_at,
    latest_decision,
    quotes,
    raised_on,
    reviewed_attempts,
    shortened,
)
from pilot_core.insight.rules import Rules, current_rules
from pilot_core.insight.stats import mean

__all__ = ["CODES", "FlagState", "Reason", "Recommendation", "State", "Verdict", "flag_states", "is_stale", "recommend"]


class Verdict(StrEnum):
    """Whether to go on with more engagements like this one."""

    PROCEED = "PROCEED"
    REVISE = "REVISE"
    STOP = "STOP"


class State(StrEnum):
    """Whether the result can still change. FINAL cannot; PROVISIONAL and NOT_READY can, with further feedback."""

    FINAL = "final"
    PROVISIONAL = "provisional"
    NOT_READY = "not_ready"


class Code(NamedTuple):
    """The verdict of a reason code (None: too early to say), and the code in words for a badge or a list."""

    verdict: Verdict | None
    words: str


CODES = {
    "dropped_external": Code(None, "Dropped for a reason that was not ours"),
    "dropped_before_first_cut": Code(Verdict.REVISE, "Dropped before a first cut"),
    "dropped": Code(Verdict.STOP, "Dropped"),
    "dropped_after_effort": Code(Verdict.REVISE, "Dropped after several attempts"),
    "no_attempts": Code(None, "No attempt yet"),
    "awaiting_feedback": Code(None, "Waiting for feedback"),
    "simulated_only": Code(None, "Only simulated feedback so far"),
    "approved": Code(Verdict.PROCEED, "Approved"),
    "approved_with_risk": Code(Verdict.PROCEED, "Approved, with risks"),
    "majors_repeated": Code(Verdict.STOP, "Major changes again and again"),
    "majors_persistent": Code(Verdict.STOP, "Major changes, and the same flag persists"),
    "exhausted_close": Code(Verdict.REVISE, "All attempts used, close to an approval"),
    "exhausted": Code(Verdict.STOP, "All attempts used"),
    "closed_undecided": Code(Verdict.REVISE, "Closed without a decision"),
    "struggling": Code(Verdict.REVISE, "Struggling"),
    "in_progress": Code(None, "Not enough feedback yet"),
}


class Reason(BaseModel):
    """One sentence that explains the result, the attempts it refers to, and quotes from their reviews."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    attempts: list[int]
    quotes: list[Quote]


class Recommendation(BaseModel):
    """The result for one pilot. ``label`` is the badge's text. ``as_of`` is None if everything known was used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recommendation: Verdict | None
    state: State
    code: str
    label: str
    summary: str
    reasons: list[Reason]
    risks: list[str]
    rules_version: str
    as_of: datetime | None

    @property
    def words(self) -> str:
        """The reason code in words, as shown on a badge."""
        return CODES[self.code].words


class Finding(NamedTuple):
    """The outcome of a rule that applies."""

    code: str
    summary: str
    reasons: list[Reason]


@dataclass(frozen=True)
class Evidence:
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
    def persistent(self) -> list[str]:
        return [flag for flag, state in flag_states(self.pilot).items() if state is FlagState.PERSISTENT]

    @property
    def last_is_major(self) -> bool:
        """Whether the latest review by attempt number asked for major changes."""
        return bool(self.reviewed) and self.reviewed[-1].review.level is FeedbackLevel.MAJOR_CHANGES

    @property
    def rise(self) -> int | None:
        """By how many ranks the last review is better than the one before; None if there are not two."""
        ranks = [r.review.level.rank for r in self.reviewed[-2:]]
        return ranks[1] - ranks[0] if len(ranks) == 2 else None

    @property
    def exhausted(self) -> bool:
        """Whether all attempts are used and each has a human review."""
        return len(self.attempts) >= self.pilot.max_attempts and len(self.reviewed) == len(self.attempts)


def recommend(pilot: PilotRun, *, as_of: datetime | None = None, rules: Rules | None = None) -> Recommendation:
    """Return the recommendation for this pilot from what was known at ``as_of`` (UTC; None: everything known now).

    The same pilot, time and rules always give the same result. Reads nothing but the catalogue.
    """
    rules = rules or current_rules()
    evidence = Evidence(known_at(pilot, as_of), rules)
    finding = next(found for rule in RULES if (found := rule(evidence)))
    verdict = CODES[finding.code].verdict
    return Recommendation(
        recommendation=verdict,
        state=_state(evidence, verdict),
        code=finding.code,
        label=verdict.value if verdict else NO_VERDICT_YET,
        summary=finding.summary,
        reasons=finding.reasons,
        risks=_risks(evidence),
        rules_version=rules.version,
        as_of=as_utc(as_of) if as_of else None,
    )


def is_stale(pilot: PilotRun, now: datetime, rules: Rules | None = None) -> bool:
    """Return whether an open pilot has had no activity for ``stale_days`` days or more. Completed pilots never are."""
    silence = as_utc(now) - pilot.updated_at
    limit = timedelta(days=(rules or current_rules()).stale_days)
    return pilot.status is not PilotStatus.COMPLETED and silence >= limit


def _dropped(e: Evidence) -> Finding | None:
    if e.pilot.approval_outcome is not ApprovalOutcome.DROPPED:
        return None
    why = f" The reason given: “{shortened(e.pilot.drop_reason)}”." if e.pilot.drop_reason else ""
    if e.pilot.drop_external:
        summary = "The pilot was dropped for a reason that was not ours, so it says nothing about the videos."
        return Finding("dropped_external", summary, [_reason("Dropped for a reason that was not ours." + why)])
    cuts = [a.attempt_number for a in e.attempts if a.state is AttemptState.READY]
    if not cuts:
        summary = "The pilot was dropped before a first cut was ready."
        return Finding("dropped_before_first_cut", summary, [_reason("There was no cut to judge." + why)])
    reasons = [_reason(f"Dropped after {_numbers(cuts)}.{why}", cuts, e.reviewed), *_persistent_reasons(e)]
    if e.last_is_major:
        text = f"The last review, of attempt {e.reviewed[-1].number}, asked for major changes."
        reasons.append(_reason(text, said=e.reviewed[-1:]))
    if len(cuts) == 1:
        return Finding("dropped", "The pilot was dropped after one attempt.", reasons)
    if len(reasons) > 1:
        still = "the last review asked for major changes" if e.last_is_major else "what was flagged before still stands"
        return Finding("dropped", f"The pilot was dropped after {len(cuts)} attempts; {still}.", reasons)
    summary = f"The pilot was dropped after {len(cuts)} attempts, without major changes asked for last."
    return Finding("dropped_after_effort", summary, reasons)


def _unheard(e: Evidence) -> Finding | None:
    if not e.attempts:
        return Finding("no_attempts", "There is no attempt yet.", [])
    if e.reviewed:
        return None
    simulated = [a.attempt_number for a in e.attempts if a.standing(FeedbackMode.SIMULATED)]
    if simulated:
        text = f"The feedback on {_numbers(simulated)} is simulated, which is not counted."
        return Finding("simulated_only", "No person has given feedback yet.", [_reason(text, simulated)])
    waiting = [a.attempt_number for a in e.attempts]
    text = f"There is no feedback on {_numbers(waiting)}."
    return Finding("awaiting_feedback", "No person has given feedback yet.", [_reason(text, waiting)])


def _approved(e: Evidence) -> Finding | None:
    latest = latest_decision(e.reviewed)
    if latest is None or latest.review.level is not FeedbackLevel.APPROVE:
        return None
    text = f"{latest.review.by or 'A person'} approved attempt {latest.number}"
    reasons = [_reason(f"{text}.", said=[latest])]
    if _risks(e):
        return Finding("approved_with_risk", f"{text}, but not without risks.", reasons)
    return Finding("approved", f"{text}.", reasons)


def _majors_repeated(e: Evidence) -> Finding | None:
    if len(e.majors) < e.rules.majors_stop:
        return None
    return Finding("majors_repeated", f"{_majors_said(e)}.", [_majors_reason(e)])


def _majors_persistent(e: Evidence) -> Finding | None:
    if len(e.majors) < e.rules.majors_persistent or not e.persistent:
        return None
    summary = f"{_majors_said(e)}, and what was flagged before still stands."
    return Finding("majors_persistent", summary, [_majors_reason(e), *_persistent_reasons(e)])


def _exhausted(e: Evidence) -> Finding | None:
    if not e.exhausted:
        return None
    last = e.reviewed[-1]
    used = f"{all_used(len(e.attempts))}, without an approval that stands"
    text = f"The last review, of attempt {last.number}, said: {decision_words(last.review.level)}."
    reasons = [_reason(text, said=[last]), *_persistent_reasons(e)]
    if last.review.level is FeedbackLevel.MINOR_CHANGES and not e.persistent:
        return Finding("exhausted_close", f"{used}; only minor changes were asked for last.", reasons)
    return Finding("exhausted", f"{used}.", reasons)


def _latest_unreviewed(e: Evidence) -> Finding | None:
    latest = e.attempts[-1].attempt_number
    if e.reviewed[-1].number == latest:
        return None
    text = f"No person has given feedback on attempt {latest} yet."
    return Finding("awaiting_feedback", text, [_reason(text, [latest])])


def _closed(e: Evidence) -> Finding | None:
    if e.pilot.status is not PilotStatus.COMPLETED:
        return None
    last = e.reviewed[-1]
    text = f"The last review, of attempt {last.number}, said: {decision_words(last.review.level)}."
    summary = "The pilot was completed without an approval that stands."
    return Finding("closed_undecided", summary, [_reason(text, said=[last])])


def _struggling(e: Evidence) -> Finding | None:
    reasons = []
    if len(e.majors) >= e.rules.majors_struggling or e.last_is_major:
        reasons.append(_majors_reason(e))
    if e.rise is not None and e.rise < 0:
        before, after = e.reviewed[-2:]
        text = (
            f"The decision got worse, from {decision_words(before.review.level)} on attempt {before.number} "
            f"to {decision_words(after.review.level)} on attempt {after.number}."
        )
        reasons.append(_reason(text, said=[before, after]))
    if not reasons:
        return None
    if e.rise is not None and e.rise <= 0:
        return Finding("struggling", "The reviews are not getting closer to an approval.", reasons)
    return Finding("struggling", f"{_majors_said(e)}.", reasons)


def _in_progress(e: Evidence) -> Finding:
    last = e.reviewed[-1]
    text = f"The last review, of attempt {last.number}, said: {decision_words(last.review.level)}."
    return Finding("in_progress", "The pilot is under way, and it is too early to say.", [_reason(text, said=[last])])


RULES: tuple[Callable[[Evidence], Finding | None], ...] = (
    _dropped,
    _unheard,
    _approved,
    _majors_repeated,
    _majors_persistent,
    _exhausted,
    _latest_unreviewed,
    _closed,
    _struggling,
    _in_progress,
)


def _state(e: Evidence, verdict: Verdict | None) -> State:
    if verdict is None:
        return State.FINAL if e.pilot.approval_outcome is ApprovalOutcome.DROPPED else State.NOT_READY
    decided = verdict is Verdict.PROCEED or e.pilot.status is PilotStatus.COMPLETED or e.exhausted
    return State.FINAL if decided else State.PROVISIONAL


def _risks(e: Evidence) -> list[str]:
    runs, rules, risks = sorted(e.pilot.runs, key=lambda a: a.attempt_number), e.rules, []
    missed = [a.attempt_number for a in runs if a.sla_passed is False]
    if missed:
        risks.append(f"SLA missed on {_numbers(missed)}")
    if len(e.attempts) > rules.max_attempts_risk:
        risks.append(f"{len(e.attempts)} attempts, more than {rules.max_attempts_risk}")
    iterations = mean([a.iteration_count for a in runs if a.iteration_count is not None])
    if iterations is not None and iterations > rules.iterations_risk:
        risks.append(f"{iterations:.2f} iterations an attempt, more than {rules.iterations_risk:g}")
    cost = fsum(a.total_cost_dollars for a in runs if a.total_cost_dollars is not None)
    if cost > rules.cost_risk_dollars:
        risks.append(f"${cost:,.2f} in all, more than ${rules.cost_risk_dollars:g}")
    first = next((a.time_to_first_cut_seconds for a in runs if a.attempt_number == 1), None)
    if first is not None and first > rules.first_cut_risk_seconds:
        risks.append(f"First cut after {first:g} s, more than {rules.first_cut_risk_seconds:g} s")
    if len(e.majors) >= rules.majors_risk:
        risks.append(f"{len(e.majors)} majors, on {_numbers([r.number for r in e.majors])}")
    return risks


def _majors_said(e: Evidence) -> str:
    return f"Major changes were asked for {'once' if len(e.majors) == 1 else f'{len(e.majors)} times'}"


def _majors_reason(e: Evidence) -> Reason:
    on = _numbers([r.number for r in e.majors])
    return _reason(f"Major changes were asked for on {on}.", said=e.majors)


def _persistent_reasons(e: Evidence) -> list[Reason]:
    raised = raised_on(e.reviewed)
    return [
        _reason(
            f"“{catalog.label('flag', flag)}” was raised on {_numbers(raised[flag])} and still stands.",
            said=[r for r in e.reviewed if r.number in raised[flag]],
        )
        for flag in e.persistent
    ]


def _reason(text: str, attempts: Sequence[int] = (), said: Sequence[Reviewed] = ()) -> Reason:
    numbers = list(attempts) or [entry.number for entry in said]
    return Reason(text=text, attempts=numbers, quotes=quotes(said))


def _numbers(attempts: list[int]) -> str:
    """Return words such as “attempt 1” or “attempts 1, 2 and 4”."""
    *head, last = map(str, attempts)
    return f"attempts {', '.join(head)} and {last}" if head else f"attempt {last}"
