"""The chart of approval over time, in blocks of ten decided pilots."""

from collections.abc import Sequence

from pilot_core.formatting import count, day, percent
from pilot_core.insight.approval import BLOCK, Block
from pilot_core.insight.rules import current_programme_rules
from pilot_core.store.queries.drilldown import Selection
from pilot_core.store.queries.metrics_page import MetricsPage
from pilot_core.web.components.numbers import rate_with_n
from pilot_core.web.pages.metrics.charts.chart import Chart
from pilot_core.web.pages.metrics.charts.sequence import in_order
from pilot_core.web.pages.metrics.plot import LINE, Drilldown, Plot, canvas, series_colour, target, vertical

LEFT_ROOM, RIGHT_ROOM, OPEN_AT = 1.2, 1.3, 0.8
"""The space beside the blocks, in blocks, for the labels of lines and for the bar of the open pilots, and its place."""


def draw(page: MetricsPage) -> Plot | None:
    """Draw each block's approval with its 95% interval, the start of a fall, and where open pilots could take all."""
    found = page.approval
    if not found.blocks:
        return None
    plot = Plot(canvas("Approved of decided"))
    figure, last = plot.figure, len(found.blocks) - 1
    full = [place for place, block in enumerate(found.blocks) if block.full]
    _blocks(plot, found.blocks, full, 1.0)
    _blocks(plot, found.blocks, [place for place in range(last + 1) if place not in full], 0.45)
    if page.measures.outcomes.still_open:
        _open_bounds(plot, last + OPEN_AT, page)
    if found.fall and found.fall.since >= found.before:
        vertical(figure, (found.fall.since - found.before) / BLOCK - 0.5, "sign of a fall since", "left")
        figure.update_layout(margin_t=28)
    rules = current_programme_rules()
    target(figure, rules.proceed_rate, f"PROCEED {percent(rules.proceed_rate)}")
    target(figure, rules.stop_rate, f"STOP {percent(rules.stop_rate)}")
    figure.update_yaxes(range=[-0.03, 1.05], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])
    in_order(plot, [block.last for block in found.blocks])
    if page.measures.outcomes.still_open:
        axis = figure.layout.xaxis
        axis.update(tickvals=[*axis.tickvals, last + OPEN_AT], ticktext=[*axis.ticktext, "all, with<br>open ones"])
    figure.update_xaxes(
        range=[-LEFT_ROOM, max(last, 1) + RIGHT_ROOM], title=f"Blocks of {BLOCK}, by the day of the last decision"
    )
    return plot


def _blocks(plot: Plot, blocks: Sequence[Block], places: Sequence[int], opacity: float) -> None:
    """Draw the blocks at these places."""
    shown = [blocks[place] for place in places]
    colour = series_colour()
    plot.figure.add_scatter(
        x=list(places),
        y=[block.rate.value for block in shown],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [(block.rate.high or 0.0) - (block.rate.value or 0.0) for block in shown],
            "arrayminus": [(block.rate.value or 0.0) - (block.rate.low or 0.0) for block in shown],
            "thickness": 1.5,
            "width": 4,
            "color": colour,
        },
        customdata=[
            plot.mark(
                Drilldown(
                    f"{count(block.rate.denominator, 'pilot')} decided up to {day(block.last)}",
                    Selection(pilot_ids=block.pilot_ids),
                ),
                day(block.last),
                rate_with_n(block.rate) + ("" if block.full else f", not {BLOCK} pilots yet"),
            )
            for block in shown
        ],
        hovertemplate="Decided up to %{customdata[1]}<br>%{customdata[2]}<extra></extra>",
        mode="markers",
        opacity=opacity,
        marker={"size": 10, "color": colour},
    )


def _open_bounds(plot: Plot, at: float, page: MetricsPage) -> None:
    """Draw a bar: the rate of the whole cohort if every open pilot fails, and if every one is approved."""
    found = page.measures
    fail, passed = found.approval_if_open_fail, found.approval_if_open_pass
    pilots = Drilldown(f"{count(found.outcomes.still_open, 'pilot')} still open", Selection("still_open"))
    plot.figure.add_scatter(
        x=[at, at],
        y=[fail.value, passed.value],
        customdata=[
            plot.mark(pilots, f"All pilots, if every open one fails: {rate_with_n(fail)}"),
            plot.mark(pilots, f"All pilots, if every open one is approved: {rate_with_n(passed)}"),
        ],
        hovertemplate="%{customdata[1]}<extra></extra>",
        mode="lines+markers",
        line={"color": LINE, "width": 2},
        marker={"symbol": "line-ew", "size": 12, "line": {"width": 2, "color": LINE}},
    )


def _shown_of(page: MetricsPage) -> str:
    found = page.approval
    return f" The latest {found.of - found.before:,} of {found.of:,} decisions are drawn." if found.before else ""


CHART = Chart(
    key="approval",
    question="Is approval falling?",
    explanation="Decided pilots in blocks of ten, in order, each with its 95% Wilson interval. The latest block is "
    "lighter until it is full. A sign of a fall comes from all decided pilots (Bernoulli CUSUM). The grey "
    "bar shows where the open pilots could take the rate of all pilots: all failed, or all approved.",
    description="Approval of each block of ten decided pilots, with its 95% interval.",
    reading=lambda page: page.approval.reading,
    draw=draw,
    addition=_shown_of,
)
