"""What all charts of the page have in common: colours, frame, target lines, and what a click on a mark means."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from pilot_core.insight.evidence import FlagState
from pilot_core.store.drilldown import Selection

HEIGHT = 330
# Okabe and Ito; each keeps 3:1 or nearly so against both grounds.
BLUE, SKY, ORANGE, GREEN, VERMILLION, PURPLE = "#0072B2", "#56B4E9", "#E69F00", "#009E73", "#D55E00", "#CC79A7"
BAND = "rgba(86, 180, 233, 0.22)"
SECOND_BAND = "rgba(230, 159, 0, 0.20)"
LINE = "#8A929C"


@dataclass(frozen=True)
class Picked:
    """The pilots a mark stands for, named by a heading; ``flag`` where its quotes belong to it too."""

    heading: str
    selection: Selection
    flag: str | None = None
    flag_state: FlagState | None = None


@dataclass
class Drawn:
    """A figure, and what each of its marks stands for, by the first entry of the mark's ``customdata``.

    The browser sends back only that entry, and one that is not known here stands for nothing.
    """

    figure: go.Figure
    behind: dict[str, Picked] = field(default_factory=dict)

    def mark(self, picked: Picked, *hover: Any) -> list[Any]:
        """The ``customdata`` of one more mark: its entry, then what it says on hover."""
        key = str(len(self.behind))
        self.behind[key] = picked
        return [key, *hover]

    def picked(self, points: Sequence[Any]) -> Picked | None:
        """What the first of the selected points stands for."""
        for point in points:
            told = point.get("customdata") or [""]
            key = told[0] if isinstance(told, (list, tuple)) else told.get("0", "") if isinstance(told, dict) else told
            if key in self.behind:
                return self.behind[key]
        return None


def series() -> str:
    """The first colour of series, which is another on a dark ground."""
    return SKY if st.context.theme.type == "dark" else BLUE


def canvas(y_title: str = "", x_title: str = "", *, height: int = HEIGHT, legend: bool = False) -> go.Figure:
    """An empty figure in the page's frame."""
    axis = {"fixedrange": True, "zeroline": False}
    # At once: plotly takes ten times as long to change a layout that stands.
    return go.Figure(
        layout={
            "height": height,
            "margin": {"l": 8, "r": 8, "t": 36 if legend else 12, "b": 8},
            "showlegend": legend,
            "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "traceorder": "normal"},
            "hovermode": "closest",
            "clickmode": "event+select",
            "dragmode": False,
            "xaxis": axis | {"title": {"text": x_title or None}},
            "yaxis": axis | {"title": {"text": y_title or None}},
            "bargap": 0.35,
        }
    )


def band(
    figure: go.Figure, x: Sequence[Any], low: Sequence[float], high: Sequence[float], colour: str = BAND, **line: Any
) -> None:
    """An interval as a band."""
    bare = {"mode": "lines", "hoverinfo": "skip", "showlegend": False, "line": {"width": 0, **line}}
    figure.add_scatter(x=list(x), y=list(high), **bare)
    figure.add_scatter(x=list(x), y=list(low), fill="tonexty", fillcolor=colour, **bare)


def target(figure: go.Figure, value: float, label: str, *, at: float | None = None, below: bool = False) -> None:
    """A thin dashed line across, labelled on itself. ``at`` is the label's place where the axis is logarithmic."""
    _line(figure, value, "dash")
    _label(figure, label, value if at is None else at, "left", below)


def limit(figure: go.Figure, value: float, label: str, *, at: float | None = None) -> None:
    """A thin dotted line across, for what was computed and not asked for."""
    _line(figure, value, "dot")
    _label(figure, label, value if at is None else at, "right")


def upright(figure: go.Figure, value: float, label: str, side: str) -> None:
    """A thin dashed line from top to bottom, labelled above the plot."""
    figure.add_shape(
        type="line", yref="paper", x0=value, x1=value, y0=0, y1=1, line={"color": LINE, "width": 1, "dash": "dash"}
    )
    figure.add_annotation(
        text=label, showarrow=False, font={"size": 12}, x=value, yref="paper", y=1, yanchor="bottom", xanchor=side
    )


def _line(figure: go.Figure, value: float, dash: str) -> None:
    figure.add_shape(
        type="line", xref="paper", x0=0, x1=1, y0=value, y1=value, line={"color": LINE, "width": 1, "dash": dash}
    )


def _label(figure: go.Figure, text: str, at: float, side: str, below: bool = False) -> None:
    place = {"xref": "paper", "x": 1 if side == "right" else 0, "xanchor": side}
    figure.add_annotation(
        text=text, showarrow=False, font={"size": 12}, y=at, yanchor="top" if below else "bottom", **place
    )


def text_of(value: str) -> str:
    """People's text for Plotly, which reads a little HTML: shown as typed."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
