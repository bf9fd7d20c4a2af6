"""The chart of approval over time, over the last ten decided pilots."""

from typing import Any

from pilot_core.formatting import count, day, percent
from pilot_core.insight.rules import current_programme_rules
from pilot_core.insight.stats import Rate
from pilot_core.store.queries.drilldown import Selection
from pilot_core.store.queries.metrics_page import MetricsPage
from pilot_core.web.pages.metrics.charts.chart import Chart
from pilot_core.web.pages.metrics.charts.sequence import ROOM, in_order
from pilot_core.web.pages.metrics.numbers import rate_with_n
from pilot_core.web.pages.metrics.plot import LINE, Drilldown, Plot, band, canvas, series_colour, target


def draw(page: MetricsPage) -> Plot | None:
    """Draw approval among the last ten decided pilots with its 95% interval, and where open pilots could take it."""
    found = page.approval
    if not found.windows:
        return None
    plot = Plot(canvas("Approved of the last ten"))
    figure, windows = plot.figure, found.windows
    places = list(range(len(windows)))
    band(figure, places, [each.rate.low or 0.0 for each in windows], [each.rate.high or 0.0 for each in windows])
    figure.add_scatter(
        x=places,
        y=[window.rate.value for window in windows],
        customdata=[
            plot.mark(
                Drilldown(
                    f"The {window.rate.denominator} pilots decided up to {day(window.at)}",
                    Selection(pilot_ids=window.pilot_ids),
                ),
                day(window.at),
                rate_with_n(window.rate),
            )
            for window in windows
        ],
        hovertemplate="Decided up to %{customdata[1]}<br>%{customdata[2]}<extra></extra>",
        mode="lines+markers",
        line={"color": series_colour(), "width": 2},
        marker={"size": 7, "color": series_colour()},
    )
    span = max(places[-1], 1)
    if found.still_open and found.if_open_fail and found.if_open_pass:
        _open_bounds(plot, places[-1] + 0.06 * span, found.if_open_fail, found.if_open_pass, found.still_open)
    rules = current_programme_rules()
    target(figure, rules.proceed_rate, f"PROCEED {percent(rules.proceed_rate)}")
    target(figure, rules.stop_rate, f"STOP {percent(rules.stop_rate)}")
    figure.update_yaxes(range=[-0.03, 1.05], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])
    in_order(plot, [window.at for window in windows])
    figure.update_xaxes(range=[-ROOM * span - 0.6, 1.12 * span + 0.6])
    return plot


def _open_bounds(plot: Plot, at: Any, fail: Rate, passed: Rate, still_open: int) -> None:
    """Draw a bar beside the last window: its rate if every open pilot fails, and if every one is approved."""
    pilots = Drilldown(f"{count(still_open, 'pilot')} still open", Selection("still_open"))
    plot.figure.add_scatter(
        x=[at, at],
        y=[fail.value, passed.value],
        customdata=[
            plot.mark(pilots, f"If every open pilot fails: {rate_with_n(fail)}"),
            plot.mark(pilots, f"If every open pilot is approved: {rate_with_n(passed)}"),
        ],
        hovertemplate="%{customdata[1]}<extra></extra>",
        mode="lines+markers",
        line={"color": LINE, "width": 2},
        marker={"symbol": "line-ew", "size": 12, "line": {"width": 2, "color": LINE}},
    )


def _shown_of(page: MetricsPage) -> str:
    windows, of = page.approval.windows, page.approval.of
    if not windows or of <= len(windows) + windows[0].rate.denominator - 1:
        return ""
    return f" The latest {len(windows):,} of {of:,} decisions are drawn."


CHART = Chart(
    key="approval",
    question="Is approval moving?",
    explanation="At each decision, how many of the last ten decided pilots are approved, with the 95% Wilson interval. "
    "The grey bar shows where the open pilots could take it: all failed, or all approved.",
    description="Approval among the last ten decided pilots, with its 95% interval.",
    reading=lambda page: page.approval.reading,
    draw=draw,
    addition=_shown_of,
)
