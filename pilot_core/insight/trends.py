"""Charts over time: individuals (XmR) on log values, a run chart, and approval among the last ten decided pilots.

Each has its data and one sentence on what it shows now. Points are in order of time, oldest first.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from statistics import median

from pilot_core.formatting import count, percent, seconds
from pilot_core.formatting import rate as rate_words
from pilot_core.insight.stats import Rate, rate

LIMIT_FACTOR = 2.66  # 3 / 1.128: three sigma; the mean moving range of two values is 1.128 sigma
RANGE_FACTOR = 3.267
FEWEST = 5  # with fewer points, no limits, median line or rate are drawn
TRIAL = 12  # with fewer points, limits are trial limits
RUN = 7
SHORTEST = 0.1  # seconds; shorter times count as this, because 0 has no logarithm
WINDOW = 10


class SignalKind(StrEnum):
    """The rule by which points count as a signal rather than noise."""

    OUTSIDE = "outside"
    ONE_SIDE = "one_side"
    TREND = "trend"
    NEAR_LIMIT = "near_limit"


@dataclass(frozen=True)
class Signal:
    """A signal in points ``first`` to ``last`` (indexes, inclusive). ``side`` is 1 for above or rising, else -1."""

    kind: SignalKind
    side: int
    first: int
    last: int


@dataclass(frozen=True)
class Limits:
    """Natural process limits. ``mean``, ``low`` and ``high`` are in the unit of the values.

    ``mean_range`` and ``range_high`` are on the scale of the computation, which is logarithmic for log charts.
    """

    mean: float
    low: float
    high: float
    mean_range: float
    range_high: float
    trial: bool


@dataclass(frozen=True)
class Xmr:
    """A chart of individuals. There is one moving range fewer than values, on the scale of the computation."""

    values: tuple[float, ...]
    moving_ranges: tuple[float, ...]
    limits: Limits | None
    signals: tuple[Signal, ...]


@dataclass(frozen=True)
class Point:
    """One measured attempt. ``at`` is in UTC, ``value`` in the chart's unit."""

    pilot_id: str
    company_name: str
    attempt_number: int
    at: datetime | None
    value: float


@dataclass(frozen=True)
class FirstCuts:
    """Times to first cut of pilots' first attempts, in seconds. ``points`` are the latest of ``of`` pilots."""

    points: tuple[Point, ...]
    of: int
    target: float
    xmr: Xmr
    reading: str


@dataclass(frozen=True)
class RunChart:
    """Iterations per attempt, for the latest of ``of`` attempts, with their median (None under five) and signals."""

    points: tuple[Point, ...]
    of: int
    median: float | None
    signals: tuple[Signal, ...]
    reading: str


@dataclass(frozen=True)
class DecidedPoint:
    """One decided pilot."""

    pilot_id: str
    company_name: str
    at: datetime
    approved: bool


@dataclass(frozen=True)
class Window:
    """Approval among ten consecutive decided pilots (the first windows have five to nine), dated by the last one."""

    at: datetime
    rate: Rate
    pilot_ids: tuple[str, ...]


@dataclass(frozen=True)
class RollingApproval:
    """The latest windows. ``of`` is the number of all decided pilots.

    ``if_open_fail`` and ``if_open_pass`` are the latest window's rate if all open pilots failed, or were approved.
    """

    windows: tuple[Window, ...]
    of: int
    still_open: int
    if_open_fail: Rate | None
    if_open_pass: Rate | None
    reading: str


def xmr(values: Sequence[float], *, log: bool = False) -> Xmr:
    """Return the values with moving ranges, natural process limits (2.66 × the mean moving range) and signals.

    Under five values, there are no limits and no signals. With ``log``, limits are computed on natural logarithms and
    converted back to the unit of the values. For skewed times this lowers false alarms from about 5% to 1.8% per point.
    Factors: D. J. Wheeler, "Understanding Variation" (1993), and the NIST/SEMATECH e-Handbook of Statistical Methods,
    6.3.2.2.
    """
    scaled = [math.log(max(value, SHORTEST)) for value in values] if log else list(values)
    ranges = tuple(abs(after - before) for before, after in pairwise(scaled))
    if len(scaled) < FEWEST:
        return Xmr(tuple(values), ranges, None, ())
    back: Callable[[float], float] = math.exp if log else float
    mean = math.fsum(scaled) / len(scaled)
    mean_range = math.fsum(ranges) / len(ranges)
    reach = LIMIT_FACTOR * mean_range
    limits = Limits(
        mean=back(mean),
        low=back(mean - reach),
        high=back(mean + reach),
        mean_range=mean_range,
        range_high=RANGE_FACTOR * mean_range,
        trial=len(scaled) < TRIAL,
    )
    return Xmr(tuple(values), ranges, limits, tuple(_signals(scaled, mean, reach)))


def first_cuts(points: Sequence[Point], of: int, target: float) -> FirstCuts:
    """Return the chart of times to first cut of first attempts, compared with ``target`` seconds."""
    chart = xmr([point.value for point in points], log=True)
    return FirstCuts(tuple(points), of, target, chart, _first_cuts_reading(chart, points, of, target))


def run_chart(points: Sequence[Point], of: int) -> RunChart:
    """Return the chart of iterations. A signal is seven or more attempts in a row on one side of the median."""
    values = [point.value for point in points]
    if len(values) < FEWEST:
        return RunChart(tuple(points), of, None, (), _few_iterations(values))
    middle = median(values)
    signals = tuple(_stretches(SignalKind.ONE_SIDE, [_sign(value - middle) for value in values], RUN))
    once = sum(value <= 1 for value in values)
    told = f"Median {count(middle, 'iteration')}; {once:,} of {_latest(len(values), of, 'attempt')} needed one only."
    if signals and signals[-1].last == len(values) - 1:
        now = signals[-1]
        more = "more than the median: there is more rework now" if now.side > 0 else "less: there is less rework now"
        told += f" The last {now.last - now.first + 1} took {more}."
    return RunChart(tuple(points), of, middle, signals, told)


def rolling_approval(decided: Sequence[DecidedPoint], of: int, still_open: int) -> RollingApproval:
    """Return approval among the last ten decided pilots at each decision, from the fifth on.

    If ``decided`` is not all ``of`` of them, windows start at its tenth, so that every window is full.
    """
    begin = FEWEST if len(decided) == of else WINDOW
    windows = tuple(_window(decided[max(0, end - WINDOW) : end]) for end in range(begin, len(decided) + 1))
    fail = passed = None
    if windows:
        k, n = windows[-1].rate.numerator, windows[-1].rate.denominator
        fail, passed = rate(k, n + still_open), rate(k + still_open, n + still_open)
    reading = _approval_reading(decided, windows, of, still_open)
    return RollingApproval(windows, of, still_open, fail, passed, reading)


def difference_bounds(before: Rate, after: Rate) -> tuple[float, float] | None:
    """Return the 95% interval of after − before, or None if either is 0 of 0.

    Formula: R. G. Newcombe, "Interval estimation for the difference between independent proportions", Statistics in
    Medicine 17 (1998) 873–890, method 10, from the two Wilson intervals.
    """
    if None in (before.value, before.low, before.high, after.value, after.low, after.high):
        return None
    p, low, high = before.value or 0.0, before.low or 0.0, before.high or 0.0
    q, q_low, q_high = after.value or 0.0, after.low or 0.0, after.high or 0.0
    return q - p - math.hypot(q - q_low, high - p), q - p + math.hypot(q_high - q, p - low)


def _signals(scaled: list[float], mean: float, reach: float) -> list[Signal]:
    found = []
    if reach:
        found += [
            Signal(SignalKind.OUTSIDE, 1 if value > mean else -1, place, place)
            for place, value in enumerate(scaled)
            if abs(value - mean) > reach
        ]
    found += _stretches(SignalKind.ONE_SIDE, [_sign(value - mean) for value in scaled], RUN)
    steps = [0, *(_sign(after - before) for before, after in pairwise(scaled))]
    # Seven rising points have six rises between them.
    found += [
        Signal(SignalKind.TREND, rise.side, rise.first - 1, rise.last)
        for rise in _stretches(SignalKind.TREND, steps, RUN - 1)
    ]
    far = [_sign(value - mean) if reach and abs(value - mean) > reach * 2 / 3 else 0 for value in scaled]
    found += _near_limit(far)
    return sorted(found, key=lambda signal: (signal.first, signal.last))


def _near_limit(far: list[int]) -> list[Signal]:
    """Return a signal for each two of three consecutive points in the outer third on one side; overlaps are merged."""
    found: list[Signal] = []
    for end in range(1, len(far)):
        for side in (1, -1):
            places = [place for place in range(max(0, end - 2), end + 1) if far[place] == side]
            if len(places) < 2 or places[-1] != end:
                continue
            if found and found[-1].side == side and found[-1].last >= places[0]:
                found[-1] = Signal(SignalKind.NEAR_LIMIT, side, found[-1].first, end)
            else:
                found.append(Signal(SignalKind.NEAR_LIMIT, side, places[0], end))
    return found


def _stretches(kind: SignalKind, sides: Sequence[int], least: int) -> list[Signal]:
    """Return a signal for each run of at least ``least`` consecutive points on the same side. 0 is on neither side."""
    found, first = [], 0
    for place in range(1, len(sides) + 1):
        if place == len(sides) or sides[place] != sides[first]:
            if sides[first] and place - first >= least:
                found.append(Signal(kind, sides[first], first, place - 1))
            first = place
    return found


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _first_cuts_reading(chart: Xmr, points: Sequence[Point], of: int, target: float) -> str:
    values, limits = chart.values, chart.limits
    if not values:
        return "No first cut has been timed yet."
    if limits is None:
        kept = sum(value <= target for value in values)
        return (
            f"{count(len(values), 'first cut')} timed, {kept} within {seconds(target)}; limits are drawn from {FEWEST}."
        )
    expected = f"{seconds(limits.low).removesuffix(' s')}–{seconds(limits.high)}"
    if limits.high <= target:
        promise = f"expect {expected}, within the promise of {seconds(target)}"
    elif limits.low > target:
        promise = f"expect {expected}, over the promise of {seconds(target)}"
    else:
        promise = f"expect {expected}, so the promise of {seconds(target)} is not safe"
    trial = f" Trial limits, from {len(values)} pilots." if limits.trial else ""
    shown = f" The latest {len(values):,} of {of:,} pilots." if len(values) < of else ""
    return f"{_change(chart)}; {promise}.{trial}{shown}"


def _change(chart: Xmr) -> str:
    """Return what the signals say about the latest points."""
    end = len(chart.values) - 1
    latest = {signal.kind: signal for signal in chart.signals if signal.last == end}
    runs = [s for s in chart.signals if s.kind is SignalKind.ONE_SIDE and end - s.last <= 1 and s.first > 0]
    if signal := latest.get(SignalKind.OUTSIDE):
        return f"The latest is {_slower(signal)} than the limits allow: look for its cause"
    if runs:
        n, of = runs[-1].last - runs[-1].first + 1, end - runs[-1].first + 1
        told = f"The last {n}" if n == of else f"{n} of the last {of}"
        return f"{told} are {_slower(runs[-1])} than the mean: the change is real"
    if signal := latest.get(SignalKind.TREND):
        n = signal.last - signal.first + 1
        return f"The last {n} were each {_slower(signal)} than the one before: the change is real"
    if signal := latest.get(SignalKind.NEAR_LIMIT):
        how = "slow" if signal.side > 0 else "fast"
        return f"Two of the last three are unusually {how}: a change may be under way"
    outside = sum(signal.kind is SignalKind.OUTSIDE for signal in chart.signals)
    if outside:
        return f"No change now, though {count(outside, 'pilot')} before lay outside the limits"
    return "No change: the ups and downs are noise"


def _slower(signal: Signal) -> str:
    return "slower" if signal.side > 0 else "faster"


def _few_iterations(values: list[float]) -> str:
    if not values:
        return "No attempt with a known number of iterations yet."
    told = ", ".join(f"{value:g}" for value in values)
    noun = "iteration" if told == "1" else "iterations"
    return f"{count(len(values), 'attempt')}, with {told} {noun}; a median is drawn from {FEWEST}."


def _latest(shown: int, of: int, noun: str) -> str:
    return count(of, noun) if shown == of else f"the latest {shown:,} of {count(of, noun)}"


def _window(decided: Sequence[DecidedPoint]) -> Window:
    approved = sum(point.approved for point in decided)
    return Window(decided[-1].at, rate(approved, len(decided)), tuple(point.pilot_id for point in decided))


def _approval_reading(decided: Sequence[DecidedPoint], windows: Sequence[Window], of: int, still_open: int) -> str:
    waiting = f" {count(still_open, 'pilot')} still open." if still_open else ""
    if not windows:
        approved = sum(point.approved for point in decided)
        return f"{approved:,} of {count(of, 'decided pilot')} approved; a rate is drawn from {FEWEST}.{waiting}"
    now = windows[-1].rate
    told = f"Of the last {now.denominator} decided: {rate_words(now.numerator, now.denominator, now.low, now.high)}"
    if len(windows) <= WINDOW or len(decided) < 2 * WINDOW:
        return f"{told}.{waiting}"
    before = windows[-1 - WINDOW].rate
    bounds = difference_bounds(before, now)
    real = bounds is not None and not bounds[0] <= 0 <= bounds[1]
    verdict = "the change is real" if real else "too little to tell a change"
    return f"{told}; {percent(before.value)} of the ten before them: {verdict}.{waiting}"
