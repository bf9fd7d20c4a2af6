"""The frame rate that a video is conformed to: a standard one, found from the times of its pictures."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from statistics import median

NTSC = Fraction(1000, 1001)
WHOLE = tuple(Fraction(rate) for rate in (24, 25, 30, 50, 60))
STANDARD = tuple(sorted((*WHOLE, 24 * NTSC, 30 * NTSC, 60 * NTSC)))
"""The rates that editing programs and players know, in frames per second."""
FASTEST = STANDARD[-1]
USUAL = Fraction(30)
"""The rate of a video with a single picture."""
NEAR = 0.2  # share by which a spacing may differ from the median and still be the usual one
STEADY = 0.9  # a rate is constant if at least this share of the spacings is the usual one
CLOSE = 0.02  # share by which a measured rate may differ from a standard one and still be meant by it
EXACT = 0.002  # share by which a measured rate may miss a whole multiple or part of a standard one


@dataclass(frozen=True)
class Rate:
    """The rate that pictures are conformed to. ``measured`` is the rate they came at; None if that varies."""

    frames_per_second: Fraction
    measured: float | None


def rate_of(times: Sequence[float]) -> Rate:
    """Return the rate for pictures shown at these times, in seconds, ascending.

    A constant rate goes to the nearest standard one, found by the usual spacing, so that a lost picture changes
    nothing. A slower rate goes to the lowest one that shows each picture for the same number of frames, a faster one
    to the highest that shows every second, third… picture. A variable rate goes to the standard one that holds its
    densest second, at most 60.
    """
    spacings = [b - a for a, b in pairwise(times) if b > a]
    if not spacings:
        return Rate(USUAL, float(USUAL))
    middle = median(spacings)
    usual = [spacing for spacing in spacings if abs(spacing - middle) <= NEAR * middle]
    if len(usual) >= STEADY * len(spacings):
        measured = len(usual) / sum(usual)
        return Rate(_nearest(measured), measured)
    densest = _densest_second(times) * (1 - CLOSE)
    return Rate(next((rate for rate in WHOLE if rate >= densest), FASTEST), None)


def in_words(rate: Fraction | float) -> str:
    """Format a rate: "30 fps", "29.97 fps", "23.976 fps"."""
    text = f"{float(rate):.3f}" if abs(float(rate) - 23.976) < 0.0005 else f"{float(rate):.2f}"
    return f"{text.rstrip('0').rstrip('.')} fps"


def _nearest(measured: float) -> Fraction:
    nearest = min(STANDARD, key=lambda rate: abs(float(rate) - measured))
    if abs(float(nearest) - measured) <= CLOSE * measured or STANDARD[0] < measured < FASTEST:
        return nearest
    slower = measured < nearest
    fitting = []
    for rate in STANDARD:
        ratio = float(rate) / measured if slower else measured / float(rate)
        miss = abs(ratio - round(ratio)) / ratio
        if miss <= EXACT:
            fitting.append((round(ratio), miss, rate))
    return min(fitting)[2] if fitting else (nearest if slower else FASTEST)


def _densest_second(times: Sequence[float]) -> float:
    """Return the highest rate of pictures within any one second."""
    highest = 0.0
    for at, start in enumerate(times):
        last = bisect_left(times, start + 1 - 1e-6) - 1
        span = times[last] - start
        highest = max(highest, (last - at) / span if span > 0.5 else last - at + 1)
    return highest
