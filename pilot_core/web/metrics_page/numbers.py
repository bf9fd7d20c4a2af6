"""Numbers of the metric dictionary as the page says them: the value, and what it stands on."""

from collections.abc import Callable

from pilot_core.formatting import MISSING, count, dollars, percent, seconds
from pilot_core.insight.metrics import CostPerApproved, Spread
from pilot_core.insight.stats import Rate
from pilot_core.insight.survival import TimeTo


def span(low: str, high: str, unit: str) -> str:
    """Two ends of an interval, their unit once: “45–88%”."""
    return f"{low.removesuffix(unit)}–{high}"


def stands_on(rate: Rate) -> str:
    """“10 of 14, 45–88%”; the bare 0 of 0 where there is no rate."""
    told = f"{rate.numerator:,} of {rate.denominator:,}"
    return told if rate.value is None else f"{told}, {span(percent(rate.low), percent(rate.high), '%')}"


def rate_with_n(rate: Rate) -> str:
    """“71% (10 of 14, 45–88%)”, or “–”."""
    return MISSING if rate.value is None else f"{percent(rate.value)} ({stands_on(rate)})"


def spread_in(spread: Spread, unit: str) -> tuple[str, str]:
    """A skewed quantity as its median, and the p90, mean and n that belong beside it."""
    words = {"s": seconds, "": _plain}[unit]
    return words(spread.median), f"p90 {words(spread.p90)}, mean {words(spread.mean)}"


def days(value: float | None) -> str:
    """“18 days”."""
    return count(value, "day")


def hours(value: float | None) -> str:
    """“30 h”, and days from four on."""
    if value is None or value < 96:
        return MISSING if value is None else f"{_plain(value) if value < 9.95 else f'{value:.0f}'} h"
    return days(value / 24)


def time_to(found: TimeTo, words: Callable[[float | None], str]) -> str:
    """The median of a time to an event, “6 days (9 of 14, 4–9 days)”; “–” where half have not seen it."""
    return f"{words(found.median)} ({events(found, words)})" if found.n else MISSING


def events(found: TimeTo, words: Callable[[float | None], str]) -> str:
    """How many of the cases saw it, and the 95% interval of the median; an end that is not known yet is open."""
    told = f"{found.events:,} of {found.n:,}"
    if found.low is None:
        return told
    if found.high is None:
        return f"{told}, from {words(found.low)}"
    low, high = words(found.low), words(found.high)
    unit = high.split()[-1]
    return f"{told}, {span(low, high, f' {unit}') if low.endswith(unit) else f'{low} to {high}'}"


def cost(found: CostPerApproved) -> tuple[str, str]:
    """The cost of an approved pilot, and the sum it comes from."""
    return dollars(found.value), f"{dollars(found.cost)} for {found.approved:,} approved"


def _plain(value: float | None) -> str:
    """“2”, “2.4”, “–”."""
    return MISSING if value is None else f"{value:,.1f}".removesuffix(".0")
