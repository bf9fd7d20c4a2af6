"""The chart of recommendations over time, one mark per pilot."""

from pilot_core.insight.recommend import CODES
from pilot_core.store.queries.drilldown import Selection
from pilot_core.store.queries.metrics_page import MetricsPage
from pilot_core.web.components import badges
from pilot_core.web.pages.metrics.charts.chart import Chart
from pilot_core.web.pages.metrics.plot import Drilldown, Plot, canvas, escaped


def draw(page: MetricsPage) -> Plot | None:
    """Draw one mark per pilot, in the row of its recommendation, at the time it ended or last changed."""
    found = page.timeline
    if not found.badges:
        return None
    plot = Plot(canvas(height=260))
    lanes = {mark: place for place, mark in enumerate(reversed(badges.MARKS))}
    for mark, lane in lanes.items():
        shown = [badge for badge in found.badges if badges.mark(badge.recommendation, badge.code) == mark]
        plot.figure.add_scatter(
            x=[badge.at for badge in shown],
            y=[lane] * len(shown),
            customdata=[
                plot.mark(
                    Drilldown(badge.company_name, Selection(pilot_ids=(badge.pilot_id,))),
                    escaped(badge.company_name),
                    f"{badge.at.day} {badge.at:%b %Y}",
                    CODES[badge.code].words if badge.code in CODES else badge.code,
                    ", provisional" if badge.state == "provisional" else "",
                )
                for badge in shown
            ],
            hovertemplate=(
                f"%{{customdata[1]}}, %{{customdata[2]}}<br>{mark.label}: "
                "%{customdata[3]}%{customdata[4]}<extra></extra>"
            ),
            mode="markers",
            marker={
                "symbol": mark.symbol,
                "size": 11,
                "color": mark.hex,
                "opacity": 0.85,
                "line": {"width": 1.5 if mark in (badges.NO_VERDICT_YET, badges.NOT_COUNTED) else 0},
            },
        )
    plot.figure.update_yaxes(
        tickvals=list(lanes.values()),
        ticktext=[mark.label for mark in lanes],
        range=[-0.6, len(lanes) - 0.4],
        automargin=True,
    )
    plot.figure.update_xaxes(tickformat="%-d %b\n%Y", nticks=6, showgrid=False)
    return plot


CHART = Chart(
    key="timeline",
    question="What is recommended for each pilot?",
    explanation="Each pilot’s recommendation, placed when the pilot ended, or when something last happened. A past "
    "day places it by what was known then. The reason is on hover.",
    description="One mark a pilot by its recommendation, over time.",
    reading=lambda page: page.timeline.reading,
    draw=draw,
)
