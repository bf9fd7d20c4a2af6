"""The outcome report of one pilot: figures, quotes from reviews, and the recommendation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import fsum
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from pilot_core import catalog
from pilot_core.clock import as_utc, utc_now
from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.domain.feedback import FeedbackLevel, FeedbackMode
from pilot_core.domain.measures import measured
from pilot_core.domain.pilot import ApprovalOutcome, PilotRun, PilotStatus
from pilot_core.domain.requests import Answer
from pilot_core.domain.stages import stage_of
from pilot_core.insight.evidence import (
    FlagState,
    Quote,
    Reviewed,
    counted_attempts,
    decision_words,
    flag_states,
    known_at,
    quotes,
    raised_on,
    reviewed_attempts,
)
from pilot_core.insight.recommend import Recommendation, recommend
from pilot_core.insight.stats import SAME_DOLLARS, SAME_SECONDS, Rate, is_same, mean, median, p90, rate

ThemeState = Literal["resolved", "persistent", "new", "raised"]
Side = Literal["better", "worse", "same"]
Number = TypeVar("Number", int, float)
THEME_ORDER: tuple[ThemeState, ...] = ("persistent", "new", "raised", "resolved")
FLAG_WORDS: dict[FlagState, str] = {
    FlagState.RESOLVED: "not raised again",
    FlagState.PERSISTENT: "raised again",
    FlagState.NEW: "raised for the first time",
    FlagState.RAISED: "raised",
}


class Part(BaseModel):
    """Base class of the parts of a report, which are immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Theme(Part):
    """A flag, the attempts it was raised on, and quotes. State ``raised``: only one attempt has been reviewed.

    ``measured`` is what the flag is about, measured before and after, and ``answer`` what reviewers said of a later
    attempt in the review room; both are None if there is none.
    """

    flag: str
    label: str
    attempts: list[int]
    state: ThemeState
    quotes: list[Quote]
    measured: str | None = None
    answer: str | None = None


class Improvement(Part):
    """The last reviewed attempt compared with the first: last minus first, or last over first for ``ttfc_ratio``.

    ``decision_delta`` is in steps from major changes over minor changes to approve (-2 to 2), ``cost_delta`` in
    dollars. A figure is None if either attempt lacks it. ``better``, ``worse`` and ``same`` hold sentences about
    measures, ``flags`` those about flags.
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
    flags: list[str] = Field(default_factory=list)


class AttemptRow(Part):
    """One attempt. ``ttfc`` is in seconds, ``cost`` in dollars. Decision, flags and notes are of its human review.

    ``stage`` says in words how far it has come, and ``stage_since`` when that began; reports filed earlier lack both.
    """

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
    stage: str = ""
    stage_since: datetime | None = None


class OutcomeReport(Part):
    """The figures of one pilot's report; ``documents.report`` turns them into text.

    ``ttfc_*`` are times to first cut in seconds, over the ``ttfc_n`` attempts that have one; ``ttfc_first`` is that of
    attempt 1. ``iterations_*`` are over ``iterations_n`` attempts. ``review_approval`` is approvals over human reviews,
    counting the current review of each attempt. Missing figures are None, never 0.
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


@dataclass(frozen=True)
class FiledReport:
    """An outcome report as it was filed. ``markdown`` is its text at that time.

    The override is the one that was in effect then, with the reason of a second person if it needed one.
    """

    report_id: str
    filed_by: str
    report: OutcomeReport
    markdown: str
    override_by: str | None
    override_verdict: str | None
    override_reason: str | None
    override_second_by: str | None = None
    override_second_reason: str | None = None


def build_report(
    pilot: PilotRun,
    answers: Sequence[Answer] = (),
    *,
    as_of: datetime | None = None,
    now: datetime | None = None,
) -> OutcomeReport:
    """Return the report of what was known at ``as_of``. None means everything, dated ``now`` (default: this moment).

    ``answers`` are those given in the review room, by attempt and time.
    """
    generated_at = as_utc(now or utc_now())
    dated = as_utc(as_of) if as_of else generated_at
    known = known_at(pilot, as_of)
    every, runs = sorted(known.runs, key=lambda a: a.attempt_number), counted_attempts(known)
    reviewed = reviewed_attempts(known)
    themes = _themes(known, reviewed, [a for a in answers if as_of is None or a.answered_at <= as_utc(as_of)])
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
        total_videos=sum(a.had_video for a in runs),
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
        themes=themes,
        improvement=_improvement(reviewed, themes),
        recommendation=result,
        attempts=[_row(a) for a in every],
    )


def _row(attempt: PilotRunAttempt) -> AttemptRow:
    review, stage = attempt.review, stage_of(attempt)
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
        stage=stage.words,
        stage_since=stage.since,
    )


def _themes(pilot: PilotRun, reviewed: list[Reviewed], answers: Sequence[Answer]) -> list[Theme]:
    """Return the themes in ``THEME_ORDER``: open flags first, else in the order first raised."""
    states = flag_states(pilot)
    themes = []
    for flag, on in raised_on(reviewed).items():
        before, after = compared_on(on, reviewed)
        value = measured(flag, before.final_draft, after.final_draft) if before is not after else None
        themes.append(
            Theme(
                flag=flag,
                label=catalog.label("flag", flag),
                attempts=on,
                state=states[flag].value,
                quotes=quotes(r for r in reviewed if r.number in on),
                measured=str(value) if value else None,
                answer=_answer(flag, on[-1], answers),
            )
        )
    return sorted(themes, key=lambda theme: THEME_ORDER.index(theme.state))


def compared_on(on: list[int], reviewed: list[Reviewed]) -> tuple[PilotRunAttempt, PilotRunAttempt]:
    """Return the attempts to measure a flag on: where it was raised before, and the latest reviewed one.

    ``on`` are the numbers of the attempts that it was raised on.
    """
    attempts, latest = {entry.number: entry.attempt for entry in reviewed}, reviewed[-1].attempt
    earlier = [number for number in on if number < latest.attempt_number]
    return (attempts[earlier[-1]] if earlier else latest), latest


def _answer(flag: str, raised: int, answers: Sequence[Answer]) -> str | None:
    """Return what was said last in the review room of a flag on an attempt after the one it was raised on last."""
    said = [a for a in answers if a.subject == flag and a.link_id and a.attempt_number > raised]
    if not said:
        return None
    word = "confirmed" if said[-1].addressed else "reopened"
    return f"{word} in the review room on attempt {said[-1].attempt_number}"


def _flag_sentence(theme: Theme) -> str:
    measures = f" ({theme.measured})" if theme.measured else ""
    answer = f"; {theme.answer}" if theme.answer else ""
    return f"“{theme.label}”: {FLAG_WORDS[FlagState(theme.state)]}{measures}{answer}."


def _improvement(reviewed: list[Reviewed], themes: list[Theme]) -> Improvement | None:
    if len(reviewed) < 2:
        return None
    (first, before), (last, after) = reviewed[0], reviewed[-1]
    ttfc = (first.time_to_first_cut_seconds, last.time_to_first_cut_seconds)
    iterations = (first.iteration_count, last.iteration_count)
    cost = (first.total_cost_dollars, last.total_cost_dollars)
    delta = after.level.rank - before.level.rank
    found = [
        (_side(-delta), _change("Decision", decision_words(before.level), decision_words(after.level))),
        _measured("First cut", _seconds, *ttfc, SAME_SECONDS),
        _measured("Iterations", str, *iterations, 0),
        _measured("Cost", lambda dollars: f"${dollars:,.2f}", *cost, SAME_DOLLARS),
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
        flags=[_flag_sentence(theme) for theme in themes],
        **told,
    )


def _seconds(value: float) -> str:
    return f"{round(value, 1):g} s"


def _measured(
    name: str, words: Callable[[float], str], before: float | None, after: float | None, step: float
) -> tuple[Side, str] | None:
    """Return how a lower-is-better measure changed, or None if a value is missing. ``step`` is as in ``is_same``."""
    if before is None or after is None:
        return None
    old, new = words(before), words(after)
    if is_same(before, after, step):
        return "same", f"{name}: {new}, as before." if old == new else f"{name}: {new}, about as before ({old})."
    return _side(after - before), _change(name, old, new)


def _side(rise: float) -> Side:
    return "same" if rise == 0 else "worse" if rise > 0 else "better"


def _change(name: str, old: str, new: str) -> str:
    return f"{name}: {new}, as before." if old == new else f"{name}: {new} instead of {old}."


def _difference(before: Number | None, after: Number | None) -> Number | None:
    return None if before is None or after is None else round(after - before, 6)
