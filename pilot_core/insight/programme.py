"""The counts of a programme, and the result that ``insight.programme_verdict`` computes from them."""

from dataclasses import dataclass, field
from datetime import datetime

from pilot_core.insight.recommend import NextOutcome, State, Verdict
from pilot_core.insight.stats import Rate

CODES = {
    "too_few": "Too few decided",
    "proceed": "Approved often enough",
    "guardrail": "A guardrail is breached",
    "stop": "Approved too rarely",
    "revise": "Not approved often enough",
    "keep_piloting": "Keep piloting",
    "simulated": "Simulated feedback recommends nothing",
}
"""Each reason code of a programme in plain words."""


@dataclass(frozen=True)
class ProgrammeCounts:
    """The input of the rules, counted over a cohort or a segment of it.

    ``still_open`` counts active and paused pilots. ``sla_kept`` of the ``sla_known`` attempts met the SLA.
    ``first_cuts_over`` of the ``first_cuts_known`` pilots had a first time to first cut over the rules' limit, and
    ``first_cut_median`` is the median of those times in seconds. ``cost_decided`` is the total known cost of the
    decided pilots in dollars, and ``costs_known`` the number of decided pilots of which every attempt's cost is known.
    """

    approved: int
    decided: int
    still_open: int = 0
    sla_kept: int = 0
    sla_known: int = 0
    first_cuts_over: int = 0
    first_cuts_known: int = 0
    first_cut_median: float | None = None
    cost_decided: float | None = None
    costs_known: int = 0


@dataclass(frozen=True)
class Guardrail:
    """One limit that a programme must meet in addition to its approval rate.

    ``measured`` says what was measured, with its n. ``evidence`` says how far that goes against the limit.
    ``remedy`` says what would lift a breach, and is empty without one.
    """

    code: str
    label: str
    measured: str
    evidence: str
    breached: bool
    remedy: str = ""

    @property
    def sentence(self) -> str:
        told = f"{self.label}: {self.measured}. {self.evidence}"
        return f"Guardrail breached. {told}" if self.breached else told


@dataclass(frozen=True)
class ProgrammeResult:
    """The result for a programme. ``rate`` is approved over decided pilots, with its Wilson interval.

    ``p_ge_target`` and ``p_le_stop`` are the probabilities that the approval rate reaches the target, or is at or below
    the stop rate. ``approvals_needed`` is how many more approvals in a row would reach PROCEED, ignoring guardrails.
    ``next_outcomes`` are the results after one more pilot, if the guardrails stay as they are.
    """

    recommendation: Verdict | None
    state: State
    code: str
    label: str
    summary: str
    reasons: list[str]
    what_would_change_it: list[str]
    next_outcomes: list[NextOutcome]
    n_decided: int
    n_approved: int
    n_open: int
    rate: Rate
    p_ge_target: float
    p_le_stop: float
    approvals_needed: int
    guardrails: list[Guardrail]
    rules_version: str
    as_of: datetime | None = field(default=None)

    @property
    def words(self) -> str:
        """The reason code in words, as shown on a badge."""
        return CODES[self.code]

    @property
    def breached(self) -> list[Guardrail]:
        """The breached guardrails."""
        return [guardrail for guardrail in self.guardrails if guardrail.breached]
