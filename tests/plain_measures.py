"""The metric dictionary in plain Python, pilot by pilot, to compare the SQL with."""

from collections import Counter
from datetime import datetime
from math import fsum

from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.feedback import FeedbackLevel, FeedbackMode
from pilot_core.domain.pilot import ApprovalOutcome, PilotRun
from pilot_core.insight.breakdowns import AttemptOutcome
from pilot_core.insight.evidence import counted_attempts, flag_states, known_at, reviewed_attempts
from pilot_core.insight.stats import Rate, mean, median, p90, rate

DECIDED = ("approved", "dropped", "exhausted")


def seen(pilots: list[PilotRun], mode: str, as_of: datetime | None) -> list[PilotRun]:
    """Return the pilots as known at ``as_of``.

    With a mode that includes it, simulated feedback replaces human feedback.
    """
    known = [known_at(p, as_of) for p in pilots if as_of is None or p.created_at <= as_of]
    return [_in_mode(pilot, mode) for pilot in known]


def pilot_outcome(pilot: PilotRun, mode: str) -> str:
    reviewed, used = reviewed_attempts(pilot), counted_attempts(pilot)
    latest = reviewed[-1] if reviewed else None
    approved = pilot.approval_outcome is ApprovalOutcome.APPROVED
    if mode == "simulated":
        said_yes = latest is not None and latest.review.level is FeedbackLevel.APPROVE
        approved = said_yes and pilot.approval_outcome is not ApprovalOutcome.DROPPED
    if approved:
        return "approved"
    if pilot.approval_outcome is ApprovalOutcome.DROPPED:
        return "dropped_external" if pilot.drop_external else "dropped"
    if used and len(used) >= pilot.max_attempts and len(reviewed) == len(used):
        return "exhausted"
    return {"completed": "closed", "paused": "paused", "active": "open"}[pilot.status]


def plain_measures(pilots: list[PilotRun], mode: str) -> dict[str, object]:
    """Return the numbers by name. ``pilots`` come from :func:`seen`."""
    pilot_outcomes = Counter(pilot_outcome(pilot, mode) for pilot in pilots)
    runs = [attempt for pilot in pilots for attempt in pilot.runs]
    firsts = [(a, a.review) for p in pilots for a in p.runs if a.attempt_number == 1]
    reviews = [r for pilot in pilots for r in reviewed_attempts(pilot)]
    decided = [pilot for pilot in pilots if pilot_outcome(pilot, mode) in DECIDED]
    first_reviews = [r for r in reviews if r.number == 1]
    approved = [pilot for pilot in pilots if pilot_outcome(pilot, mode) == "approved"]
    last_ready = [
        max((a for a in p.runs if a.state is AttemptState.READY), key=lambda a: a.attempt_number, default=None)
        for p in pilots
    ]
    costs = [a.total_cost_dollars for p in decided for a in p.runs if a.total_cost_dollars is not None]
    yes = [
        max(r.number for r in reviewed_attempts(p) if r.review.level is FeedbackLevel.APPROVE)
        for p in approved
        if any(r.review.level is FeedbackLevel.APPROVE for r in reviewed_attempts(p))
    ]
    return {
        "pilot_outcomes": dict(pilot_outcomes),
        "videos": sum(a.had_video for a in runs),
        "ttfc_first": spread([a.time_to_first_cut_seconds for a, _ in firsts], len(pilots)),
        "ttfc_attempt": spread([a.time_to_first_cut_seconds for a in runs], len(runs)),
        "iterations": spread([a.iteration_count for a in runs], len(runs)),
        "attempts_to_approval": spread(yes, len(approved)),
        "learning": learned(pilots, mode),
        "first_pass": rate(sum(r.review.level is FeedbackLevel.APPROVE for r in first_reviews), len(first_reviews)),
        "review_approval": rate(sum(r.review.level is FeedbackLevel.APPROVE for r in reviews), len(reviews)),
        "sla_final": share([a.sla_passed for a in last_ready if a]),
        "sla_all": share([a.sla_passed for a in runs]),
        "cost_decided": fsum(costs) if costs else None,
        "reviewed_pilots": sum(bool(reviewed_attempts(p)) for p in pilots),
        "themes": Counter(item for p in pilots for item in flag_states(p).items()),
        "funnel": Counter((number, came) for p in pilots for number, came in came_of(p, pilot_outcome(p, mode))),
    }


def learned(pilots: list[PilotRun], mode: str) -> Rate:
    """Return the ended pilots with a usable answer, of all ended."""
    ended = [p for p in pilots if pilot_outcome(p, mode) in (*DECIDED, "dropped_external", "closed")]
    return rate(sum(has_answer(pilot, mode) for pilot in ended), len(ended))


def has_answer(pilot: PilotRun, mode: str) -> bool:
    reviews = [reviewed.review for reviewed in reviewed_attempts(pilot)]
    dropped = pilot.approval_outcome is ApprovalOutcome.DROPPED
    reason = (dropped and (pilot.drop_reason or "").strip()) or any(review.notes.strip() for review in reviews)
    return pilot_outcome(pilot, mode) == "approved" or (bool(reason) and any(review.flags for review in reviews))


def came_of(pilot: PilotRun, stands: str) -> list[tuple[int, AttemptOutcome]]:
    """Return the outcome of each attempt."""
    used = counted_attempts(pilot)
    reviews = {r.number: r.review.level for r in reviewed_attempts(pilot)}
    names = {FeedbackLevel.MINOR_CHANGES: AttemptOutcome.MINOR, FeedbackLevel.MAJOR_CHANGES: AttemptOutcome.MAJOR}
    found = []
    for attempt in used:
        number, level = attempt.attempt_number, reviews.get(attempt.attempt_number)
        last = number == used[-1].attempt_number
        if level is FeedbackLevel.APPROVE:
            found.append((number, AttemptOutcome.APPROVE))
        elif last and stands in ("dropped", "dropped_external"):
            found.append((number, AttemptOutcome.DROPPED))
        elif level:
            found.append((number, names[level]))
        else:
            found.append(
                (
                    number,
                    AttemptOutcome.AWAITING if last and stands in ("open", "paused") else AttemptOutcome.UNREVIEWED,
                )
            )
    return found


def improvements(pilots: list[PilotRun]) -> list[tuple[float | None, ...]]:
    """Return each reviewed pilot's change from first to last: decision, seconds, iterations, dollars."""
    found = []
    for pilot in pilots:
        reviewed = reviewed_attempts(pilot)
        if len(reviewed) > 1:
            (first, before), (last, after) = reviewed[0], reviewed[-1]
            measures = ("time_to_first_cut_seconds", "iteration_count", "total_cost_dollars")
            changes = [minus(getattr(last, name), getattr(first, name)) for name in measures]
            found.append((after.level.rank - before.level.rank, *changes))
    return found


def minus(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before


def spread(values: list, of: int) -> tuple[object, ...]:
    known = [value for value in values if value is not None]
    return len(known), of - len(known), median(known), p90(known), mean(known)


def share(passed: list[bool | None]):
    known = [value for value in passed if value is not None]
    return rate(sum(known), len(known))


def _in_mode(pilot: PilotRun, mode: str) -> PilotRun:
    if mode == "human":
        return pilot
    swap = {FeedbackMode.SIMULATED: FeedbackMode.HUMAN, FeedbackMode.HUMAN: FeedbackMode.SIMULATED}
    runs = [
        a.model_copy(update={"feedback": [f.model_copy(update={"mode": swap[f.mode]}) for f in a.feedback]})
        for a in pilot.runs
    ]
    return pilot.model_copy(update={"runs": runs})
