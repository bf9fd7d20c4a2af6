"""The chart of approval by segment."""

from pilot_core.formatting import count, percent
from pilot_core.insight.breakdowns import Forest, Segment
from pilot_core.insight.rules import current_programme_rules
from pilot_core.store.queries.drilldown import Selection
from pilot_core.store.queries.metrics_page import MetricsPage
from pilot_core.web.components import badges
from pilot_core.web.components.numbers import rate_with_n
from pilot_core.web.pages.metrics.charts.chart import Chart, limited_to
from pilot_core.web.pages.metrics.plot import Drilldown, Plot, canvas, escaped, vertical

MOST_SEGMENTS = 30


def draw(page: MetricsPage) -> Plot | None:
    """Draw the approval of each segment with its interval, in the colour and shape of its badge."""
    if not page.forest.segments:
        return None
    segments = shown_segments(page.forest)[::-1]
    plot = Plot(canvas("", "Approved of decided", height=max(200, 96 + 34 * len(segments))))
    figure = plot.figure
    places = {id(segment): place for place, segment in enumerate(segments)}
    for mark in badges.MARKS:
        enough = [s for s in segments if not s.plain_counts and badges.mark(s.result.label) == mark]
        if not enough:
            continue
        rates = [segment.result.rate for segment in enough]
        figure.add_scatter(
            x=[rate.value for rate in rates],
            y=[places[id(segment)] for segment in enough],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [(rate.high or 0.0) - (rate.value or 0.0) for rate in rates],
                "arrayminus": [(rate.value or 0.0) - (rate.low or 0.0) for rate in rates],
                "thickness": 1.5,
                "width": 4,
                "color": mark.hex,
            },
            customdata=[plot.mark(_segment(segment), *_hover(segment)) for segment in enough],
            hovertemplate="%{customdata[1]}<br>%{customdata[2]}<br>%{customdata[3]}<extra></extra>",
            mode="markers",
            marker={"symbol": mark.symbol, "size": 12, "color": mark.hex, "line": {"width": 2, "color": mark.hex}},
        )
    few = [segment for segment in segments if segment.plain_counts]
    figure.add_scatter(
        x=[0.0] * len(few),
        y=[places[id(segment)] for segment in few],
        text=[f"{s.result.n_approved} of {s.result.n_decided} approved" for s in few],
        textposition="middle right",
        customdata=[plot.mark(_segment(segment), *_hover(segment)) for segment in few],
        hovertemplate="%{customdata[1]}<br>%{customdata[2]}<br>%{customdata[3]}<extra></extra>",
        mode="text",
    )
    figure.update_xaxes(range=[-0.03, 1.03])
    if len(few) < len(segments):
        rules = current_programme_rules()
        vertical(figure, rules.proceed_rate, f"PROCEED {percent(rules.proceed_rate)}", "left")
        vertical(figure, rules.stop_rate, f"STOP {percent(rules.stop_rate)}", "right")
        figure.update_layout(margin_t=28)
        figure.update_xaxes(tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])
    else:  # Plain counts have no place on an axis.
        figure.update_xaxes(visible=False)
    figure.update_yaxes(
        tickvals=list(places.values()),
        ticktext=[_row_label(segment) for segment in segments],
        range=[-0.7, len(segments) - 0.3],
        showgrid=False,
        automargin=True,
    )
    return plot


def shown_segments(found: Forest) -> list[Segment]:
    """Return the segments to show, in order: all, or the ``MOST_SEGMENTS`` with the most decided pilots."""
    if len(found.segments) <= MOST_SEGMENTS:
        return list(found.segments)
    most = sorted(found.segments, key=lambda s: (-s.result.n_decided, -s.pilots))[:MOST_SEGMENTS]
    return [segment for segment in found.segments if segment in most]


def _segment(segment: Segment) -> Drilldown:
    return Drilldown(segment.label, Selection(scenario=segment.scenario, brand=segment.brand))


def _hover(segment: Segment) -> tuple[str, str, str]:
    result = segment.result
    rate = (
        f"{result.n_approved} of {count(result.n_decided, 'decided pilot')} approved"
        if segment.plain_counts
        else rate_with_n(result.rate)
    )
    badge = f"{badges.mark(result.label).label}: {result.words}"
    return escaped(segment.label), f"{rate}, {count(result.n_open, 'pilot')} open", badge


def _row_label(segment: Segment) -> str:
    """Return the segment with its n, on two lines, so that a phone has room for the plot."""
    scenario, _, brand = escaped(segment.label).partition(" × ")
    return f"{scenario}<br>{brand}, n = {segment.result.n_decided:,}"


CHART = Chart(
    key="forest",
    question="Which segments work?",
    explanation="Approved of decided for each scenario and brand, with the 95% Wilson interval, in the shape and "
    "colour of the segment’s badge. Under five decided pilots there are only "
    "the counts, without a mark.",
    description="Approval of each segment with its 95% interval and badge.",
    reading=lambda page: page.forest.reading,
    draw=draw,
    addition=lambda page: limited_to(MOST_SEGMENTS, len(page.forest.segments), "segment", "with most decided pilots"),
)
