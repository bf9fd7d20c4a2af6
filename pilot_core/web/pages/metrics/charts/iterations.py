"""The chart of the drafts of each attempt."""

from pilot_core.formatting import count
from pilot_core.store.queries.metrics_page import MetricsPage
from pilot_core.web.pages.metrics.charts.chart import Chart
from pilot_core.web.pages.metrics.charts.sequence import in_order, markers, pilot_of, point_title, second_line
from pilot_core.web.pages.metrics.plot import LINE, Plot, canvas, limit

CROWDED = 0.4
"""Lines closer than this have their labels on both sides."""


def draw(page: MetricsPage) -> Plot | None:
    """Draw the drafts of each attempt in order, with their median and mean."""
    found = page.iterations
    if not found.points:
        return None
    plot = Plot(canvas("Drafts"))
    figure = plot.figure
    signals = [
        "one of eight or more in a row on one side of the mean"
        if any(s.first <= at <= s.last for s in found.signals)
        else ""
        for at in range(len(found.points))
    ]
    figure.add_scatter(
        x=list(range(len(found.points))),
        y=[point.value for point in found.points],
        customdata=[
            plot.mark(pilot_of(point), point_title(point), count(point.value, "draft"), second_line(signal))
            for point, signal in zip(found.points, signals, strict=True)
        ],
        hovertemplate="%{customdata[1]}<br>%{customdata[2]}%{customdata[3]}<extra></extra>",
        mode="markers" if found.median is None else "lines+markers",
        line={"color": LINE, "width": 0.5},
        marker=markers(signals),
    )
    if found.median is not None and found.mean is not None:
        crowded = abs(found.mean - found.median) < CROWDED
        limit(figure, found.median, f"median {found.median:g}", below=crowded and found.mean >= found.median)
        limit(figure, found.mean, f"mean {found.mean:.1f}", below=crowded and found.mean < found.median)
    top = max((point.value for point in found.points), default=1)
    figure.update_yaxes(range=[0, top + 0.7], dtick=max(1, round(top / 6)))
    in_order(plot, [point.at for point in found.points])
    return plot


def _shown_of(page: MetricsPage) -> str:
    """Return how many attempts are drawn, or "" if all are or the chart's sentence says it."""
    shown, of = len(page.iterations.points), page.iterations.of
    return f" The latest {shown:,} of {count(of, 'attempt')}." if shown < of and page.iterations.median is None else ""


CHART = Chart(
    key="iterations",
    question="How many drafts does an attempt need?",
    explanation="Drafts rendered within each attempt, in order, with their median. Diamonds are a signal to look "
    "into: eight or more in a row on one side of the mean. It comes by chance too, and more often the "
    "more often you look.",
    description="Drafts of each attempt in order, with their median and mean.",
    reading=lambda page: page.iterations.reading,
    draw=draw,
    addition=_shown_of,
)
