"""The guardrails of a programme: limits on SLA, first time to first cut and cost, each breached on evidence only.

A share has a uniform prior, as the approval rate has; see ``insight.posterior``.
"""

from scipy.special import betainc

from pilot_core.formatting import count, dollars, percent, seconds
from pilot_core.insight.posterior import probability_at_most, smallest
from pilot_core.insight.programme import Guardrail, ProgrammeCounts
from pilot_core.insight.rules import ProgrammeRules


def guardrails(counts: ProgrammeCounts, rules: ProgrammeRules) -> list[Guardrail]:
    """Return every guardrail, breached or not. One that has too little data is not breached."""
    return [_sla(counts, rules), _first_cut(counts, rules), _cost(counts, rules)]


def probable(p: float) -> str:
    """Format a probability, such as “94.9%”; never as 0% or 100%."""
    return "under 0.1%" if p < 0.0005 else "over 99.9%" if p >= 0.9995 else f"{p:.1%}"


def in_a_row(n: int, noun: str) -> str:
    """Return words such as “1 more approval” or “3 more approvals in a row”."""
    return count(n, f"more {noun}") + (" in a row" if n > 1 else "")


def _sla(c: ProgrammeCounts, rules: ProgrammeRules) -> Guardrail:
    label, measured = "SLA met", _share(c.sla_kept, c.sla_known, "attempt")
    if c.sla_known < rules.sla_min_attempts:
        return Guardrail("sla", label, measured, _too_few(rules.sla_min_attempts, "attempt"), False)
    below = probability_at_most(c.sla_kept, c.sla_known, rules.sla_rate)
    evidence = f"A true rate under {percent(rules.sla_rate)} has a probability of {probable(below)}."
    if below < rules.guardrail_probability:
        return Guardrail("sla", label, measured, evidence, False)
    more = smallest(
        lambda m: (
            betainc(c.sla_kept + m + 1, c.sla_known - c.sla_kept + 1, rules.sla_rate) < rules.guardrail_probability
        )
    )
    remedy = f"{in_a_row(more, 'attempt')} that met the SLA would lift the SLA guardrail."
    return Guardrail("sla", label, measured, evidence, True, remedy)


def _first_cut(c: ProgrammeCounts, rules: ProgrammeRules) -> Guardrail:
    limit = seconds(rules.first_cut_seconds)
    label = f"First attempts with a time to first cut over {limit}"
    measured = _share(c.first_cuts_over, c.first_cuts_known, "pilot")
    if c.first_cuts_known < rules.first_cut_min_pilots:
        return Guardrail("first_cut", label, measured, _too_few(rules.first_cut_min_pilots, "pilot"), False)
    within = c.first_cuts_known - c.first_cuts_over
    above = 1.0 - probability_at_most(c.first_cuts_over, c.first_cuts_known, rules.first_cut_share)
    evidence = f"A true share over {percent(rules.first_cut_share)} has a probability of {probable(above)}."
    if above < rules.guardrail_probability:
        return Guardrail("first_cut", label, measured, evidence, False)
    more = smallest(
        lambda m: (
            1.0 - betainc(c.first_cuts_over + 1, within + m + 1, rules.first_cut_share) < rules.guardrail_probability
        )
    )
    remedy = f"{in_a_row(more, 'pilot')} within {limit} would lift the time guardrail."
    return Guardrail("first_cut", label, measured, evidence, True, remedy)


def _cost(c: ProgrammeCounts, rules: ProgrammeRules) -> Guardrail:
    label, limit = "Cost per approved pilot", dollars(rules.cost_per_approved_dollars)
    cost = c.cost_decided / c.approved if c.approved and c.cost_decided is not None else None
    known = f"{c.costs_known:,} of {count(c.decided, 'decided pilot')}"
    measured = (
        f"{dollars(cost)} (costs known of {known})" if cost is not None else f"not known (costs known of {known})"
    )
    if c.approved < rules.cost_min_approved:
        return Guardrail("cost", label, measured, _too_few(rules.cost_min_approved, "approved pilot"), False)
    if cost is None or c.costs_known < c.decided:
        evidence = "It counts only when the cost of every decided pilot is known."
        return Guardrail("cost", label, measured, evidence, False)
    breached = cost > rules.cost_per_approved_dollars
    evidence = f"The limit is {limit}."
    remedy = f"A cost per approved pilot of {limit} or less would lift the cost guardrail." if breached else ""
    return Guardrail("cost", label, measured, evidence, breached, remedy)


def _share(k: int, n: int, noun: str) -> str:
    return f"{k / n:.1%} ({k:,} of {count(n, noun)})" if n else "not measured"


def _too_few(needed: int, noun: str) -> str:
    return f"It counts from {count(needed, noun)} on."
