"""The outcome report of one pilot: what happened, in figures and in the reviewers' words, and what it recommends."""

from collections.abc import Callable
from datetime import datetime
from math import fsum
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict

from pilot_core import catalog
from pilot_core.clock import as_utc, utc_now
from pilot_core.insight.evidence import (
    FlagState,
    Quote,
    Reviewed,
    decision_words,
    flag_states,
    known_at,
    quotes,
    raised_on,
    reviewed_attempts,
)
from pilot_core.insight.recommend import Recommendation, recommend
from pilot_core.insight.stats import Rate, mean, median, p90, rate
from pilot_core.models import (
    ApprovalOutcome,
    AttemptState,
    FeedbackLevel,
    FeedbackMode,
    PilotRun,
    PilotRunAttempt,
    PilotStatus,
)

ThemeState = Literal["resolved", "persistent", "new", "raised"]
Side = Literal["better", "worse", "same"]
Number = TypeVar("Number", int, float)
THEME_ORDER: tuple[ThemeState, ...] = ("persistent", "new", "raised", "resolved")
FLAG_CHANGES: dict[FlagState, tuple[Side, str]] = {
    FlagState.RESOLVED: ("better", "is resolved"),
    FlagState.PERSISTENT: ("same", "still stands"),
    FlagState.NEW: ("worse", "is new"),
}


class Part(BaseModel):
    """Common settings: what a report says does not change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Theme(Part):
    """A flag people raised, the attempts it stands on, and their words. ``raised``: nothing to compare with yet."""

    flag: str
    label: str
    attempts: list[int]
    state: ThemeState
    quotes: list[Quote]


class Improvement(Part):
    """The last reviewed attempt against the first: after minus before, or after over before for ``ttfc_ratio``.

    ``decision_delta`` counts steps among major changes, minor changes, approve (-2 to 2); ``cost_delta`` is in dollars.
    A figure is None where either attempt has none. ``better``, ``worse`` and ``same`` are sentences.
    """

    first_attempt: int
    last_attempt: int
    decision_before: FeedbackLevel
    decision_after: FeedbackLevel
    decision_delta: int
    ttfc_ratio: float | None
    iterations_delta: int | None
    cost_delta: float | None
    better: list[str]
    worse: list[str]
    same: list[str]


class AttemptRow(Part):
    """One attempt; ``ttfc`` in seconds, ``cost`` in dollars. Decision, flags, notes: the human review that stands."""

    number: int
    state: AttemptState
    decision: FeedbackLevel | None
    flags: list[str]
    ttfc: float | None
    iterations: int | None
    cost: float | None
    sla_passed: bool | None
    by: str | None
    received_at: datetime | None
    notes: str | None


class OutcomeReport(Part):
    """One pilot's report; ``str(report)`` is its Markdown.

    ``ttfc_*`` are times-to-first-cut in seconds over the ``ttfc_n`` attempts that have one, ``ttfc_first`` that of
    attempt 1; ``iterations_*`` likewise. ``review_approval`` is approvals over human reviews, one standing review an
    attempt. Missing figures are None, never 0.
    """

    pilot_id: str
    founder_name: str
    company_name: str
    scenario_label: str
    brand_label: str
    playbook_version: str | None
    status: PilotStatus
    approval_outcome: ApprovalOutcome
    as_of: datetime
    generated_at: datetime
    rules_version: str
    total_videos: int
    ttfc_mean: float | None
    ttfc_median: float | None
    ttfc_p90: float | None
    ttfc_first: float | None
    ttfc_n: int
    iterations_mean: float | None
    iterations_median: float | None
    iterations_n: int
    review_approval: Rate
    pilot_approved: bool
    sla_passed_n: int
    sla_known_n: int
    total_cost_dollars: float | None
    n_human_reviews: int
    n_simulated_reviews: int
    themes: list[Theme]
    improvement: Improvement | None
    recommendation: Recommendation
    attempts: list[AttemptRow]

    @property
    def markdown(self) -> str:
        """The report as people read it."""
        from pilot_core.documents import render_report

        return render_report(self)

    def __str__(self) -> str:
        return self.markdown


def generate_pilot_outcome_report(pilot: PilotRun) -> OutcomeReport:
    """The report of all that is known of the pilot now; print it for its Markdown."""
    return build_report(pilot)


def build_report(pilot: PilotRun, *, as_of: datetime | None = None, now: datetime | None = None) -> OutcomeReport:
    """The report of what was known at ``as_of``; None takes all there is and dates it ``now`` (None: the present)."""
    generated_at = as_utc(now or utc_now())
    dated = as_utc(as_of) if as_of else generated_at
    known = known_at(pilot, as_of)
    runs = sorted(known.runs, key=lambda a: a.attempt_number)
    reviewed = reviewed_attempts(known)
    result = recommend(pilot, as_of=as_of).model_copy(update={"as_of": dated})
    ttfc = [a.time_to_first_cut_seconds for a in runs if a.time_to_first_cut_seconds is not None]
    iterations = [a.iteration_count for a in runs if a.iteration_count is not None]
    costs = [a.total_cost_dollars for a in runs if a.total_cost_dollars is not None]
    approvals = [r for r in reviewed if r.review.level is FeedbackLevel.APPROVE]
    return OutcomeReport(
        pilot_id=known.pilot_id,
        founder_name=known.founder_name,
        company_name=known.company_name,
        scenario_label=catalog.label("scenario", known.scenario_type),
        brand_label=catalog.label("brand", known.brand_preset),
        playbook_version=known.playbook_version,
        status=known.status,
        approval_outcome=known.approval_outcome,
        as_of=dated,
        generated_at=generated_at,
        rules_version=result.rules_version,
        total_videos=sum(bool(a.video_path) for a in runs),
        ttfc_mean=mean(ttfc),
        ttfc_median=median(ttfc),
        ttfc_p90=p90(ttfc),
        ttfc_first=next((a.time_to_first_cut_seconds for a in runs if a.attempt_number == 1), None),
        ttfc_n=len(ttfc),
        iterations_mean=mean(iterations),
        iterations_median=median(iterations),
        iterations_n=len(iterations),
        review_approval=rate(len(approvals), len(reviewed)),
        pilot_approved=known.approval_outcome is ApprovalOutcome.APPROVED,
        sla_passed_n=sum(a.sla_passed is True for a in runs),
        sla_known_n=sum(a.sla_passed is not None for a in runs),
        total_cost_dollars=fsum(costs) if costs else None,
        n_human_reviews=len(reviewed),
        n_simulated_reviews=sum(a.standing(FeedbackMode.SIMULATED) is not None for a in runs),
        themes=_themes(known, reviewed),
        improvement=_improvement(known, reviewed),
        recommendation=result,
        attempts=[_row(a) for a in runs],
    )


def _row(attempt: PilotRunAttempt) -> AttemptRow:
    review = attempt.review
    return AttemptRow(
        number=attempt.attempt_number,
        state=attempt.state,
        decision=review.level if review else None,
        flags=review.flags if review else [],
        ttfc=attempt.time_to_first_cut_seconds,
        iterations=attempt.iteration_count,
        cost=attempt.total_cost_dollars,
        sla_passed=attempt.sla_passed,
        by=review.by if review else None,
        received_at=review.received_at if review else None,
        notes=review.notes if review else None,
    )


def _themes(pilot: PilotRun, reviewed: list[Reviewed]) -> list[Theme]:
    """What stands first, what is resolved last; within that, in the order first raised."""
    states = flag_states(pilot)
    themes = [
        Theme(
            flag=flag,
            label=catalog.label("flag", flag),
            attempts=on,
            state=states[flag].value if len(reviewed) > 1 else "raised",
            quotes=quotes(r for r in reviewed if r.number in on),
        )
        for flag, on in raised_on(reviewed).items()
    ]
    return sorted(themes, key=lambda theme: THEME_ORDER.index(theme.state))


def _improvement(pilot: PilotRun, reviewed: list[Reviewed]) -> Improvement | None:
    if len(reviewed) < 2:
        return None
    (first, before), (last, after) = reviewed[0], reviewed[-1]
    ttfc = (first.time_to_first_cut_seconds, last.time_to_first_cut_seconds)
    iterations = (first.iteration_count, last.iteration_count)
    cost = (first.total_cost_dollars, last.total_cost_dollars)
    delta = after.level.rank - before.level.rank
    found = [
        (_side(-delta), _change("Decision", decision_words(before.level), decision_words(after.level))),
        _measured("First cut", lambda seconds: f"{round(seconds, 1):g} s", *ttfc),
        _measured("Iterations", str, *iterations),
        _measured("Cost", lambda dollars: f"${dollars:,.2f}", *cost),
        *(
            (FLAG_CHANGES[state][0], f"“{catalog.label('flag', flag)}” {FLAG_CHANGES[state][1]}.")
            for flag, state in flag_states(pilot).items()
        ),
    ]
    told = {
        side: [text for where, text in filter(None, found) if where == side] for side in ("better", "worse", "same")
    }
    return Improvement(
        first_attempt=first.attempt_number,
        last_attempt=last.attempt_number,
        decision_before=before.level,
        decision_after=after.level,
        decision_delta=delta,
        ttfc_ratio=ttfc[1] / ttfc[0] if ttfc[0] and ttfc[1] is not None else None,
        iterations_delta=_difference(*iterations),
        cost_delta=_difference(*cost),
        **told,
    )


def _measured(
    name: str, words: Callable[[float], str], before: float | None, after: float | None
) -> tuple[Side, str] | None:
    """How a measure of which less is better changed; what reads the same is the same."""
    if before is None or after is None:
        return None
    old, new = words(before), words(after)
    return _side(0 if old == new else after - before), _change(name, old, new)


def _side(rise: float) -> Side:
    return "same" if rise == 0 else "worse" if rise > 0 else "better"


def _change(name: str, old: str, new: str) -> str:
    return f"{name}: {new}, as before." if old == new else f"{name}: {new} instead of {old}."


def _difference(before: Number | None, after: Number | None) -> Number | None:
    return None if before is None or after is None else round(after - before, 6)
