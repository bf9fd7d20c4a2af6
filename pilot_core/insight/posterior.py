"""What the approval rate of a programme can be, from k approved of n decided, and the verdict that follows from it.

The rate p has a uniform prior, Beta(1, 1), so its posterior after k of n is Beta(k + 1, n - k + 1). Importing this
module loads scipy.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import betainc

from pilot_core.insight.recommend import Verdict
from pilot_core.insight.rules import ProgrammeRules

if TYPE_CHECKING:
    Array = np.ndarray[Any, np.dtype[Any]]

FIRST = 512
"""Numbers that are tried one by one before it is taken that a verdict, once reached, stays."""
PLACES: tuple[Verdict | None, ...] = (Verdict.STOP, Verdict.REVISE, None, Verdict.PROCEED)
"""The verdicts by the numbers that :func:`verdict_places` returns, the worst first."""


def probability_at_least(k: int, n: int, target: float) -> float:
    """Return P(p ≥ target) after k of n: 1 − I_target(k + 1, n − k + 1), I the regularised incomplete beta function.

    Formula: the conjugate posterior of a binomial rate, A. Gelman et al., "Bayesian Data Analysis", 3rd ed., 2.1.
    """
    return 1.0 - probability_at_most(k, n, target)


def probability_at_most(k: int, n: int, target: float) -> float:
    """Return P(p ≤ target) after k of n; see :func:`probability_at_least`."""
    return float(betainc(k + 1, n - k + 1, target))


def verdict_of(k: int, n: int, rules: ProgrammeRules) -> Verdict | None:
    """Return the verdict for k approved of n decided pilots, before guardrails."""
    return PLACES[int(verdict_places(np.array([k]), np.array([n]), rules)[0])]


def verdict_places(k: "Array", n: "Array", rules: ProgrammeRules) -> "Array":
    """Return the verdict, as its place in ``PLACES``, for each k approved of n decided pilots, before guardrails.

    ``k`` and ``n`` are whole numbers with 0 <= k <= n, of one shape. For one n, more approvals never lower the place.
    """
    at_least = 1.0 - betainc(k + 1, n - k + 1, rules.proceed_rate)
    at_most = betainc(k + 1, n - k + 1, rules.stop_rate)
    surely = np.where(n < rules.early_decided, rules.proceed_probability_early, rules.proceed_probability)
    conditions = [
        n < rules.min_decided,
        at_least >= surely,
        at_most >= rules.stop_probability,
        (n >= rules.revise_min_decided) & (at_least < rules.revise_probability),
    ]
    verdicts = [None, Verdict.PROCEED, Verdict.STOP, Verdict.REVISE]
    return np.select(conditions, [PLACES.index(verdict) for verdict in verdicts], default=PLACES.index(None))


def smallest(reached: "Callable[[Array], Array]") -> int:
    """Return the smallest whole number, from 0, for which ``reached`` is true. Some number must have it true.

    ``reached`` gets an array of numbers and returns an array of truths. From ``FIRST`` on, what is true must stay true:
    by then the thresholds that depend on the number of decided pilots no longer change.
    """
    numbers = np.arange(FIRST)
    found = np.flatnonzero(reached(numbers))
    if len(found):
        return int(numbers[found[0]])
    low, high = FIRST - 1, 2 * FIRST
    while not reached(np.array([high]))[0]:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(np.array([middle]))[0] else (middle, high)
    return high
