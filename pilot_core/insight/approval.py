"""Approval over time: disjoint blocks of ten decided pilots, and a Bernoulli CUSUM that watches for a fall.

Rolling windows share most of their pilots, so a constant rate leaves the band of some window in most histories.
Disjoint blocks do not, and the CUSUM's false alarms have a known rate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from math import log
from typing import Any

import numpy as np

from pilot_core.formatting import count, day, percent
from pilot_core.formatting import rate as rate_words
from pilot_core.insight.stats import Rate, rate
from pilot_core.insight.trends import FEWEST

BLOCK = 10
RUN_LENGTH = 200
"""Pilots until a false alarm, on average, at least."""
FINEST = 10
"""The largest denominator of the step by which the CUSUM goes up or down."""


@dataclass(frozen=True)
class DecidedPoint:
    """One decided pilot."""

    pilot_id: str
    company_name: str
    at: datetime
    approved: bool


@dataclass(frozen=True)
class History:
    """Every decided pilot in order: whether it is approved, and when it was decided, in seconds since 1970 (UTC)."""

    approved: Sequence[bool]
    seconds: Sequence[float]


@dataclass(frozen=True)
class Block:
    """Approval among ten consecutive decided pilots, dated by the last one. Only the latest block may hold fewer."""

    first: datetime
    last: datetime
    rate: Rate
    pilot_ids: tuple[str, ...]

    @property
    def full(self) -> bool:
        return self.rate.denominator == BLOCK


@dataclass(frozen=True)
class Cusum:
    """The steps of a CUSUM for a fall from ``good`` to ``bad`` approval, in whole numbers.

    A pilot that is not approved adds ``up``, an approved one takes away ``down``, never below 0. From ``limit`` on it
    alarms. While the rate is ``good``, that happens once in ``run_length`` pilots on average.
    """

    good: float
    bad: float
    up: int
    down: int
    limit: int
    run_length: float


@dataclass(frozen=True)
class Fall:
    """A fall that the CUSUM shows: the index of the decided pilot with which its rise from 0 began, and when."""

    since: int
    at: datetime


@dataclass(frozen=True)
class Approval:
    """The latest blocks of all ``of`` decided pilots, in order of their decisions.

    ``before`` is how many of them were decided before the first block. ``fall`` is None without an alarm.
    """

    blocks: tuple[Block, ...]
    of: int
    before: int
    cusum: Cusum
    fall: Fall | None
    reading: str


@cache
def cusum_for(good: float, bad: float) -> Cusum:
    """Return the CUSUM with the lowest limit whose run length is at least ``RUN_LENGTH`` pilots.

    Steps are log-likelihood ratios, rounded to whole multiples of one size. Method: M. R. Reynolds and Z. G. Stoumbos,
    "A CUSUM chart for monitoring a proportion when inspecting continuously", Journal of Quality Technology 31 (1999)
    87–108. The run length is exact, from a Markov chain: D. Brook and D. A. Evans, "An approach to the probability
    distribution of CUSUM run length", Biometrika 59 (1972) 539–549.
    """
    against, favour = log((1 - bad) / (1 - good)), log(good / bad)
    share = Fraction(favour / (against + favour)).limit_denominator(FINEST)
    down, up = share.numerator, share.denominator - share.numerator
    limit = 1
    while run_length(good, up, down, limit) < RUN_LENGTH:
        limit += 1
    return Cusum(good, bad, up, down, limit, run_length(good, up, down, limit))


def run_length(approval: float, up: int, down: int, limit: int) -> float:
    """Return how many pilots pass, on average, until a CUSUM that begins at 0 reaches ``limit``."""
    stays: Any = np.zeros((limit, limit))
    for level in range(limit):
        stays[level, max(0, level - down)] += approval
        if level + up < limit:
            stays[level, level + up] += 1 - approval
    return float(np.linalg.solve(np.eye(limit) - stays, np.ones(limit))[0])


def fall_in(approved: Sequence[bool], cusum: Cusum) -> int | None:
    """Return the index of the pilot with which the present fall began, or None if there is no sign of one.

    An alarm lasts until the CUSUM is back at 0. Its fall began with the rise from 0 that led to it.
    """
    walk = np.cumsum(np.where(np.asarray(approved, dtype=bool), -cusum.down, cusum.up))
    levels = walk - np.minimum(np.minimum.accumulate(walk), 0)  # reflected at 0
    began = int(np.max(np.flatnonzero(levels == 0), initial=-1)) + 1
    return began if np.any(levels[began:] >= cusum.limit) else None


def approval_chart(decided: Sequence[DecidedPoint], history: History, still_open: int, cusum: Cusum) -> Approval:
    """Return the chart. ``history`` has all decided pilots, ``decided`` the latest of them."""
    of = len(history.approved)
    # Blocks are counted from the first decided pilot, so that a full block never changes.
    skipped = -(of - len(decided)) % BLOCK
    drawn = decided[skipped:] if of >= FEWEST else []
    blocks = tuple(_block(drawn[at : at + BLOCK]) for at in range(0, len(drawn), BLOCK))
    began = fall_in(history.approved, cusum)
    fall = None if began is None else Fall(began, datetime.fromtimestamp(history.seconds[began], UTC))
    reading = _reading(history, blocks, cusum, fall)
    waiting = f" {count(still_open, 'pilot')} still open." if still_open else ""
    return Approval(blocks, of, of - len(drawn), cusum, fall, reading + waiting)


def _block(pilots: Sequence[DecidedPoint]) -> Block:
    approved = sum(pilot.approved for pilot in pilots)
    ids = tuple(pilot.pilot_id for pilot in pilots)
    return Block(pilots[0].at, pilots[-1].at, rate(approved, len(pilots)), ids)


def _reading(history: History, blocks: Sequence[Block], cusum: Cusum, fall: Fall | None) -> str:
    if not blocks:
        approved, of = sum(history.approved), len(history.approved)
        return f"{approved:,} of {count(of, 'decided pilot')} approved. A rate is drawn from {FEWEST}."
    now = blocks[-1].rate
    k, n = now.numerator, now.denominator
    latest = f"The latest block: {rate_words(k, n, now.low, now.high)}{'' if blocks[-1].full else ', not full yet'}."
    good = percent(cusum.good)
    if fall is None:
        return f"No sign of a fall from {good} to {percent(cusum.bad)}. {latest}"
    if fall.since:
        told = f"A fall since {day(fall.at)}"
    else:
        told = f"Approval under {good} since the first decided pilot, {day(fall.at)}"
    often = f"{float(f'{cusum.run_length:.1g}'):,.0f}"
    chance = f"such an alarm comes by chance about once in {often} pilots while {good} are approved"
    return f"{told}: {chance}. {latest}"
