"""The chart of how many pilots reached each attempt, and its outcome."""

from pilot_core.formatting import count
from pilot_core.insight.breakdowns import AttemptOutcome
from pilot_core.store.queries.drilldown import Selection
from pilot_core.store.queries.metrics_page import MetricsPage
from pilot_core.web.components import badges
from pilot_core.web.pages.metrics.charts.chart import Chart
from pilot_core.web.pages.metrics.plot import LINE, PURPLE, SKY, Drilldown, Plot, canvas

# Decisions have the colours of their dots in the list of pilots.
OUTCOMES = {
    AttemptOutcome.APPROVE: ("Approved", badges.HEX["green"]),
    AttemptOutcome.MINOR: ("Minor changes", badges.HEX["orange"]),
    AttemptOutcome.MAJOR: ("Major changes", badges.HEX["red"]),
    AttemptOutcome.AWAITING: ("Awaiting review", SKY),
    AttemptOutcome.DROPPED: ("Dropped", PURPLE),
    AttemptOutcome.UNREVIEWED: ("Never reviewed", LINE),
}


def draw(page: MetricsPage) -> Plot | None:
    """Draw the pilots that reached each attempt, by its outcome."""
    found = page.funnel
    if not found.steps:
        return None
    plot = Plot(canvas("Pilots", legend=True))
    for outcome, (name, colour) in OUTCOMES.items():
        steps = [step for step in found.steps if step.outcomes[outcome]]
        if not steps:
            continue
        plot.figure.add_bar(
            x=[step.attempt_number for step in steps],
            y=[step.outcomes[outcome] for step in steps],
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            text=[f"{step.outcomes[outcome]:,}" for step in steps],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            customdata=[
                plot.mark(
                    Drilldown(
                        f"Attempt {step.attempt_number}: {name.lower()}",
                        Selection(attempt=step.attempt_number, outcome=outcome),
                    ),
                    f"{step.outcomes[outcome]:,} of {count(step.reached, 'pilot')} at attempt {step.attempt_number}",
                )
                for step in steps
            ],
            hovertemplate=f"{name}: %{{customdata[1]}}<extra></extra>",
        )
    numbers = [step.attempt_number for step in found.steps]
    plot.figure.update_layout(barmode="stack", uniformtext={"mode": "hide", "minsize": 10})
    plot.figure.update_xaxes(tickvals=numbers, title="Attempt")
    plot.figure.update_xaxes(range=[0.4, max(numbers, default=1) + 0.6])
    _whole_numbers(plot, max((step.reached for step in found.steps), default=1))
    return plot


def _whole_numbers(plot: Plot, most: int) -> None:
    plot.figure.update_yaxes(dtick=1 if most < 6 else None, range=[0, most * 1.06], tickformat=",d")


CHART = Chart(
    key="funnel",
    question="Where do pilots stall?",
    explanation="The bars count attempts: how many pilots reached each attempt, and its outcome. A pilot dropped "
    "after an attempt counts as dropped there. The sentence counts each pilot once, at its last attempt. "
    "Failed renders are not attempts.",
    description="Pilots by attempt and its outcome.",
    reading=lambda page: page.funnel.reading,
    draw=draw,
)
