"""Format numbers with the counts behind them."""

from collections.abc import Callable

from pilot_core.formatting import MISSING, count, dollars, percent, seconds
from pilot_core.insight.results import CostPerApproved, Spread, WaitsLeftOut
from pilot_core.insight.stats import Rate
from pilot_core.insight.times_to import TimeTo, day_of


def span(low: str, high: str, unit: str) -> str:
    """Return the two ends of an interval with one unit: “45–88%”."""
    return f"{low.removesuffix(unit)}–{high}"


def basis(rate: Rate) -> str:
    """Return “10 of 14, 45–88%”, or “0 of 0” without a rate."""
    counts = f"{rate.numerator:,} of {rate.denominator:,}"
    return counts if rate.value is None else f"{counts}, {span(percent(rate.low), percent(rate.high), '%')}"


def rate_with_n(rate: Rate) -> str:
    """Return “71% (10 of 14, 45–88%)”, or “–”."""
    return MISSING if rate.value is None else f"{percent(rate.value)} ({basis(rate)})"


def spread_in(spread: Spread, unit: str) -> tuple[str, str]:
    """Return the median of a skewed quantity, and its 90th percentile and mean, as text."""
    words = {"s": seconds, "": _plain}[unit]
    return words(spread.median), f"p90 {words(spread.p90)}, mean {words(spread.mean)}"


def days(value: float | None) -> str:
    """Return text such as “18 days”."""
    return count(value, "day")


def days_up(value: float | None) -> str:
    """Return text such as “8 days” for 7.1 days, as the chart's “by day 8”."""
    return MISSING if value is None else count(day_of(value), "day")


def hours(value: float | None) -> str:
    """Return text such as “30 h”, or days from four days on."""
    if value is None or value < 96:
        return MISSING if value is None else f"{_plain(value) if value < 9.95 else f'{value:.0f}'} h"
    return days(value / 24)


def time_to(found: TimeTo, words: Callable[[float | None], str]) -> str:
    """Return the median time to an event, “6 days (9 of 14, 4–9 days)”; “–” until half of the cases have had it."""
    return f"{words(found.median)} ({events(found, words)})" if found.n else MISSING


def events(found: TimeTo, words: Callable[[float | None], str]) -> str:
    """Return how many of the cases had the event, and the median's 95% interval, which may have no upper end yet."""
    counts = f"{found.events:,} of {found.n:,}"
    if found.low is None:
        return counts
    if found.high is None:
        return f"{counts}, from {words(found.low)}"
    low, high = words(found.low), words(found.high)
    unit = high.split()[-1]
    return f"{counts}, {span(low, high, f' {unit}') if low.endswith(unit) else f'{low} to {high}'}"


def cost(found: CostPerApproved) -> tuple[str, str]:
    """Return the cost per approved pilot, the total it is computed from, and how many of the costs are known."""
    return dollars(found.value), f"{dollars(found.cost)}, {found.known:,} of {found.decided:,} costs known"


def left_out(found: WaitsLeftOut) -> str:
    """Return words for the reviewed videos that feedback latency leaves out, such as “, 2 left out”, or nothing."""
    total = found.before_start + found.without_time
    return f", {total:,} left out" if total else ""


def _plain(value: float | None) -> str:
    """Return text such as “2”, “2.4” or “–”."""
    return MISSING if value is None else f"{value:,.1f}".removesuffix(".0")
