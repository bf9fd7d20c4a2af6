"""Parts of charts that show points side by side in the order of their dates."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pilot_core.formatting import day
from pilot_core.insight.trends import Point
from pilot_core.store.queries.drilldown import Selection
from pilot_core.web.pages.metrics.plot import VERMILLION, Drilldown, Plot, escaped, series_colour

MOST_TICKS = 5
ROOM = 0.25
"""The share of the width that is left free for the labels of lines."""


def markers(signals: Sequence[str]) -> dict[str, Any]:
    """Return the style of the points: those with a signal differ in colour, shape and size."""
    plain_colour = series_colour()
    return {
        "size": [10 if signal else 8 for signal in signals],
        "color": [VERMILLION if signal else plain_colour for signal in signals],
        "opacity": 1,
        "symbol": ["diamond" if signal else "circle" for signal in signals],
    }


def in_order(plot: Plot, times: Sequence[datetime | None]) -> None:
    """Lay out the x axis for points at 0, 1, 2…, labelling some of them with their day."""
    last = len(times) - 1
    places = sorted({round(last * tick / (MOST_TICKS - 1)) for tick in range(MOST_TICKS)}) if last >= 0 else []
    plot.figure.update_xaxes(
        range=[-0.6, max(last, 1) * (1 + ROOM) + 0.6],
        showgrid=False,
        tickvals=places,
        ticktext=[_short_day(times[place]) for place in places],
    )


def pilot_of(point: Point) -> Drilldown:
    """Return the pilot behind the point of one attempt."""
    return Drilldown(f"{point.company_name}, attempt {point.attempt_number}", Selection(pilot_ids=(point.pilot_id,)))


def point_title(point: Point) -> str:
    """Return the first line of a point's hover label."""
    return f"{escaped(point.company_name)}, attempt {point.attempt_number}, {day(point.at)}"


def second_line(text: str) -> str:
    """Return the text as another line of a hover label, or "" without a text."""
    return f"<br>{text}" if text else ""


def _short_day(at: datetime | None) -> str:
    return f"{at.day} {at:%b}<br>{at:%Y}" if at else "no date"
