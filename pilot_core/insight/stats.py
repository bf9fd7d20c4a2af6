"""Basic statistics in plain Python, because importing statsmodels and numpy takes seconds, too long for a report."""

import math
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

Z_95 = 1.959963984540054
"""The 97.5th percentile of the standard normal distribution."""
SAME_SECONDS, SAME_DOLLARS, SAME_SHARE = 1.0, 0.01, 0.01
"""Two times, or two costs, that differ by less than this, or by less than this share of the first, are the same."""


class Rate(BaseModel):
    """A share with its numerator and denominator. ``value`` and the 95% Wilson bounds are None for 0 of 0."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    numerator: int
    denominator: int
    value: float | None
    low: float | None
    high: float | None


def rate(k: int, n: int) -> Rate:
    """Return k of n as a Rate. Raises ValueError unless 0 <= k <= n."""
    bounds = wilson(k, n)
    if bounds is None:
        return Rate(numerator=k, denominator=n, value=None, low=None, high=None)
    return Rate(numerator=k, denominator=n, value=k / n, low=bounds[0], high=bounds[1])


def wilson(k: int, n: int) -> tuple[float, float] | None:
    """Return the 95% score interval (low, high) of k successes in n, each 0 to 1; None for 0 of 0.

    Raises ValueError unless 0 <= k <= n. Formula: E. B. Wilson, "Probable inference, the law of succession, and
    statistical inference", JASA 22 (1927) 209–212. Equal to statsmodels' ``proportion_confint(method="wilson")``.
    """
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is not a share")
    if n == 0:
        return None
    p, z2 = k / n, Z_95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 * math.sqrt(p * (1 - p) / n + z2 / (4 * n**2)) / (1 + z2 / n)
    return (0.0 if k == 0 else centre - half, 1.0 if k == n else centre + half)


def mean(values: Sequence[float]) -> float | None:
    """Return the arithmetic mean, or None for no values."""
    return math.fsum(values) / len(values) if values else None


def median(values: Sequence[float]) -> float | None:
    """Return the middle value or the mean of the middle two, or None for no values."""
    return percentile(values, 0.5)


def p90(values: Sequence[float]) -> float | None:
    """Return the 90th percentile, interpolated, or None for no values."""
    return percentile(values, 0.9)


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the value below which ``share`` (0 to 1) of the values lie, interpolated linearly; None for no values.

    The same as SQL's ``percentile_cont`` (Hyndman and Fan's type 7, "Sample quantiles in statistical packages", 1996).
    """
    if not values:
        return None
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def is_same(before: float, after: float, step: float) -> bool:
    """Return whether two values differ by nothing, by less than ``step``, or by less than 1% of the first."""
    size = abs(after - before)
    return size == 0 or size < step or size < SAME_SHARE * before
