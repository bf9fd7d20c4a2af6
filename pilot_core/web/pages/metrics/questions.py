"""The charts, each under the question it answers; a click on a mark lists the pilots behind it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import streamlit as st

from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.metrics_page import MetricsPage
from pilot_core.web.components.text import plain
from pilot_core.web.pages.metrics import drilldown
from pilot_core.web.pages.metrics.charts.chart import Chart
from pilot_core.web.pages.metrics.charts.registry import ROWS
from pilot_core.web.pages.metrics.filters import Asked
from pilot_core.web.pages.metrics.plot import Plot

CONFIG = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}


@dataclass(frozen=True)
class Question:
    """A chart for the numbers of one page.

    The figure is created when it is drawn, so that the browser gets each figure before the next is created.
    """

    chart: Chart
    page: MetricsPage

    @property
    def reading(self) -> str:
        """Return the sentence under the question."""
        return self.chart.reading(self.page) + self.chart.addition(self.page)

    @property
    def alt(self) -> str:
        """Return the text for people who cannot see the figure."""
        return f"{self.chart.description} {self.chart.reading(self.page)}"

    @cached_property
    def plot(self) -> Plot | None:
        """Return the figure, or None if there is too little to draw."""
        return self.chart.draw(self.page)


def questions(page: MetricsPage) -> dict[str, Question]:
    """Return every chart of the page, by its key."""
    return {chart.key: Question(chart, page) for row in ROWS for chart in row}


def show(store: PilotStore, asked: Asked, page: MetricsPage) -> None:
    """Draw every row of charts."""
    found = questions(page)
    for row in ROWS:
        cells: list[Callable[[], None]] = []
        for chart in row:
            cells.append(partial(answer, store, asked, found[chart.key]))
            if chart.details:
                cells.append(partial(chart.details, store, asked, page))
        if len(cells) == 1:
            cells[0]()
            continue
        for column, draw in zip(st.columns(len(cells), gap="large"), cells, strict=True):
            with column:
                draw()


@st.fragment
def answer(store: PilotStore, asked: Asked, question: Question) -> None:
    """Draw one chart, and below it the pilots behind the mark that was clicked."""
    chart, plot = question.chart, question.plot
    st.header(chart.question, anchor=False, help=chart.explanation)
    st.caption(plain(question.reading))
    if plot is None:
        return
    event = st.plotly_chart(
        plot.figure,
        key=f"chart_{chart.key}",
        on_select="rerun",
        selection_mode="points",
        config=CONFIG,
        alt=question.alt,
    )
    if behind := plot.drilldown_at(event.selection.points):
        with st.container(key=f"behind_{chart.key}"):
            drilldown.show(store, asked, behind, chart.key)
