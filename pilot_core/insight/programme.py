"""The counts of a programme, and the result that ``insight.programme_verdict`` computes from them."""

from dataclasses import dataclass, field
from datetime import datetime

from pilot_core.insight.recommend import State, Verdict
from pilot_core.insight.stats import Rate

CODES = {
    "none_approved": "None approved",
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

    ``still_open`` counts active and paused pilots. ``first_cut_median`` is in seconds, over the pilots' first attempts.
    ``cost_decided`` is the total cost of the decided pilots in dollars. ``recent_decided`` is how many of the most
    recently decided pilots were looked at (at most as many as the rules name), and ``recent_stops`` how many of those
    have the verdict STOP.
    """

    approved: int
    decided: int
    still_open: int = 0
    sla_kept: int = 0
    sla_known: int = 0
    first_cut_median: float | None = None
    cost_decided: float | None = None
    recent_decided: int = 0
    recent_stops: int = 0


@dataclass(frozen=True)
class Guardrail:
    """One limit that a programme must meet in addition to its approval rate. Not breached if nothing was measured."""

    code: str
    label: str
    measured: str
    limit: str
    breached: bool

    @property
    def sentence(self) -> str:
        return f"{self.label}: {self.measured}; the limit is {self.limit}."


@dataclass(frozen=True)
class ProgrammeResult:
    """The result for a programme. ``rate`` is approved over decided pilots, with its Wilson interval.

    ``p_ge_target`` and ``p_le_stop`` are the probabilities that the approval rate reaches the target, or is at or below
    the stop rate. ``approvals_needed`` is how many more approvals in a row would reach PROCEED, ignoring guardrails.
    """

    recommendation: Verdict | None
    state: State
    code: str
    label: str
    summary: str
    reasons: list[str]
    what_would_change_it: list[str]
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
