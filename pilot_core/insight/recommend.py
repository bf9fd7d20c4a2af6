"""The recommendation for one pilot: PROCEED, REVISE, STOP or no verdict yet, and why.

The rules are listed in ``RULES``; the first that applies decides. Only human feedback counts: simulated feedback and
pauses change nothing, and a failed render is no attempt.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from pilot_core import catalog
from pilot_core.clock import as_utc
from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.feedback import FeedbackLevel, FeedbackMode
from pilot_core.domain.judgements import badge_word
from pilot_core.domain.pilot import ApprovalOutcome, PilotRun, PilotStatus
from pilot_core.formatting import all_used
from pilot_core.insight.evidence import FlagState, Quote, Reviewed, flag_states, known_at, quotes, shortened
from pilot_core.insight.facts import Facts, concerns, major_rounds, numbers, risks
from pilot_core.insight.rules import Rules, current_rules

__all__ = [
    "CODES",
    "FlagState",
    "NextOutcome",
    "Reason",
    "Recommendation",
    "State",
    "Verdict",
    "flag_states",
    "is_stale",
    "recommend",
]


class Verdict(StrEnum):
    """Whether to go on with more engagements like this one."""

    PROCEED = "PROCEED"
    REVISE = "REVISE"
    STOP = "STOP"


class State(StrEnum):
    """Whether further feedback on the open pilot can change the result: it can unless this is FINAL.

    NOT_READY has no verdict yet, PROVISIONAL has one.
    """

    FINAL = "final"
    PROVISIONAL = "provisional"
    NOT_READY = "not_ready"


class Code(NamedTuple):
    """The verdict of a reason code (None: no verdict), and the code in words for a badge or a list.

    Reports that were filed under earlier rules show these words too, so they must be true of both.
    """

    verdict: Verdict | None
    words: str


CODES = {
    "dropped_external": Code(None, "Dropped for an outside reason"),
    "dropped_before_first_cut": Code(Verdict.REVISE, "Dropped before a first cut"),
    "dropped_unreviewed": Code(None, "Dropped before any review"),
    "dropped": Code(Verdict.STOP, "Dropped"),
    "dropped_after_effort": Code(Verdict.REVISE, "Dropped after at least one attempt"),
    "no_attempts": Code(None, "No attempt yet"),
    "awaiting_feedback": Code(None, "Waiting for feedback"),
    "simulated_only": Code(None, "Only simulated feedback so far"),
    "approved": Code(Verdict.PROCEED, "Approved"),
    "approved_with_risk": Code(Verdict.PROCEED, "Approved, with risks"),
    "majors_repeated": Code(Verdict.STOP, "Repeated major changes"),
    "majors_persistent": Code(Verdict.STOP, "Major changes, and a flag is still open"),
    "exhausted_close": Code(Verdict.REVISE, "All attempts used, minor changes last"),
    "exhausted": Code(Verdict.STOP, "All attempts used"),
    "closed_undecided": Code(Verdict.REVISE, "Closed without a decision"),
    "struggling": Code(Verdict.REVISE, "Struggling"),
    "stuck": Code(Verdict.REVISE, "The same flag again and again"),
    "in_progress": Code(None, "In progress"),
}
PROVISIONAL_WHILE_OPEN = {"majors_repeated", "majors_persistent", "struggling", "stuck"}
CONCERNED = {"awaiting_feedback", "in_progress"}


class Reason(BaseModel):
    """One sentence that explains the result, the attempts it refers to, and quotes from their reviews."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    attempts: list[int]
    quotes: list[Quote]


class Recommendation(BaseModel):
    """The result for one pilot. ``label`` is the badge's text. ``as_of`` is None if everything known was used.

    ``concerns`` speak against the pilot though there is no verdict yet.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    recommendation: Verdict | None
    state: State
    code: str
    label: str
    summary: str
    reasons: list[Reason]
    risks: list[str]
    concerns: list[str] = []
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


class NextOutcome(NamedTuple):
    """One way to go on, such as “attempt 2” that “is approved”, and the result it would give.

    ``label`` is that result's badge, ``words`` its reason code.
    """

    subject: str
    event: str
    label: str
    words: str

    @property
    def outcome(self) -> str:
        """The way as a condition: “If attempt 2 is approved”."""
        return f"If {self.subject} {self.event}"


def recommend(pilot: PilotRun, *, as_of: datetime | None = None, rules: Rules | None = None) -> Recommendation:
    """Return the recommendation for this pilot from what was known at ``as_of`` (UTC; None: everything known now).

    The same pilot, time and rules always give the same result. Reads nothing but the catalogue.
    """
    rules = rules or current_rules()
    facts = Facts(known_at(pilot, as_of), rules)
    finding = next(found for rule in RULES if (found := rule(facts)))
    verdict = CODES[finding.code].verdict
    return Recommendation(
        recommendation=verdict,
        state=_state(facts, finding.code, verdict),
        code=finding.code,
        label=badge_word(verdict, finding.code),
        summary=finding.summary,
        reasons=finding.reasons,
        risks=risks(facts),
        concerns=concerns(facts) if finding.code in CONCERNED else [],
        rules_version=rules.version,
        as_of=as_utc(as_of) if as_of else None,
    )


def is_stale(pilot: PilotRun, now: datetime, rules: Rules | None = None) -> bool:
    """Return whether an open pilot has had no activity for ``stale_days`` days or more. Completed pilots never are."""
    silence = as_utc(now) - pilot.updated_at
    limit = timedelta(days=(rules or current_rules()).stale_days)
    return pilot.status is not PilotStatus.COMPLETED and silence >= limit


def _state(f: Facts, code: str, verdict: Verdict | None) -> State:
    if verdict is None:
        return State.FINAL if f.pilot.approval_outcome is ApprovalOutcome.DROPPED else State.NOT_READY
    return State.PROVISIONAL if code in PROVISIONAL_WHILE_OPEN and f.is_open else State.FINAL


def _dropped(f: Facts) -> Finding | None:
    if f.pilot.approval_outcome is not ApprovalOutcome.DROPPED:
        return None
    why = f" The reason given: “{shortened(f.pilot.drop_reason)}”." if f.pilot.drop_reason else ""
    if f.pilot.drop_external:
        summary = "The pilot was dropped for an outside reason and is left out of the results."
        return Finding("dropped_external", summary, [_reason("Dropped for an outside reason." + why)])
    cuts = [a.attempt_number for a in f.attempts if a.state is AttemptState.READY]
    if not cuts:
        summary = "The pilot was dropped before a first cut was ready."
        return Finding("dropped_before_first_cut", summary, [_reason("There was no video to review." + why)])
    if not f.latest:
        text = f"Dropped after {numbers(cuts)}, without a review by a person.{why}"
        return Finding(
            "dropped_unreviewed", "The pilot was dropped before a person reviewed it.", [_reason(text, cuts)]
        )
    reasons = [_reason(f"Dropped after {numbers(cuts)}.{why}", cuts, f.reviewed), *_persistent_reasons(f)]
    if f.latest_level is FeedbackLevel.MAJOR_CHANGES:
        reasons.append(_latest_reason(f.latest))
        return Finding("dropped", "The pilot was dropped after a review that asked for major changes.", reasons)
    if f.persistent:
        return Finding("dropped", f"The pilot was dropped, and {_still_open(f)}.", reasons)
    summary = "The pilot was dropped. The latest review did not ask for major changes."
    return Finding("dropped_after_effort", summary, reasons)


def _approved_outcome(f: Facts) -> Finding | None:
    """The outcome decides, even of an imported pilot that has no review at all."""
    return _approval(f, f.approving) if f.is_approved else None


def _unheard(f: Facts) -> Finding | None:
    if not f.attempts:
        return Finding("no_attempts", "There is no attempt yet.", [])
    if f.reviewed:
        return None
    simulated = [a.attempt_number for a in f.attempts if a.standing(FeedbackMode.SIMULATED)]
    if simulated:
        text = f"The feedback on {numbers(simulated)} is simulated, which is not counted."
        return Finding("simulated_only", "No person has given feedback yet.", [_reason(text, simulated)])
    waiting = [a.attempt_number for a in f.attempts]
    text = f"There is no feedback on {numbers(waiting)}."
    return Finding("awaiting_feedback", "No person has given feedback yet.", [_reason(text, waiting)])


def _approved_latest(f: Facts) -> Finding | None:
    return _approval(f, f.latest) if f.latest_level is FeedbackLevel.APPROVE else None


def _approval(f: Facts, approving: Reviewed | None) -> Finding:
    text = (
        f"{approving.review.by or 'A person'} approved attempt {approving.number}"
        if approving
        else "The pilot is approved"
    )
    reasons = [_reason(f"{text}.", said=[approving] if approving else [])]
    if f.latest and f.latest_level is not FeedbackLevel.APPROVE:
        reasons.append(_latest_reason(f.latest))
    if risks(f):
        return Finding("approved_with_risk", f"{text}, with risks.", reasons)
    return Finding("approved", f"{text}.", reasons)


def _latest_unreviewed(f: Facts) -> Finding | None:
    latest = f.attempts[-1]
    if latest.state is not AttemptState.READY or latest.review:
        return None
    text = f"No person has reviewed attempt {latest.attempt_number} yet."
    return Finding("awaiting_feedback", text, [_reason(text, [latest.attempt_number])])


def _majors_repeated(f: Facts) -> Finding | None:
    if len(f.majors) < f.rules.majors_stop or f.latest_level is not FeedbackLevel.MAJOR_CHANGES:
        return None
    return Finding(
        "majors_repeated", f"{major_rounds(f)}, the latest on {numbers([f.majors[-1].number])}.", [_majors(f)]
    )


def _majors_persistent(f: Facts) -> Finding | None:
    is_major = f.latest_level is FeedbackLevel.MAJOR_CHANGES
    if len(f.majors) < f.rules.majors_persistent or not is_major or not f.persistent:
        return None
    summary = f"{major_rounds(f)}, and {_still_open(f)}."
    return Finding("majors_persistent", summary, [_majors(f), *_persistent_reasons(f)])


def _exhausted(f: Facts) -> Finding | None:
    if not f.exhausted or not f.latest:
        return None
    is_major = f.latest_level is FeedbackLevel.MAJOR_CHANGES
    asked = f.reviewed[-1].review.level.in_sentence
    summary = f"{all_used(len(f.attempts))}, and the latest review asked for {asked}."
    reasons = [_latest_reason(f.latest), *_persistent_reasons(f)]
    return Finding("exhausted" if is_major else "exhausted_close", summary, reasons)


def _closed(f: Facts) -> Finding | None:
    if f.pilot.status is not PilotStatus.COMPLETED or not f.latest:
        return None
    return Finding("closed_undecided", "The pilot was completed without a decision.", [_latest_reason(f.latest)])


def _struggling(f: Facts) -> Finding | None:
    """In both cases the latest decision is no better than the one before, which the summary says."""
    if len(f.reviewed) < 2:
        return None
    before, after = f.reviewed[-2:]
    reasons = []
    if after.review.level is FeedbackLevel.MAJOR_CHANGES and len(f.majors) > 1:
        reasons.append(_majors(f))
    if after.review.level.rank < before.review.level.rank:
        text = (
            f"The decision got worse, from {before.review.level.in_sentence} on attempt {before.number} "
            f"to {after.review.level.in_sentence} on attempt {after.number}."
        )
        reasons.append(_reason(text, said=[before, after]))
    if not reasons:
        return None
    return Finding("struggling", "The reviews are not getting closer to an approval.", reasons)


def _stuck(f: Facts) -> Finding | None:
    again = [flag for flag in f.persistent if len(f.raised[flag]) >= f.rules.flag_stuck]
    if not again:
        return None
    first = again[0]
    summary = (
        f"“{catalog.label('flag', first)}” was raised on {len(f.raised[first])} reviewed attempts, the latest included."
    )
    return Finding("stuck", summary, _flag_reasons(f, again))


def _in_progress(f: Facts) -> Finding:
    return Finding("in_progress", "The pilot is in progress, with no verdict yet.", [_latest_reason(f.reviewed[-1])])


RULES: tuple[Callable[[Facts], Finding | None], ...] = (
    _dropped,
    _approved_outcome,
    _unheard,
    _approved_latest,
    _latest_unreviewed,
    _majors_repeated,
    _majors_persistent,
    _exhausted,
    _closed,
    _struggling,
    _stuck,
    _in_progress,
)


def _still_open(f: Facts) -> str:
    """Return words such as “‘Too long’ is still open”, of the persistent flags."""
    if len(f.persistent) == 1:
        return f"“{catalog.label('flag', f.persistent[0])}” is still open"
    return f"{len(f.persistent)} earlier flags are still open"


def _majors(f: Facts) -> Reason:
    return _reason(f"Major changes were asked for on {numbers([r.number for r in f.majors])}.", said=f.majors)


def _latest_reason(latest: Reviewed) -> Reason:
    text = f"The latest review, of attempt {latest.number}, asked for {latest.review.level.in_sentence}."
    return _reason(text, said=[latest])


def _persistent_reasons(f: Facts) -> list[Reason]:
    return _flag_reasons(f, f.persistent)


def _flag_reasons(f: Facts, flags: Sequence[str]) -> list[Reason]:
    return [
        _reason(
            f"“{catalog.label('flag', flag)}” was raised on {numbers(f.raised[flag])} and is still open.",
            said=[r for r in f.reviewed if r.number in f.raised[flag]],
        )
        for flag in flags
    ]


def _reason(text: str, attempts: Sequence[int] = (), said: Sequence[Reviewed] = ()) -> Reason:
    mentioned = list(attempts) or [entry.number for entry in said]
    return Reason(text=text, attempts=mentioned, quotes=quotes(said))
