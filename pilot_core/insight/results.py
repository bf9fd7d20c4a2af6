"""The metrics of a cohort. Missing values are None, never 0, and every rate has its n."""

from dataclasses import dataclass

from pilot_core.insight.stats import Rate
from pilot_core.insight.times_to import TimeTo


@dataclass(frozen=True)
class OutcomeCounts:
    """The number of pilots with each outcome. Every pilot is in exactly one count.

    ``closed`` pilots were completed without a decision. They and ``dropped_external`` are neither decided nor open.
    """

    approved: int
    dropped: int
    exhausted: int
    dropped_external: int
    closed: int
    paused: int
    open: int

    @property
    def pilots(self) -> int:
        return self.decided + self.dropped_external + self.closed + self.still_open

    @property
    def decided(self) -> int:
        return self.approved + self.dropped + self.exhausted

    @property
    def still_open(self) -> int:
        return self.open + self.paused


@dataclass(frozen=True)
class Spread:
    """The median, 90th percentile and mean over ``n`` cases; None if n is 0. ``missing`` cases have no value."""

    n: int
    missing: int
    median: float | None
    p90: float | None
    mean: float | None


@dataclass(frozen=True)
class CostPerApproved:
    """The total cost of the decided pilots (``cost``, dollars; None if unknown), and per approved pilot (``value``).

    ``known`` of the ``decided`` pilots have a cost for every attempt; what is unknown of the others is left out.
    """

    value: float | None
    cost: float | None
    approved: int
    known: int
    decided: int


@dataclass(frozen=True)
class WaitsLeftOut:
    """The reviewed attempts that feedback latency leaves out.

    ``before_start`` have feedback dated before the video was sent or ready, ``without_time`` lack one of the times.
    """

    before_start: int
    without_time: int


@dataclass(frozen=True)
class Change:
    """The change from the first to the last reviewed attempt, over the pilots where both have the figure.

    ``median`` is of last minus first, or of last over first for times to first cut.
    """

    better: int
    same: int
    worse: int
    median: float | None

    @property
    def n(self) -> int:
        return self.better + self.same + self.worse


@dataclass(frozen=True)
class Improvement:
    """The changes over the ``pilots`` with at least two reviewed attempts. Each flag counts once per pilot."""

    pilots: int
    decision: Change
    ttfc: Change
    iterations: Change
    cost: Change
    flags_resolved: int
    flags_persistent: int
    flags_new: int


@dataclass(frozen=True)
class Measures:
    """Every metric of one cohort. Times to first cut in seconds, time to approval in days, feedback latency in hours.

    ``learning_rate`` is the share of ended pilots with a usable answer: approved, or with reasons and flags on record.
    ``approval_if_open_fail`` and ``approval_if_open_pass`` count all open pilots as failed, or all as approved.
    """

    outcomes: OutcomeCounts
    total_videos: int
    ttfc_first: Spread
    ttfc_attempt: Spread
    iterations_per_attempt: Spread
    attempts_to_approval: Spread
    approval_rate: Rate
    approval_if_open_fail: Rate
    approval_if_open_pass: Rate
    learning_rate: Rate
    first_pass_rate: Rate
    review_approval_rate: Rate
    time_to_approval: TimeTo
    feedback_latency: TimeTo
    latency_left_out: WaitsLeftOut
    sla_final: Rate
    sla_all: Rate
    cost_per_approved: CostPerApproved
    reviewed_pilots: int
    improvement: Improvement


@dataclass(frozen=True)
class SparklinePoint:
    """A metric for one week or month. ``period`` is its first day (ISO), ``n`` the number of cases.

    ``value`` is None if n is 0.
    """

    period: str
    value: float | None
    n: int


FEWEST_PERIODS = 4
"""A sparkline is drawn only from this many periods with a value."""


@dataclass(frozen=True)
class Sparklines:
    """The points of each metric, oldest first, for the latest weeks or months that have data."""

    period: str
    by_metric: dict[str, tuple[SparklinePoint, ...]]

    def drawable(self, metric: str) -> bool:
        """Return whether the metric has enough periods with a value to draw a line."""
        known = [point for point in self.by_metric.get(metric, ()) if point.value is not None]
        return len(known) >= FEWEST_PERIODS
