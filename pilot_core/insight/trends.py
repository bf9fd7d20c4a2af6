"""Charts over time: times to first cut with process limits (XmR) on log values, and a run chart of drafts per attempt.

Each has its data and sentences on what it shows. Points are in order of time, oldest first.

A signal is a pattern that calls for a look at its cause. Stable processes show signals too, so each sentence says how
often that happens by chance at one look at a chart of that length. Looks after every pilot add up: see
``bench/signals.py`` for how often a stable process shows a signal at some look.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from statistics import median

import numpy as np

from pilot_core.formatting import count, percent, seconds
from pilot_core.insight.stats import Rate

LIMIT_FACTOR = 3.145  # 3 / 0.954: three sigma; the median moving range of two normal values is 0.954 sigma
FEWEST = 5  # with fewer points, no limits, median line or rate are drawn
TRIAL = 12  # with fewer points, limits are trial limits
RUN = 8
FLOOR = 0.1  # seconds; shorter times are drawn here and left out of the limits: on a log scale one 0.0 would rule them
MOST_NAMED = 3
OUTSIDE_BY_CHANCE = {5: 0.042, 6: 0.079, 8: 0.088, 12: 0.101, 20: 0.122, 30: 0.144, 50: 0.182, 75: 0.230, 100: 0.277}
"""The chance that some of n independent normal values lie outside their own limits, by n: ``bench/signals.py``."""


class SignalKind(StrEnum):
    """The rule by which points count as a signal."""

    OUTSIDE = "outside"
    ONE_SIDE = "one_side"


@dataclass(frozen=True)
class Signal:
    """A signal in points ``first`` to ``last`` (indexes, inclusive). ``side`` is 1 for above the mean, else -1."""

    kind: SignalKind
    side: int
    first: int
    last: int


@dataclass(frozen=True)
class Limits:
    """Natural process limits. ``mean`` (geometric for log charts), ``low`` and ``high`` are in the unit of the values.

    ``median_range`` is on the scale of the computation, which is logarithmic for log charts.
    """

    mean: float
    low: float
    high: float
    median_range: float
    trial: bool


@dataclass(frozen=True)
class Xmr:
    """The limits (None where none can be computed) and signals of a chart of individuals.

    ``above`` and ``below`` are how many values lie above and below the mean.
    """

    limits: Limits | None
    signals: tuple[Signal, ...]
    above: int = 0
    below: int = 0


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
    """Times to first cut of pilots' first attempts, in seconds. ``points`` are the latest of ``of`` pilots.

    Signals of ``xmr`` are indexes of ``points``. Times under ``FLOOR`` are in ``points`` and take no part in ``xmr``.
    """

    points: tuple[Point, ...]
    of: int
    target: float
    xmr: Xmr
    reading: str


@dataclass(frozen=True)
class RunChart:
    """Drafts per attempt, for the latest of ``of`` attempts, with median and mean (None under five) and signals."""

    points: tuple[Point, ...]
    of: int
    median: float | None
    mean: float | None
    signals: tuple[Signal, ...]
    reading: str


def xmr(values: Sequence[float], *, log: bool = False) -> Xmr:
    """Return the natural process limits, mean ± 3.145 × the median moving range, and the signals.

    There are neither under five values, nor where the median moving range is 0, as it is when most values equal the one
    before. With ``log``, values must be positive; limits are computed on natural logarithms and converted back. The
    median moving range, unlike the mean, is not widened by a few extreme values. Factor: D. J. Wheeler, "Advanced
    Topics in Statistical Process Control" (1995), chapter 3.
    """
    scaled = [math.log(value) for value in values] if log else list(values)
    if len(scaled) < FEWEST:
        return Xmr(None, ())
    mean = math.fsum(scaled) / len(scaled)
    median_range = median(abs(after - before) for before, after in pairwise(scaled))
    if not median_range:
        return Xmr(None, ())
    reach = LIMIT_FACTOR * median_range
    low, middle, high = (math.exp(v) if log else v for v in (mean - reach, mean, mean + reach))
    sides = [_sign(value - mean) for value in scaled]
    outside = [
        Signal(SignalKind.OUTSIDE, sides[place], place, place)
        for place, value in enumerate(scaled)
        if abs(value - mean) > reach
    ]
    signals = sorted([*outside, *runs_in(sides)], key=lambda signal: (signal.first, signal.last))
    limits = Limits(middle, low, high, median_range, trial=len(scaled) < TRIAL)
    return Xmr(limits, tuple(signals), sides.count(1), sides.count(-1))


def first_cuts(points: Sequence[Point], of: int, target: float) -> FirstCuts:
    """Return the chart of times to first cut of first attempts, compared with ``target`` seconds."""
    counted = [place for place, point in enumerate(points) if point.value >= FLOOR]
    chart = xmr([points[place].value for place in counted], log=True)
    signals = tuple(replace(s, first=counted[s.first], last=counted[s.last]) for s in chart.signals)
    reading = _first_cuts_reading(chart, signals, points, of, target)
    return FirstCuts(tuple(points), of, target, replace(chart, signals=signals), reading)


def run_chart(points: Sequence[Point], of: int) -> RunChart:
    """Return the chart of drafts per attempt. A signal is eight or more attempts in a row on one side of the mean."""
    values = [point.value for point in points]
    if len(values) < FEWEST:
        return RunChart(tuple(points), of, None, None, (), _few_drafts(values))
    middle, mean = median(values), math.fsum(values) / len(values)
    sides = [_sign(value - mean) for value in values]
    signals = tuple(runs_in(sides))
    once = sum(value <= 1 for value in values)
    told = (
        f"Median {count(middle, 'draft')}, mean {mean:.1f}. {once:,} of {_latest(len(values), of, 'attempt')} needed "
        f"no second draft."
    )
    if signals:
        more = "more drafts" if signals[-1].side > 0 else "fewer drafts"
        chance = chance_of_run(len(values), sides.count(1), sides.count(-1))
        told += (
            f" {_run_words(signals[-1], len(values), f'needed {more} than the mean')} {_by_chance(chance, len(values))}"
        )
    else:
        told += f" No signal: no {RUN} in a row on one side of the mean."
    return RunChart(tuple(points), of, middle, mean, signals, told)


def chance_outside(n: int) -> float:
    """Return the chance that a look at ``n`` points of a stable, log-normal process finds one outside the limits.

    Interpolated from ``OUTSIDE_BY_CHANCE`` over log n, and held constant beyond its ends.
    """
    known = sorted(OUTSIDE_BY_CHANCE)
    if n <= known[0] or n >= known[-1]:
        return OUTSIDE_BY_CHANCE[known[0] if n <= known[0] else known[-1]]
    low, high = next((a, b) for a, b in pairwise(known) if a <= n <= b)
    share = math.log(n / low) / math.log(high / low)
    return OUTSIDE_BY_CHANCE[low] + share * (OUTSIDE_BY_CHANCE[high] - OUTSIDE_BY_CHANCE[low])


def chance_of_run(n: int, above: int, below: int) -> float:
    """Return the chance of ``RUN`` or more in a row on one side, among all orders of the same ``n`` points.

    ``above`` and ``below`` of them lie on either side of the mean, the rest on it. In a stable process every order is
    equally likely, whatever the distribution, and the mean is that of the points themselves. Exact, by dynamic
    programming over how many of each side have come and the length of the run at the end.
    """
    over, under = np.indices((above + 1, below + 1))
    up, down = np.zeros((2, RUN, above + 1, below + 1))  # no run of RUN so far, and one of that length at the end
    on_mean = np.zeros((above + 1, below + 1))
    on_mean[0, 0], seen = 1.0, 0.0
    for place in range(n):
        left = n - place
        to_up, to_down = (above - over) / left, (below - under) / left
        to_mean = (n - above - below - (place - over - under)) / left
        all_up, all_down = up.sum(axis=0), down.sum(axis=0)
        seen += float((up[-1] * to_up + down[-1] * to_down).sum())
        next_up, next_down = np.zeros_like(up), np.zeros_like(down)
        next_up[1, 1:] = ((on_mean + all_down) * to_up)[:-1]
        next_up[2:, 1:] = (up[1:-1] * to_up)[:, :-1]
        next_down[1, :, 1:] = ((on_mean + all_up) * to_down)[:, :-1]
        next_down[2:, :, 1:] = (down[1:-1] * to_down)[:, :, :-1]
        on_mean = (on_mean + all_up + all_down) * to_mean
        up, down = next_up, next_down
    return seen


def runs_in(sides: Sequence[int]) -> list[Signal]:
    """Return a signal for each run of at least ``RUN`` consecutive points on the same side. 0 is on neither side."""
    found, first = [], 0
    for place in range(1, len(sides) + 1):
        if place == len(sides) or sides[place] != sides[first]:
            if sides[first] and place - first >= RUN:
                found.append(Signal(SignalKind.ONE_SIDE, sides[first], first, place - 1))
            first = place
    return found


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


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _first_cuts_reading(chart: Xmr, signals: Sequence[Signal], points: Sequence[Point], of: int, target: float) -> str:
    if not points:
        return "No first cut has been timed yet."
    n, over = len(points), sum(point.value > target for point in points)
    floored = [point for point in points if point.value < FLOOR]
    limits = chart.limits
    compared = f"{over:,} of {count(n, 'first cut')} took over {seconds(target)}"
    if limits:
        span = f"{seconds(limits.low).removesuffix(' s')}–{seconds(limits.high)}"
        trial = f", on trial until there are {TRIAL} points" if limits.trial else ""
        told = f"{_signal_words(chart, signals, points, n - len(floored))} {compared}. Limits: {span}{trial}."
    elif n - len(floored) < FEWEST:
        told = f"{compared}. Limits are drawn from {FEWEST} points."
    else:
        told = f"{compared}. There are no limits, because most times equal the one before."
    if floored:
        verb = "is" if len(floored) == 1 else "are"
        told += (
            f" {count(len(floored), 'time')} under {FLOOR:g} s ({_names(floored)}) {verb} drawn at the bottom and left "
            "out of the limits."
        )
    return f"{told} The latest {n:,} of {of:,} pilots." if n < of else told


def _signal_words(chart: Xmr, signals: Sequence[Signal], points: Sequence[Point], n: int) -> str:
    """Return the signals among ``n`` points, each kind with how often it comes by chance."""
    outside = [signal for signal in signals if signal.kind is SignalKind.OUTSIDE]
    runs = [signal for signal in signals if signal.kind is SignalKind.ONE_SIDE]
    told = []
    if outside:
        verb = "is" if len(outside) == 1 else "are"
        names = _names([points[signal.first] for signal in outside])
        told += [
            f"{count(len(outside), 'point')} {verb} outside the limits ({names}).",
            _by_chance(chance_outside(n), n),
        ]
    if runs:
        slower = "slower" if runs[-1].side > 0 else "faster"
        skipped = sum(point.value < FLOOR for point in points[runs[-1].first : runs[-1].last + 1])
        told += [
            _run_words(runs[-1], len(points), f"are {slower} than the mean", skipped),
            _by_chance(chance_of_run(n, chart.above, chart.below), n),
        ]
    return " ".join(told) or f"No signal: no point outside the limits, no {RUN} in a row on one side of the mean."


def _run_words(run: Signal, n: int, what: str, skipped: int = 0) -> str:
    """Return a run among ``n`` points in words; ``skipped`` of its points are not counted."""
    length = run.last - run.first + 1 - skipped
    which = f"The last {length}" if run.last == n - 1 else f"{length} in a row"
    return f"{which} {what}."


def _by_chance(chance: float, n: int) -> str:
    often = "Under 1%" if chance < 0.01 else "Over 99%" if chance > 0.99 else f"About {percent(chance)}"
    return f"{often} of looks at {n:,} points of a stable process show such a signal by chance."


def _names(points: Sequence[Point]) -> str:
    """Return the companies of the points, the latest first; at most ``MOST_NAMED``."""
    names = list(dict.fromkeys(point.company_name for point in reversed(points)))
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _few_drafts(values: list[float]) -> str:
    if not values:
        return "No attempt with a known number of drafts yet."
    told = ", ".join(f"{value:g}" for value in values)
    noun = "draft" if told == "1" else "drafts"
    return f"{count(len(values), 'attempt')} with {told} {noun}. A median is drawn from {FEWEST} attempts."


def _latest(shown: int, of: int, noun: str) -> str:
    return count(of, noun) if shown == of else f"the latest {shown:,} of {count(of, noun)}"
