"""The chart of the time to first cut, against the limit of the SLA."""

from math import log10

from pilot_core.formatting import seconds
from pilot_core.insight.trends import FLOOR, SignalKind
from pilot_core.store.queries.metrics_page import MetricsPage
from pilot_core.web.pages.metrics.charts.chart import Chart
from pilot_core.web.pages.metrics.charts.sequence import ROOM, in_order, markers, pilot_of, point_title, second_line
from pilot_core.web.pages.metrics.plot import Plot, band, canvas, limit, target

LOG_TICKS = [base * 10**power for power in range(-1, 6) for base in (1, 2, 5)]
SIGNALS = {
    SignalKind.OUTSIDE: "outside the limits",
    SignalKind.ONE_SIDE: "one of eight or more in a row on one side of the mean",
}
AT_FLOOR = f"drawn at {FLOOR:g} s, left out of the limits"


def draw(page: MetricsPage) -> Plot | None:
    """Draw each pilot's first time to first cut in order, on a log scale, with process limits and the SLA's limit."""
    found = page.first_cuts
    if not found.points:
        return None
    plot = Plot(canvas("Seconds, log scale"))
    figure, limits = plot.figure, found.xmr.limits
    values = [max(point.value, FLOOR) for point in found.points]
    shown = [found.target, *values]
    if limits:
        shown += [limits.low, limits.high]
        word = "trial limit" if limits.trial else "limit"
        band(figure, [-0.6, max(len(values) - 1, 1) * (1 + ROOM) + 0.6], [limits.low] * 2, [limits.high] * 2)
        limit(figure, limits.mean, f"mean {seconds(limits.mean)}", at=log10(limits.mean))
        limit(figure, limits.high, f"{word} {seconds(limits.high)}", at=log10(limits.high))
        limit(figure, limits.low, f"{word} {seconds(limits.low)}", at=log10(limits.low))
    signals = [
        "; ".join(SIGNALS[s.kind] for s in found.xmr.signals if s.first <= place <= s.last and point.value >= FLOOR)
        for place, point in enumerate(found.points)
    ]
    notes = [AT_FLOOR if point.value < FLOOR else note for point, note in zip(found.points, signals, strict=True)]
    figure.add_scatter(
        x=list(range(len(values))),
        y=values,
        customdata=[
            plot.mark(pilot_of(point), point_title(point), seconds(point.value), second_line(note))
            for point, note in zip(found.points, notes, strict=True)
        ],
        hovertemplate="%{customdata[1]}<br>%{customdata[2]}%{customdata[3]}<extra></extra>",
        mode="markers",
        marker=markers(signals),
    )
    # On a log axis Plotly takes plain values for lines, but logarithms for annotations and ranges.
    crowded = limits is not None and found.target < limits.high < 1.5 * found.target
    target(figure, found.target, f"target {seconds(found.target)}", at=log10(found.target), below=crowded)
    figure.update_yaxes(type="log", tickformat="~g", tickvals=LOG_TICKS)
    figure.update_yaxes(range=[log10(min(shown)) - 0.12, log10(max(shown)) + 0.16])
    in_order(plot, [point.at for point in found.points])
    return plot


CHART = Chart(
    key="first_cuts",
    question="How long do first cuts take?",
    explanation="Time to first cut of each pilot’s first attempt, in order, on a log scale. Limits: mean of the "
    "logarithms ± 3.145 × their median moving range. Diamonds are signals to look into: a point outside "
    "the limits, or eight in a row on one side of the mean. Signals come by chance too: with a look "
    "after every pilot, about half of all stable processes show one within 50 pilots.",
    description="Time to first cut of each pilot in order, with limits and the target.",
    reading=lambda page: page.first_cuts.reading,
    draw=draw,
)
