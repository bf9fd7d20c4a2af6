"""The metric dictionary: what each metric of a cohort holds. Missing is None, never 0; every rate has its n."""

from dataclasses import dataclass

from pilot_core.insight.stats import Rate
from pilot_core.insight.survival import TimeTo


@dataclass(frozen=True)
class Fates:
    """How the pilots of the cohort stand; every pilot is in exactly one count.

    ``closed`` pilots were completed without a decision; they and the externally dropped are neither decided nor open.
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
    """A quantity over ``n`` cases with a value, ``missing`` ones have none. None where n is 0."""

    n: int
    missing: int
    median: float | None
    p90: float | None
    mean: float | None


@dataclass(frozen=True)
class CostPerApproved:
    """What all decided pilots cost (dollars; None where no cost is known), and that by approved pilot."""

    value: float | None
    cost: float | None
    approved: int


@dataclass(frozen=True)
class Change:
    """Last against first reviewed attempt, over the pilots where both have the figure.

    ``median`` is of after minus before, or of after over before for times-to-first-cut.
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
    """Changes over the ``pilots`` with two reviewed attempts or more; flags counted once a pilot."""

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
    """Every metric of one cohort. Times-to-first-cut in seconds, time to approval in days, feedback latency in hours.

    ``approval_if_open_fail`` and ``approval_if_open_pass`` count every open pilot as failed, or as approved.
    """

    fates: Fates
    total_videos: int
    ttfc_first: Spread
    ttfc_attempt: Spread
    iterations_per_attempt: Spread
    attempts_to_approval: Spread
    approval_rate: Rate
    approval_if_open_fail: Rate
    approval_if_open_pass: Rate
    first_pass_rate: Rate
    review_approval_rate: Rate
    time_to_approval: TimeTo
    feedback_latency: TimeTo
    sla_final: Rate
    sla_all: Rate
    cost_per_approved: CostPerApproved
    reviewed_pilots: int
    improvement: Improvement


@dataclass(frozen=True)
class CoursePoint:
    """A metric over one week or month, named by its first day (ISO); ``n`` is what it stands on, None where n is 0."""

    period: str
    value: float | None
    n: int


FEWEST_PERIODS = 4
"""Under this many periods with a value there is no course to draw."""


@dataclass(frozen=True)
class Courses:
    """Sparklines: each metric's course, the oldest first, over the latest weeks or months with anything in them."""

    period: str
    by_metric: dict[str, tuple[CoursePoint, ...]]

    def drawable(self, metric: str) -> bool:
        """Whether the metric has enough periods to draw a line through."""
        known = [point for point in self.by_metric.get(metric, ()) if point.value is not None]
        return len(known) >= FEWEST_PERIODS
