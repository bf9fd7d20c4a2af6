"""The chart of the time to approval, open pilots included."""

from dataclasses import dataclass

from pilot_core.formatting import count
from pilot_core.insight.times_to import Curve
from pilot_core.insight.trends import FEWEST
from pilot_core.store.queries.drilldown import Selection
from pilot_core.store.queries.metrics_page import MetricsPage
from pilot_core.web.pages.metrics.charts.chart import Chart
from pilot_core.web.pages.metrics.plot import (
    BAND,
    SECOND_BAND,
    VERMILLION,
    Drilldown,
    Plot,
    band,
    canvas,
    series_colour,
)


@dataclass(frozen=True)
class Line:
    """The style of the curve for one kind of outcome. ``group`` names its pilots in a drill-down."""

    name: str
    group: str
    colour: str
    band: str
    dash: str


def draw(page: MetricsPage) -> Plot | None:
    """Draw the shares of all pilots approved, and ended without approval, by each day, with the numbers at risk."""
    found = page.incidence
    if found.n < FEWEST or not (found.n_approved or found.n_ended):
        return None
    plot = Plot(canvas("Share of all pilots", legend=True))
    figure = plot.figure
    end = max([time for time, _ in found.at_risk], default=1.0)
    end = max([end, *found.approved.times[-1:], *found.ended.times[-1:]])
    _curve(plot, found.approved, end, Line("Approved", "approved", series_colour(), BAND, "solid"))
    ended = Line("Ended without approval", "ended_without", VERMILLION, SECOND_BAND, "dash")
    _curve(plot, found.ended, end, ended)
    figure.update_yaxes(range=[-0.02, 1.04], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])
    figure.update_xaxes(
        range=[-0.01 * end, 1.03 * end],
        tickvals=[time for time, _ in found.at_risk],
        ticktext=[f"{time:g}<br>{n:,}" for time, n in found.at_risk],
        title="Days since created, pilots still open",
    )
    return plot


def _curve(plot: Plot, curve: Curve, end: float, line: Line) -> None:
    if not curve.times:
        return
    times, share = [0.0, *curve.times, end], [0.0, *curve.share, curve.share[-1]]
    known = [at for at, bound in enumerate(curve.low) if bound is not None and curve.high[at] is not None]
    if known:
        # The interval is not defined everywhere, such as at the last step; the band ends where it does.
        until = curve.times[known[-1] + 1] if known[-1] + 1 < len(curve.times) else end
        low, high = ([bounds[at] or 0.0 for at in known] for bounds in (curve.low, curve.high))
        steps = [*(curve.times[at] for at in known), until]
        band(plot.figure, steps, [*low, low[-1]], [*high, high[-1]], line.band, shape="hv")
    marks = []
    for time in times:
        within = count(time, "day")
        pilots = Drilldown(f"{line.name} within {within}", Selection(line.group, within_days=time))
        marks.append(plot.mark(pilots, line.name, within))
    plot.figure.add_scatter(
        x=times,
        y=share,
        customdata=marks,
        hovertemplate="%{customdata[1]} within %{customdata[2]}: %{y:.0%}<extra></extra>",
        mode="lines",
        name=line.name,
        line={"color": line.colour, "width": 2, "shape": "hv", "dash": line.dash},
    )


def _needed(page: MetricsPage) -> str:
    return "" if page.incidence.n >= FEWEST else f" Curves are drawn from {FEWEST} pilots."


CHART = Chart(
    key="incidence",
    question="How long does approval take, open pilots included?",
    explanation="The share of all pilots approved, and ended without approval, by each day since they were created "
    "(Aalen–Johansen, 95% bands). Open and paused pilots count for as long as they have been open.",
    description="Cumulative share of pilots approved and ended by day, with numbers at risk.",
    reading=lambda page: page.incidence.reading,
    draw=draw,
    addition=_needed,
)
