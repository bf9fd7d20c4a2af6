"""The recommendation for a programme: PROCEED, REVISE, STOP or no verdict yet, from k approved of n decided pilots.

``insight.posterior`` holds the verdicts by approval rate, ``insight.guardrails`` the limits that cap PROCEED to REVISE.
The thresholds are in data/catalog/rules.toml. Importing this module loads scipy.
"""

from dataclasses import replace
from datetime import datetime

import numpy as np

from pilot_core.domain.judgements import NO_VERDICT_YET
from pilot_core.formatting import count, percent
from pilot_core.insight.guardrails import guardrails, in_a_row, probable
from pilot_core.insight.posterior import (
    FIRST,
    PLACES,
    probability_at_least,
    probability_at_most,
    smallest,
    verdict_of,
    verdict_places,
)
from pilot_core.insight.programme import CODES, ProgrammeCounts, ProgrammeResult
from pilot_core.insight.recommend import NextOutcome, State, Verdict
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
    limits = guardrails(counts, rules)
    breached = any(limit.breached for limit in limits)
    code, verdict = ("simulated", None) if simulated else _judge(k, n, breached, rules)
    needed = _approvals_needed(k, n, rules)
    result = ProgrammeResult(
        recommendation=verdict,
        state=_state(code, verdict, counts, rules),
        code=code,
        label=verdict.value if verdict else NO_VERDICT_YET,
        summary=_summary(code, k, n, needed, rules),
        reasons=[],
        what_would_change_it=[],
        next_outcomes=[] if simulated else _next_outcomes(k, n, breached, rules),
        n_decided=n,
        n_approved=k,
        n_open=still_open,
        rate=rate(k, n),
        p_ge_target=probability_at_least(k, n, rules.proceed_rate),
        p_le_stop=probability_at_most(k, n, rules.stop_rate),
        approvals_needed=needed,
        guardrails=limits,
        rules_version=rules.version,
        as_of=as_of,
    )
    return replace(result, reasons=_reasons(result, rules), what_would_change_it=_changes(result, rules))


def _judge(k: int, n: int, breached: bool, rules: ProgrammeRules) -> tuple[str, Verdict | None]:
    """Return the reason code and the verdict. A breached guardrail caps PROCEED to REVISE."""
    verdict = verdict_of(k, n, rules)
    if verdict is Verdict.PROCEED:
        return ("guardrail", Verdict.REVISE) if breached else ("proceed", verdict)
    if verdict is None:
        return "too_few" if n < rules.min_decided else "keep_piloting", None
    return verdict.value.lower(), verdict


def _state(code: str, verdict: Verdict | None, counts: ProgrammeCounts, rules: ProgrammeRules) -> State:
    """Return PROVISIONAL if some way for the open pilots to end would give another verdict by the approval rate.

    For each number of them that could come to count, since one can also be dropped for an outside reason, it looks at
    the best and the worst end: those between give nothing else. Beyond the first numbers the best end only gets better
    and the worst worse, so the last number stands for the rest. A cap by a guardrail can be lifted by any open pilot.
    """
    if verdict is None:
        return State.NOT_READY
    k, n, still_open = counts.approved, counts.decided, counts.still_open
    more = np.append(np.arange(1, min(still_open, FIRST)), [still_open] if still_open else [])
    ends = np.concatenate([verdict_places(k + approved, n + more, rules) for approved in (0 * more, more)])
    can_change = still_open > 0 and (code == "guardrail" or bool(np.any(ends != PLACES.index(verdict))))
    return State.PROVISIONAL if can_change else State.FINAL


def _summary(code: str, k: int, n: int, needed: int, rules: ProgrammeRules) -> str:
    told = f"{k:,} of {count(n, 'decided pilot')} {'is' if k == 1 else 'are'} approved"
    target, floor = percent(rules.proceed_rate), percent(rules.stop_rate)
    return {
        "too_few": f"{n} of the {rules.min_decided} decided pilots that a verdict needs.",
        "proceed": f"{told}: a true rate of {target} or more is likely.",
        "guardrail": f"{told}, but a guardrail is breached.",
        "stop": f"{told}: a true rate of {floor} or less is likely.",
        "revise": f"{told}: a true rate of {target} or more is not likely.",
        "keep_piloting": f"{told}. Keep piloting: {in_a_row(needed, 'approval')} would reach PROCEED.",
        "simulated": f"{told} by simulated reviewers, whose feedback recommends nothing.",
    }[code]


def _reasons(result: ProgrammeResult, rules: ProgrammeRules) -> list[str]:
    if result.code == "simulated":
        return ["Show human feedback to see the recommendation."]
    reasons = []
    if result.code != "too_few":
        early = result.n_decided < rules.early_decided
        surely = rules.proceed_probability_early if early else rules.proceed_probability
        asked = f"PROCEED asks for {percent(surely)}{f' under {rules.early_decided} decided pilots' if early else ''}"
        revise = f"REVISE begins under {percent(rules.revise_probability)}" + (
            f", from {rules.revise_min_decided} decided pilots on"
            if result.n_decided < rules.revise_min_decided
            else ""
        )
        reasons.append(
            f"The probability that the true approval rate is {percent(rules.proceed_rate)} or more is "
            f"{probable(result.p_ge_target)}. {asked}, {revise}."
        )
        reasons.append(
            f"The probability that it is {percent(rules.stop_rate)} or less is {probable(result.p_le_stop)}. "
            f"STOP asks for {percent(rules.stop_probability)}."
        )
    reasons += [guardrail.sentence for guardrail in result.breached]
    if result.state is State.PROVISIONAL:
        reasons.append(f"Provisional: how {count(result.n_open, 'open pilot')} will end can still change it.")
    return reasons


def _next_outcomes(k: int, n: int, breached: bool, rules: ProgrammeRules) -> list[NextOutcome]:
    ways = {
        "is approved": (k + 1, n + 1),
        "is not approved": (k, n + 1),
        "is dropped for an outside reason": (k, n),
    }
    found = {event: _judge(*counts, breached, rules) for event, counts in ways.items()}
    return [
        NextOutcome("the next pilot", event, verdict or NO_VERDICT_YET, CODES[code])
        for event, (code, verdict) in found.items()
    ]


def _changes(result: ProgrammeResult, rules: ProgrammeRules) -> list[str]:
    """Return sentences on what would change the result, improvements first."""
    if result.code == "simulated":
        return []
    k, n, verdict = result.n_approved, result.n_decided, result.recommendation
    changes = []
    if result.approvals_needed:
        changes.append(
            f"{in_a_row(result.approvals_needed, 'approval')} would reach PROCEED if no guardrail is breached."
        )
    changes += [guardrail.remedy for guardrail in result.breached]
    if result.code == "too_few":
        changes.append(f"{count(rules.min_decided - n, 'more decided pilot')} will allow a verdict.")

    def places(m: "np.ndarray") -> "np.ndarray":
        return verdict_places(np.full_like(m, k), n + m, rules)

    if verdict is Verdict.PROCEED:
        failures = smallest(lambda m: places(m) != PLACES.index(Verdict.PROCEED))
        changes.append(f"{_failures(failures)} would end PROCEED.")
    if verdict is not Verdict.STOP:
        failures = smallest(lambda m: places(m) == PLACES.index(Verdict.STOP))
        changes.append(f"{_failures(failures)} would reach STOP.")
    return changes


def _failures(n: int) -> str:
    return f"{in_a_row(n, 'pilot')} without an approval"


def _approvals_needed(k: int, n: int, rules: ProgrammeRules) -> int:
    """Return the smallest number of further approvals in a row that reaches PROCEED, before guardrails."""
    return smallest(lambda m: verdict_places(k + m, n + m, rules) == PLACES.index(Verdict.PROCEED))
