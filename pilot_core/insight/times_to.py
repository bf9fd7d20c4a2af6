"""The results of ``insight.survival``: times to an event that some pilots have not reached yet."""

from dataclasses import dataclass
from math import ceil

ROUNDING = 1e-6
"""Days: a time that is over a whole day by less is that day."""
CENSORED, APPROVED, ENDED = 0, 1, 2
"""The state of a pilot at its recorded time: still open, approved, or ended without approval."""


def day_of(days: float) -> int:
    """Return the day by which a time is over, from 1: what takes 4.2 days is not there on day 4, but on day 5."""
    return max(1, ceil(days - ROUNDING))


@dataclass(frozen=True)
class Curve:
    """A step function: the ``share`` (0 to 1) from each time on, with 95% bounds, which are None where undefined."""

    times: tuple[float, ...]
    share: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


NO_CURVE = Curve((), (), (), ())


@dataclass(frozen=True)
class TimeTo:
    """The median time to an event. ``events`` of the ``n`` cases had it; the others are censored or ended otherwise.

    ``median`` is the time by which half of all cases had the event, with 95% bounds. Each is None if not reached.
    """

    n: int
    events: int
    median: float | None
    low: float | None
    high: float | None

    @property
    def without(self) -> int:
        """The cases without the event."""
        return self.n - self.events


@dataclass(frozen=True)
class Incidence:
    """The share of all pilots that were approved, or ended without approval, by each day since their creation.

    ``at_risk`` holds (day, number of pilots still open and observed). Both shares and the share still open sum to 1.
    """

    n: int
    n_approved: int
    n_ended: int
    n_open: int
    approved: Curve
    ended: Curve
    at_risk: tuple[tuple[float, int], ...]
    time_to_approval: TimeTo
    reading: str
