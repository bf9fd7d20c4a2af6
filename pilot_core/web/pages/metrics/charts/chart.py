"""The parts of a chart on the metrics page."""

from collections.abc import Callable
from dataclasses import dataclass

from pilot_core.formatting import count
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.metrics_page import MetricsPage
from pilot_core.web.pages.metrics.filters import Asked
from pilot_core.web.pages.metrics.plot import Plot


def nothing(page: MetricsPage) -> str:
    """Return "", for charts without an addition."""
    return ""


@dataclass(frozen=True)
class Chart:
    """A chart: the question it answers, a sentence with its result, and its figure.

    ``addition`` follows that sentence on screen, for example when only some points are drawn. ``description`` precedes
    it in the text for people who cannot see the figure. ``draw`` returns None if there is too little to draw.
    ``details`` draws further content with the chart.
    """

    key: str
    question: str
    explanation: str
    description: str
    reading: Callable[[MetricsPage], str]
    draw: Callable[[MetricsPage], Plot | None]
    addition: Callable[[MetricsPage], str] = nothing
    details: Callable[[PilotStore, Asked, MetricsPage], None] | None = None


def limited_to(most: int, n: int, noun: str, which: str) -> str:
    """Return a sentence that only ``most`` of ``n`` are drawn, or "" if all of them are."""
    return f" The {most} of {count(n, noun)} {which} are drawn." if n > most else ""
