"""The metric dictionary in plain Python, pilot by pilot, to compare the SQL with."""

from collections import Counter
from datetime import datetime
from math import fsum

from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.feedback import FeedbackLevel, FeedbackMode
from pilot_core.domain.pilot import ApprovalOutcome, PilotRun
from pilot_core.insight.breakdowns import AttemptOutcome
from pilot_core.insight.evidence import Reviewed, counted_attempts, flag_states, known_at, reviewed_attempts
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
    none_approved = all(r.review.level is not FeedbackLevel.APPROVE for r in reviewed)
    if used and len(used) >= pilot.max_attempts and len(reviewed) == len(used) and none_approved:
        return "exhausted"
    return {"completed": "closed", "paused": "paused", "active": "open"}[pilot.status]


def plain_measures(pilots: list[PilotRun], mode: str) -> dict[str, object]:
    """Return the numbers by name. ``pilots`` come from :func:`seen`."""
    pilot_outcomes = Counter(pilot_outcome(pilot, mode) for pilot in pilots)
    runs = [attempt for pilot in pilots for attempt in counted_attempts(pilot)]
    firsts = [(a, a.review) for a in runs if a.attempt_number == 1]
    reviews = [r for pilot in pilots for r in reviewed_attempts(pilot)]
    decided = [pilot for pilot in pilots if pilot_outcome(pilot, mode) in DECIDED]
    first_reviews = [r for r in reviews if r.number == 1]
    approved = [pilot for pilot in pilots if pilot_outcome(pilot, mode) == "approved"]
    last_ready = [
        max((a for a in p.runs if a.state is AttemptState.READY), key=lambda a: a.attempt_number, default=None)
        for p in pilots
    ]
    costs = [a.total_cost_dollars for p in decided for a in counted_attempts(p) if a.total_cost_dollars is not None]
    known = [p for p in decided if all(a.total_cost_dollars is not None for a in p.runs if a.state == "ready")]
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
        "costs_known": (len(known), len(decided)),
        "latency_left_out": latency_left_out(reviews),
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


def latency_left_out(reviews: list[Reviewed]) -> tuple[int, int]:
    """Return how many reviewed attempts have feedback from before they were sent or ready, and lack one of the times.

    The start is when the attempt was sent, if that was known then, else when it was ready.
    """
    early = untimed = 0
    for attempt, _ in reviews:
        start = attempt.sent_at or attempt.ready_at
        times = [f.received_at for f in attempt.feedback if f.mode is FeedbackMode.HUMAN and f.received_at]
        if start is None or not times:
            untimed += 1
        elif min(times) < start:
            early += 1
    return early, untimed


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


def improvements(pilots: list[PilotRun]) -> list[tuple[tuple[float, bool] | None, ...]]:
    """Return each reviewed pilot's change from first to last: decision, seconds, iterations, dollars.

    Each is the difference, and whether it counts as none: under 1 s, under $0.01, or under 1% of the first.
    """
    found = []
    for pilot in pilots:
        reviewed = reviewed_attempts(pilot)
        if len(reviewed) > 1:
            (first, before), (last, after) = reviewed[0], reviewed[-1]
            measures = ("time_to_first_cut_seconds", "iteration_count", "total_cost_dollars")
            changes = [
                change(getattr(first, name), getattr(last, name), step)
                for name, step in zip(measures, (1, 0, 0.01), strict=True)
            ]
            found.append((change(before.level.rank, after.level.rank, 0), *changes))
    return found


def change(before: float | None, after: float | None, step: float) -> tuple[float, bool] | None:
    if before is None or after is None:
        return None
    size = abs(after - before)
    return after - before, not size or size < step or size / (before or 1e-9) < 0.01


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
