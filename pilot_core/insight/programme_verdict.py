"""The recommendation for a programme: PROCEED, REVISE, STOP or too early to say, from k approved of n decided pilots.

The approval rate p has a uniform prior, Beta(1, 1), so its posterior after k of n is Beta(k + 1, n - k + 1). The rules
compare the probabilities that p is at or above one rate, and at or below another, with the thresholds in
data/catalog/rules.toml. Importing this module loads scipy.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from scipy.special import betainc

from pilot_core.domain.judgements import TOO_EARLY
from pilot_core.formatting import count, dollars, percent, seconds
from pilot_core.insight.programme import Guardrail, ProgrammeCounts, ProgrammeResult
from pilot_core.insight.recommend import State, Verdict
from pilot_core.insight.rules import ProgrammeRules, current_programme_rules
from pilot_core.insight.stats import rate


def recommend_programme(
    counts: ProgrammeCounts,
    *,
    rules: ProgrammeRules | None = None,
    simulated: bool = False,
    as_of: datetime | None = None,
) -> ProgrammeResult:
    """Return the result for these counts. For simulated feedback it has rates but no recommendation."""
    rules = rules or current_programme_rules()
    k, n, still_open = counts.approved, counts.decided, counts.still_open
    guardrails = _guardrails(counts, rules)
    breached = any(guardrail.breached for guardrail in guardrails)
    code, verdict = ("simulated", None) if simulated else _judge(k, n, breached, rules)
    # The result is final only if it stays the same whether all open pilots are approved or none is.
    bounds = {_judge(k + more, n + still_open, breached, rules)[1] for more in (0, still_open)}
    settled = State.FINAL if bounds == {verdict} else State.PROVISIONAL
    at_least, at_most = probability_at_least(k, n, rules.proceed_rate), probability_at_most(k, n, rules.stop_rate)
    needed = _fewest(lambda more: probability_at_least(k + more, n + more, rules.proceed_rate), rules, n)
    result = ProgrammeResult(
        recommendation=verdict,
        state=settled if verdict else State.NOT_READY,
        code=code,
        label=verdict.value if verdict else TOO_EARLY,
        summary=_summary(code, k, n, rules),
        reasons=[],
        what_would_change_it=[],
        n_decided=n,
        n_approved=k,
        n_open=still_open,
        rate=rate(k, n),
        p_ge_target=at_least,
        p_le_stop=at_most,
        approvals_needed=needed,
        guardrails=guardrails,
        rules_version=rules.version,
        as_of=as_of,
    )
    return replace(result, reasons=_reasons(result, rules), what_would_change_it=_changes(result, rules))


def probability_at_least(k: int, n: int, target: float) -> float:
    """Return P(p ≥ target) after k of n: 1 − I_target(k + 1, n − k + 1), I the regularised incomplete beta function.

    Formula: the conjugate posterior of a binomial rate, A. Gelman et al., "Bayesian Data Analysis", 3rd ed., 2.1.
    """
    return 1.0 - probability_at_most(k, n, target)


def probability_at_most(k: int, n: int, target: float) -> float:
    """Return P(p ≤ target) after k of n; see :func:`probability_at_least`."""
    return float(betainc(k + 1, n - k + 1, target))


def _judge(k: int, n: int, breached: bool, rules: ProgrammeRules) -> tuple[str, Verdict | None]:
    """Return the reason code and verdict of the first rule that applies."""
    if k == 0 and n >= rules.none_approved_stop:
        return "none_approved", Verdict.STOP
    if n < rules.min_decided:
        return "too_few", None
    at_least = probability_at_least(k, n, rules.proceed_rate)
    if at_least >= rules.proceed_probability:
        return ("guardrail", Verdict.REVISE) if breached else ("proceed", Verdict.PROCEED)
    if probability_at_most(k, n, rules.stop_rate) >= rules.stop_probability:
        return "stop", Verdict.STOP
    if at_least < rules.revise_probability:
        return "revise", Verdict.REVISE
    return ("guardrail", Verdict.REVISE) if breached else ("keep_piloting", None)


def _guardrails(c: ProgrammeCounts, rules: ProgrammeRules) -> list[Guardrail]:
    sla = c.sla_kept / c.sla_known if c.sla_known else None
    cost = c.cost_decided / c.approved if c.approved and c.cost_decided is not None else None
    return [
        Guardrail(
            "sla",
            "SLA kept",
            f"{sla:.1%} ({c.sla_kept:,} of {count(c.sla_known, 'attempt')})" if sla is not None else "not measured",
            f"{percent(rules.sla_rate)} at least",
            sla is not None and sla < rules.sla_rate,
        ),
        Guardrail(
            "first_cut",
            "Median first time-to-first-cut",
            seconds(c.first_cut_median) if c.first_cut_median is not None else "not measured",
            seconds(rules.first_cut_seconds),
            c.first_cut_median is not None and c.first_cut_median > rules.first_cut_seconds,
        ),
        Guardrail(
            "cost",
            "Cost of an approved pilot",
            dollars(cost) if cost is not None else "not known",
            dollars(rules.cost_per_approved_dollars),
            cost is not None and cost > rules.cost_per_approved_dollars,
        ),
        Guardrail(
            "recent_stops",
            f"STOP among the last {rules.recent_decided} decided",
            f"{c.recent_stops} of {count(c.recent_decided, 'pilot')}",
            f"{rules.recent_stops - 1} at most",
            c.recent_stops >= rules.recent_stops,
        ),
    ]


def _summary(code: str, k: int, n: int, rules: ProgrammeRules) -> str:
    told = f"{k:,} of {count(n, 'decided pilot')} {'is' if k == 1 else 'are'} approved"
    return {
        "none_approved": f"None of {count(n, 'decided pilot')} is approved.",
        "too_few": f"{n} of {rules.min_decided} decided pilots: too early to say.",
        "proceed": f"{told}: {percent(rules.proceed_rate)} or more is likely.",
        "guardrail": f"{told}, but a guardrail is breached.",
        "stop": f"{told}: {percent(rules.stop_rate)} or less is likely.",
        "revise": f"{told}: {percent(rules.proceed_rate)} or more is not likely.",
        "keep_piloting": f"{told}: {percent(rules.proceed_rate)} or more is likelier than not, and not sure enough.",
        "simulated": f"{told} by simulated reviewers, whose feedback recommends nothing.",
    }[code]


def _reasons(result: ProgrammeResult, rules: ProgrammeRules) -> list[str]:
    if result.code == "simulated":
        return ["Show human feedback to see the recommendation."]
    reasons = []
    if result.code != "too_few":
        reasons.append(
            f"The probability that {percent(rules.proceed_rate)} or more would approve is "
            f"{_probable(result.p_ge_target)}; PROCEED asks for {percent(rules.proceed_probability)}, "
            f"REVISE begins under {percent(rules.revise_probability)}."
        )
        reasons.append(
            f"The probability that {percent(rules.stop_rate)} or fewer would approve is {_probable(result.p_le_stop)}; "
            f"STOP asks for {percent(rules.stop_probability)}."
        )
    reasons += [guardrail.sentence for guardrail in result.breached]
    if result.n_open and result.state is State.PROVISIONAL:
        reasons.append(f"Provisional: how {count(result.n_open, 'open pilot')} will end can still change it.")
    return reasons


def _probable(p: float) -> str:
    """Format a probability, such as “94.9%”; never as 0% or 100%."""
    return "under 0.1%" if p < 0.0005 else "over 99.9%" if p >= 0.9995 else f"{p:.1%}"


def _changes(result: ProgrammeResult, rules: ProgrammeRules) -> list[str]:
    """Return sentences on what would change the result, improvements first."""
    if result.code == "simulated":
        return []
    k, n, verdict, breached = result.n_approved, result.n_decided, result.recommendation, result.breached
    changes = []
    if result.approvals_needed:
        but = ", once the guardrails hold" if breached else ""
        changes.append(f"{_in_a_row(result.approvals_needed, 'more approval')} would reach PROCEED{but}.")
    changes += [f"{guardrail.label} must come to {guardrail.limit}." for guardrail in breached]
    if result.code == "too_few":
        changes.append(f"{count(rules.min_decided - n, 'more decided pilot')} will allow a result.")
    if verdict is Verdict.PROCEED:
        failures = _smallest(lambda m: _judge(k, n + m, False, rules)[1] is not Verdict.PROCEED)
        changes.append(f"{_in_a_row(failures, 'more pilot without an approval')} would end PROCEED.")
    if verdict is not Verdict.STOP:
        failures = _smallest(lambda m: _judge(k, n + m, bool(breached), rules)[1] is Verdict.STOP)
        changes.append(f"{_in_a_row(failures, 'more pilot without an approval')} would reach STOP.")
    return changes


def _in_a_row(n: int, what: str) -> str:
    """Return words such as “1 more approval” or “3 more pilots in a row without an approval”."""
    noun, _, rest = what.partition(" without")
    return count(n, noun) + (" in a row" if n > 1 else "") + (f" without{rest}" if rest else "")


def _fewest(probability: Callable[[int], float], rules: ProgrammeRules, n: int) -> int:
    """Return the smallest number of further approvals in a row that would reach PROCEED.

    ``probability`` must not decrease with the number of approvals.
    """

    def reached(more: int) -> bool:
        return n + more >= rules.min_decided and probability(more) >= rules.proceed_probability

    return _smallest(reached)


def _smallest(reached: Callable[[int], bool]) -> int:
    """Return the smallest count for which ``reached`` is true. It must be true for all larger counts."""
    high = 0
    while not reached(high):
        high = 2 * high or 1
    low = high // 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle + 1, high)
    return low
