"""The chart of the time to first cut, against the limit of the SLA."""

from math import log10

from pilot_core.formatting import seconds
from pilot_core.insight.trends import SHORTEST, SignalKind
from pilot_core.store.queries.metrics_page import MetricsPage
from pilot_core.web.pages.metrics.charts.chart import Chart
from pilot_core.web.pages.metrics.charts.sequence import ROOM, in_order, markers, pilot_of, point_title, second_line
from pilot_core.web.pages.metrics.plot import Plot, band, canvas, limit, target

LOG_TICKS = [base * 10**power for power in range(-1, 6) for base in (1, 2, 5)]
SIGNALS = {
    SignalKind.OUTSIDE: "outside the limits",
    SignalKind.ONE_SIDE: "one of seven or more on one side",
    SignalKind.TREND: "one of seven or more that rise or fall",
    SignalKind.NEAR_LIMIT: "one of two in three near a limit",
}


def draw(page: MetricsPage) -> Plot | None:
    """Draw each pilot's first time to first cut in order, on a log scale, with process limits and the SLA's limit."""
    found = page.first_cuts
    if not found.points:
        return None
    plot = Plot(canvas("Seconds, log scale"))
    figure, limits = plot.figure, found.xmr.limits
    values = [max(value, SHORTEST) for value in found.xmr.values]
    shown = [found.target, *values]
    if limits:
        shown += [limits.low, limits.high]
        word = "trial limit" if limits.trial else "limit"
        band(figure, [-0.6, max(len(values) - 1, 1) * (1 + ROOM) + 0.6], [limits.low] * 2, [limits.high] * 2)
        limit(figure, limits.mean, f"mean {seconds(limits.mean)}", at=log10(limits.mean))
        limit(figure, limits.high, f"{word} {seconds(limits.high)}", at=log10(limits.high))
        limit(figure, limits.low, f"{word} {seconds(limits.low)}", at=log10(limits.low))
    signals = [
        "; ".join(SIGNALS[s.kind] for s in found.xmr.signals if s.first <= place <= s.last)
        for place in range(len(values))
    ]
    figure.add_scatter(
        x=list(range(len(values))),
        y=values,
        customdata=[
            plot.mark(pilot_of(point), point_title(point), seconds(point.value), second_line(signal))
            for point, signal in zip(found.points, signals, strict=True)
        ],
        hovertemplate="%{customdata[1]}<br>%{customdata[2]}%{customdata[3]}<extra></extra>",
        mode="markers",
        marker=markers(signals),
    )
    # On a log axis Plotly takes plain values for lines, but logarithms for annotations and ranges.
    crowded = limits is not None and found.target < limits.high < 1.5 * found.target
    target(figure, found.target, f"promised: {seconds(found.target)}", at=log10(found.target), below=crowded)
    figure.update_yaxes(type="log", tickformat="~g", tickvals=LOG_TICKS)
    figure.update_yaxes(range=[log10(min(shown)) - 0.12, log10(max(shown)) + 0.16])
    in_order(plot, [point.at for point in found.points])
    return plot


CHART = Chart(
    key="first_cuts",
    question="Do first cuts come as fast as promised?",
    explanation="Time-to-first-cut of each pilot’s first attempt, in order. The band is where ups and downs are noise: "
    "2.66 × the mean moving range about the mean, on logarithms. Diamonds are signals that something changed: "
    "a point outside the band, seven on one side of the mean, seven that rise or fall, two of three near a "
    "limit.",
    description="Time-to-first-cut of each pilot in order, with limits and the promise.",
    reading=lambda page: page.first_cuts.reading,
    draw=draw,
)
