"""Shared by all charts: colours, an empty figure, reference lines, and the pilots behind each mark."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from pilot_core.insight.evidence import FlagState
from pilot_core.store.queries.drilldown import Selection

HEIGHT = 330
# The palette of Okabe and Ito. Each colour has a contrast of about 3:1 with the light and the dark background.
BLUE, SKY, ORANGE, GREEN, VERMILLION, PURPLE = "#0072B2", "#56B4E9", "#E69F00", "#009E73", "#D55E00", "#CC79A7"
BAND = "rgba(86, 180, 233, 0.22)"
SECOND_BAND = "rgba(230, 159, 0, 0.20)"
LINE = "#8A929C"


@dataclass(frozen=True)
class Drilldown:
    """The pilots behind a mark, under a heading; with ``flag``, the reviews that raised it are listed too."""

    heading: str
    selection: Selection
    flag: str | None = None
    flag_state: FlagState | None = None


@dataclass
class Plot:
    """A figure, and the pilots behind each of its marks, keyed by the first entry of the mark's ``customdata``.

    The browser sends that entry back. Unknown entries are ignored, since a browser may send anything.
    """

    figure: go.Figure
    drilldowns: dict[str, Drilldown] = field(default_factory=dict)

    def mark(self, drilldown: Drilldown, *hover: Any) -> list[Any]:
        """Return the ``customdata`` of a new mark: its key, then the texts shown on hover."""
        key = str(len(self.drilldowns))
        self.drilldowns[key] = drilldown
        return [key, *hover]

    def drilldown_at(self, points: Sequence[Any]) -> Drilldown | None:
        """Return the pilots behind the first selected point with a known key."""
        for point in points:
            data = point.get("customdata") or [""]
            key = data[0] if isinstance(data, (list, tuple)) else data.get("0", "") if isinstance(data, dict) else data
            if key in self.drilldowns:
                return self.drilldowns[key]
        return None


def series_colour() -> str:
    """Return the colour of the first series, readable in the current theme."""
    return SKY if st.context.theme.type == "dark" else BLUE


def canvas(y_title: str = "", x_title: str = "", *, height: int = HEIGHT, legend: bool = False) -> go.Figure:
    """Return an empty figure with the axes, margins and click behaviour of all charts."""
    axis = {"fixedrange": True, "zeroline": False}
    # All in one call: changing an existing layout takes Plotly ten times as long.
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
    """Shade an interval."""
    bare = {"mode": "lines", "hoverinfo": "skip", "showlegend": False, "line": {"width": 0, **line}}
    figure.add_scatter(x=list(x), y=list(high), **bare)
    figure.add_scatter(x=list(x), y=list(low), fill="tonexty", fillcolor=colour, **bare)


def target(figure: go.Figure, value: float, label: str, *, at: float | None = None, below: bool = False) -> None:
    """Draw a dashed horizontal line for a target. ``at`` is the label's height where the axis is logarithmic."""
    _line(figure, value, "dash")
    _label(figure, label, value if at is None else at, "left", below)


def limit(figure: go.Figure, value: float, label: str, *, at: float | None = None, below: bool = False) -> None:
    """Draw a dotted horizontal line for a computed limit."""
    _line(figure, value, "dot")
    _label(figure, label, value if at is None else at, "right", below)


def vertical(figure: go.Figure, value: float, label: str, side: str) -> None:
    """Draw a dashed vertical line, labelled above the plot."""
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


def escaped(value: str) -> str:
    """Escape text for Plotly, which interprets some HTML."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
