"""The chart of pilots by flag."""

from pilot_core.formatting import count
from pilot_core.store.queries.drilldown import Selection
from pilot_core.store.queries.metrics_page import MetricsPage
from pilot_core.web.components.numbers import rate_with_n
from pilot_core.web.pages.metrics import theme_table
from pilot_core.web.pages.metrics.charts.chart import Chart, limited_to
from pilot_core.web.pages.metrics.flag_states import STATES
from pilot_core.web.pages.metrics.plot import HEIGHT, Drilldown, Plot, canvas, escaped

MOST_THEMES = 20


def draw(page: MetricsPage) -> Plot | None:
    """Draw the pilots of each flag, those that recur most on top, by the state of the flag on them."""
    found = page.themes
    if not found.bars:
        return None
    bars = found.bars[:MOST_THEMES][::-1]
    plot = Plot(canvas("", "Pilots", height=max(HEIGHT, 90 + 26 * len(bars)), legend=True))
    for state, (name, colour) in STATES.items():
        plot.figure.add_bar(
            y=[escaped(bar.label) for bar in bars],
            x=[bar.by_state[state] for bar in bars],
            orientation="h",
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            customdata=[
                plot.mark(
                    Drilldown(
                        f"{bar.label}, {name.lower()}", Selection(flag=bar.flag, flag_state=state), bar.flag, state
                    ),
                    f"{name} with {count(bar.by_state[state], 'pilot')}",
                    f"raised on {rate_with_n(bar.prevalence)}",
                )
                for bar in bars
            ],
            hovertemplate="%{y}<br>%{customdata[1]}; %{customdata[2]}<extra></extra>",
        )
    plot.figure.update_layout(barmode="stack", bargap=0.3)
    plot.figure.update_yaxes(showgrid=False, automargin=True)
    most = max((bar.pilots for bar in bars), default=1)
    plot.figure.update_xaxes(dtick=1 if most < 6 else None, range=[0, most * 1.05], tickformat=",d")
    return plot


CHART = Chart(
    key="themes",
    question="What to fix first?",
    explanation="Flags that people chose, by pilots, ranked by recurring ones. Recurring: on two or more reviewed "
    "attempts, the latest among them. New: on the latest of two or more only. Raised: on the only "
    "reviewed attempt. Not raised again: absent from the latest, which does not prove that it is solved.",
    description="Flags by the number of pilots they were raised on.",
    reading=lambda page: page.themes.reading,
    draw=draw,
    addition=lambda page: limited_to(MOST_THEMES, len(page.themes.bars), "theme", "that recur or were raised most"),
    details=theme_table.show,
)
