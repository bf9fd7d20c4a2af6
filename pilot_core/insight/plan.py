"""How many pilots a programme needs until it is decided: until the rules show PROCEED or STOP, by the true rate."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pilot_core.errors import InvalidRequest
from pilot_core.formatting import percent
from pilot_core.insight.operating import first_shown
from pilot_core.insight.recommend import Verdict
from pilot_core.insight.rules import ProgrammeRules

RATES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
CHANCES = (0.5, 0.8, 0.9)
MOST = 200
"""Pilots that a plan looks at."""


@dataclass(frozen=True)
class PlanRow:
    """The plan for one true approval rate.

    ``needed`` has, for each of ``CHANCES``, the fewest decided pilots by which PROCEED or STOP was shown with at least
    that chance; None if ``MOST`` are too few. ``proceed`` and ``stop`` are the chances (0 to 1) that by ``MOST`` pilots
    the first of the two was PROCEED, and STOP.
    """

    rate: float
    needed: tuple[int | None, ...]
    proceed: float
    stop: float


@dataclass(frozen=True)
class Plan:
    """The plan for a target: the share of pilots that should be approved (0 to 1)."""

    target: float
    stop_rate: float
    rows: tuple[PlanRow, ...]

    @property
    def reading(self) -> str:
        """What the numbers are about, in a sentence."""
        return (
            f"Decided pilots until the rules show PROCEED (target {percent(self.target)}) or STOP "
            f"({percent(self.stop_rate)} or less), with a look after every pilot, by the true approval rate. The last "
            f"two columns say which of the two is shown first within {MOST} pilots."
        )


def plan_programme(rules: ProgrammeRules, target: float | None = None, rates: Sequence[float] = RATES) -> Plan:
    """Return the exact plan for the target, or for that of the rules if None. Guardrails are left out.

    Raises InvalidRequest unless the target is over the rate of STOP and under 1.
    """
    aim = rules.proceed_rate if target is None else target
    if not rules.stop_rate < aim < 1:
        raise InvalidRequest(
            f"The target must be over {percent(rules.stop_rate)}, where STOP begins, and under 100%.", field="plan"
        )
    shown = first_shown(rules.model_copy(update={"proceed_rate": aim}), rates, MOST, (Verdict.PROCEED, Verdict.STOP))
    proceed, stop = shown[Verdict.PROCEED], shown[Verdict.STOP]
    rows = []
    for place, rate in enumerate(rates):
        either = proceed[place] + stop[place]
        reached = [np.flatnonzero(either >= chance - 1e-12) for chance in CHANCES]
        needed = tuple(int(numbers[0]) if len(numbers) else None for numbers in reached)
        rows.append(PlanRow(float(rate), needed, float(proceed[place, -1]), float(stop[place, -1])))
    return Plan(aim, rules.stop_rate, tuple(rows))
