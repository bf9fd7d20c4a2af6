"""Plotly figures that answer one question each. Streamlit's theme gives them their colours, light and dark."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import log10
from statistics import median

import plotly.graph_objects as go

from pilot_core import catalog
from pilot_core.formatting import count, rate, seconds
from pilot_core.insight.stats import wilson
from pilot_core.store.queries import LATEST_MEASURES, Decided, Decisions, Measure

HEIGHT = 320
BLUE = "#0072B2"  # Okabe and Ito, 3:1 on either ground
BAND = "rgba(86, 180, 233, 0.22)"
TARGET = "#8A929C"
LOG_TICKS = [base * 10**power for power in range(-1, 6) for base in (1, 2, 5)]
WINDOW = 10
FEWEST = 5
"""Under this many decided pilots a rate is given as plain counts."""


def first_cuts(measured: Sequence[Measure]) -> go.Figure:
    """Time-to-first-cut of each attempt in order, on a log scale, with the promised limit."""
    timed = [m for m in measured if m.time_to_first_cut_seconds is not None]
    limit = catalog.sla_limits().first_cut_seconds
    figure = _figure("Seconds, log scale", [m.ready_at for m in timed])
    figure.add_scatter(
        x=[m.ready_at for m in timed],
        # A log scale has no zero; a cut that took no measurable time stands at the bottom.
        y=[m.time_to_first_cut_seconds or 0.1 for m in timed],
        customdata=[(m.company_name, m.attempt_number, seconds(m.time_to_first_cut_seconds)) for m in timed],
        hovertemplate="%{customdata[0]}, attempt %{customdata[1]}<br>%{customdata[2]}<extra></extra>",
        mode="markers",
        marker={"size": 8, "color": BLUE, "opacity": 0.9},
    )
    shown = [limit, *(m.time_to_first_cut_seconds or 0.1 for m in timed)]
    # On a log axis Plotly takes a line's place as it is, but an annotation's and a range's as its logarithm.
    _line(figure, limit, f"promised: {seconds(limit)}", log10(limit))
    figure.update_yaxes(type="log", tickformat="~g", tickvals=LOG_TICKS)
    figure.update_yaxes(range=[log10(min(shown)) - 0.1, log10(max(shown)) + 0.15])
    return figure


def first_cuts_words(measured: Sequence[Measure]) -> str:
    """The chart's one-line reading."""
    timed = [m.time_to_first_cut_seconds for m in measured if m.time_to_first_cut_seconds is not None]
    if not timed:
        return "No first cut has been timed yet."
    limit = catalog.sla_limits().first_cut_seconds
    within = sum(value <= limit for value in timed)
    return f"Median {seconds(median(timed))}; {within} of {_attempts(len(timed))} within {seconds(limit)}."


def iterations(measured: Sequence[Measure]) -> go.Figure:
    """Iterations of each attempt in order, with their median."""
    counted = [m for m in measured if m.iteration_count is not None]
    figure = _figure("Iterations", [m.ready_at for m in counted])
    figure.add_scatter(
        x=[m.ready_at for m in counted],
        y=[m.iteration_count for m in counted],
        customdata=[(m.company_name, m.attempt_number, count(m.iteration_count, "iteration")) for m in counted],
        hovertemplate="%{customdata[0]}, attempt %{customdata[1]}<br>%{customdata[2]}<extra></extra>",
        mode="markers",
        marker={"size": 8, "color": BLUE, "opacity": 0.9},
    )
    if counted:
        middle = median(m.iteration_count or 0 for m in counted)
        _line(figure, middle, f"median: {middle:g}")
    top = max((m.iteration_count or 0 for m in counted), default=1)
    figure.update_yaxes(range=[0, top + 0.6], dtick=max(1, round(top / 6)))
    return figure


def iterations_words(measured: Sequence[Measure]) -> str:
    """The chart's one-line reading."""
    counted = [m.iteration_count for m in measured if m.iteration_count is not None]
    if not counted:
        return "No attempt with a known number of iterations yet."
    once = sum(value <= 1 for value in counted)
    return f"Median {count(median(counted), 'iteration')}; {once} of {_attempts(len(counted))} needed one only."


def _attempts(number: int) -> str:
    """Such as "48 attempts", or "the latest 500 attempts" where there may be more."""
    return f"{'the latest ' if number >= LATEST_MEASURES else ''}{count(number, 'attempt')}"


def approvals(decided: Sequence[Decided]) -> go.Figure:
    """Approval among the last ten decided pilots, at each decision, with its 95% Wilson interval."""
    points = _windows(decided)
    when = [decision.decided_at for decision, _, _ in points]
    figure = _figure("Approved", when)
    bounds = [wilson(k, n) or (0.0, 1.0) for _, k, n in points]
    figure.add_scatter(x=when, y=[high for _, high in bounds], mode="lines", line={"width": 0}, hoverinfo="skip")
    figure.add_scatter(
        x=when,
        y=[low for low, _ in bounds],
        mode="lines",
        line={"width": 0},
        fill="tonexty",
        fillcolor=BAND,
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=when,
        y=[k / n for _, k, n in points],
        customdata=[rate(k, n, *bound) for (_, k, n), bound in zip(points, bounds, strict=True)],
        hovertemplate="%{customdata}<extra></extra>",
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
        marker={"size": 7},
    )
    figure.update_yaxes(range=[-0.02, 1.02], tickformat=".0%")
    return figure


def approvals_words(found: Decisions) -> str:
    """The chart's one-line reading, with the open pilots beside it."""
    told = rate(found.approved, found.decided, *(wilson(found.approved, found.decided) or (None, None)))
    return f"Approved: {told}. {count(found.still_open, 'pilot')} still open, not counted."


def enough_for_a_trend(decided: Sequence[Decided]) -> bool:
    """Whether there are enough decided pilots to draw a rate at all."""
    return len(decided) >= FEWEST


def _windows(decided: Sequence[Decided]) -> list[tuple[Decided, int, int]]:
    """At each decision from the fifth on: approved and decided among the last ten."""
    return [
        (decided[end - 1], sum(d.approved for d in decided[max(0, end - WINDOW) : end]), min(end, WINDOW))
        for end in range(FEWEST, len(decided) + 1)
    ]


def _figure(axis: str, times: Sequence[datetime | None]) -> go.Figure:
    figure = go.Figure()
    figure.update_layout(
        height=HEIGHT, margin={"l": 8, "r": 8, "t": 8, "b": 8}, showlegend=False, yaxis_title=axis, hovermode="closest"
    )
    known = [time for time in times if time]
    if known:
        span = max(max(known) - min(known), timedelta(days=7))
        # Room on the right, where the lines have their labels.
        figure.update_xaxes(range=[min(known) - 0.04 * span, max(known) + 0.22 * span])
    figure.update_xaxes(tickformat="%-d %b\n%Y")
    return figure


def _line(figure: go.Figure, value: float, label: str, label_at: float | None = None) -> None:
    """A thin dashed line, labelled on itself."""
    figure.add_shape(
        type="line", xref="paper", x0=0, x1=1, y0=value, y1=value, line={"color": TARGET, "width": 1, "dash": "dash"}
    )
    place = {"xref": "paper", "x": 1, "xanchor": "right", "y": value if label_at is None else label_at}
    figure.add_annotation(text=label, showarrow=False, font={"size": 12}, yanchor="bottom", **place)
