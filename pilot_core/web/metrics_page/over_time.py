"""The charts over time: first cuts, iterations, approval, and the time to an end."""

from collections.abc import Sequence
from datetime import datetime
from math import log10
from typing import Any

from pilot_core.formatting import count, day, percent, seconds
from pilot_core.insight.rules import current_programme_rules
from pilot_core.insight.stats import Rate
from pilot_core.insight.survival import Curve, Incidence
from pilot_core.insight.trends import SHORTEST, FirstCuts, Point, RollingApproval, RunChart, SignalKind
from pilot_core.store.drilldown import Selection
from pilot_core.web.metrics_page.drawing import (
    BAND,
    LINE,
    SECOND_BAND,
    VERMILLION,
    Drawn,
    Picked,
    band,
    canvas,
    limit,
    series,
    target,
    text_of,
)
from pilot_core.web.metrics_page.numbers import rate_with_n

LOG_TICKS = [base * 10**power for power in range(-1, 6) for base in (1, 2, 5)]
SIGNALS = {
    SignalKind.OUTSIDE: "outside the limits",
    SignalKind.ONE_SIDE: "one of seven or more on one side",
    SignalKind.TREND: "one of seven or more that rise or fall",
    SignalKind.NEAR_LIMIT: "one of two in three near a limit",
}
MOST_TICKS = 5
ROOM = 0.25  # of the width, for the lines' labels


def first_cuts(found: FirstCuts) -> Drawn:
    """Each pilot's first time-to-first-cut in order, on a log scale, with natural process limits and the promise."""
    drawn = Drawn(canvas("Seconds, log scale"))
    figure, limits = drawn.figure, found.xmr.limits
    values = [max(value, SHORTEST) for value in found.xmr.values]
    shown = [found.target, *values]
    if limits:
        shown += [limits.low, limits.high]
        word = "trial limit" if limits.trial else "limit"
        band(figure, [-0.6, max(len(values) - 1, 1) * (1 + ROOM) + 0.6], [limits.low] * 2, [limits.high] * 2)
        limit(figure, limits.mean, f"mean {seconds(limits.mean)}", at=log10(limits.mean))
        limit(figure, limits.high, f"{word} {seconds(limits.high)}", at=log10(limits.high))
        limit(figure, limits.low, f"{word} {seconds(limits.low)}", at=log10(limits.low))
    told = [
        "; ".join(SIGNALS[s.kind] for s in found.xmr.signals if s.first <= place <= s.last)
        for place in range(len(values))
    ]
    figure.add_scatter(
        x=list(range(len(values))),
        y=values,
        customdata=[
            drawn.mark(_one(point), _title(point), seconds(point.value), _also(said))
            for point, said in zip(found.points, told, strict=True)
        ],
        hovertemplate="%{customdata[1]}<br>%{customdata[2]}%{customdata[3]}<extra></extra>",
        mode="markers",
        marker=_markers(told),
    )
    # On a log axis Plotly takes a line's place as it is, but an annotation's and a range's as its logarithm.
    crowded = limits is not None and found.target < limits.high < 1.5 * found.target
    target(figure, found.target, f"promised: {seconds(found.target)}", at=log10(found.target), below=crowded)
    figure.update_yaxes(type="log", tickformat="~g", tickvals=LOG_TICKS)
    figure.update_yaxes(range=[log10(min(shown)) - 0.12, log10(max(shown)) + 0.16])
    _in_order(drawn, [point.at for point in found.points])
    return drawn


def iterations(found: RunChart) -> Drawn:
    """Iterations of each attempt in order, with their median."""
    drawn = Drawn(canvas("Iterations"))
    figure = drawn.figure
    told = [
        "one of seven or more on one side of the median" if any(s.first <= at <= s.last for s in found.signals) else ""
        for at in range(len(found.points))
    ]
    figure.add_scatter(
        x=list(range(len(found.points))),
        y=[point.value for point in found.points],
        customdata=[
            drawn.mark(_one(point), _title(point), count(point.value, "iteration"), _also(said))
            for point, said in zip(found.points, told, strict=True)
        ],
        hovertemplate="%{customdata[1]}<br>%{customdata[2]}%{customdata[3]}<extra></extra>",
        mode="markers" if found.median is None else "lines+markers",
        line={"color": LINE, "width": 0.5},
        marker=_markers(told),
    )
    if found.median is not None:
        limit(figure, found.median, f"median {found.median:g}")
    top = max((point.value for point in found.points), default=1)
    figure.update_yaxes(range=[0, top + 0.7], dtick=max(1, round(top / 6)))
    _in_order(drawn, [point.at for point in found.points])
    return drawn


def approval(found: RollingApproval) -> Drawn:
    """Approval among the last ten decided pilots with its 95% Wilson band, and where open pilots could take it."""
    drawn = Drawn(canvas("Approved of the last ten"))
    figure, windows = drawn.figure, found.windows
    places = list(range(len(windows)))
    band(figure, places, [each.rate.low or 0.0 for each in windows], [each.rate.high or 0.0 for each in windows])
    figure.add_scatter(
        x=places,
        y=[window.rate.value for window in windows],
        customdata=[
            drawn.mark(
                Picked(
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
        line={"color": series(), "width": 2},
        marker={"size": 7, "color": series()},
    )
    span = max(places[-1], 1)
    if found.still_open and found.if_open_fail and found.if_open_pass:
        _open_bounds(drawn, places[-1] + 0.06 * span, found.if_open_fail, found.if_open_pass, found.still_open)
    rules = current_programme_rules()
    target(figure, rules.proceed_rate, f"PROCEED {percent(rules.proceed_rate)}")
    target(figure, rules.stop_rate, f"STOP {percent(rules.stop_rate)}")
    figure.update_yaxes(range=[-0.03, 1.05], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])
    _in_order(drawn, [window.at for window in windows])
    figure.update_xaxes(range=[-ROOM * span - 0.6, 1.12 * span + 0.6])
    return drawn


def incidence(found: Incidence) -> Drawn:
    """The shares of all pilots approved, and ended without approval, by each day, with the numbers still followed."""
    drawn = Drawn(canvas("Share of all pilots", legend=True))
    figure = drawn.figure
    end = max([time for time, _ in found.at_risk], default=1.0)
    end = max([end, *found.approved.times[-1:], *found.ended.times[-1:]])
    _curve(drawn, found.approved, end, "Approved", "approved", series(), BAND, "solid")
    _curve(drawn, found.ended, end, "Ended without approval", "ended_without", VERMILLION, SECOND_BAND, "dash")
    figure.update_yaxes(range=[-0.02, 1.04], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])
    figure.update_xaxes(
        range=[-0.01 * end, 1.03 * end],
        tickvals=[time for time, _ in found.at_risk],
        ticktext=[f"{time:g}<br>{n:,}" for time, n in found.at_risk],
        title="Days since created; below, still followed",
    )
    return drawn


def _curve(drawn: Drawn, curve: Curve, end: float, name: str, group: str, colour: str, shade: str, dash: str) -> None:
    if not curve.times:
        return
    times, share = [0.0, *curve.times, end], [0.0, *curve.share, curve.share[-1]]
    known = [at for at, bound in enumerate(curve.low) if bound is not None and curve.high[at] is not None]
    if known:
        # The interval is not defined everywhere, such as at the last step; the band ends where it does.
        until = curve.times[known[-1] + 1] if known[-1] + 1 < len(curve.times) else end
        low, high = ([bounds[at] or 0.0 for at in known] for bounds in (curve.low, curve.high))
        steps = [*(curve.times[at] for at in known), until]
        band(drawn.figure, steps, [*low, low[-1]], [*high, high[-1]], shade, shape="hv")
    marks = [
        drawn.mark(
            Picked(f"{name} within {count(time, 'day')}", Selection(group, within_days=time)), name, count(time, "day")
        )
        for time in times
    ]
    drawn.figure.add_scatter(
        x=times,
        y=share,
        customdata=marks,
        hovertemplate="%{customdata[1]} within %{customdata[2]}: %{y:.0%}<extra></extra>",
        mode="lines",
        name=name,
        line={"color": colour, "width": 2, "shape": "hv", "dash": dash},
    )


def _open_bounds(drawn: Drawn, at: Any, fail: Rate, passed: Rate, still_open: int) -> None:
    """A bar beside the last window: its rate if every open pilot fails, and if every one is approved."""
    pilots = Picked(f"{count(still_open, 'pilot')} still open", Selection("still_open"))
    drawn.figure.add_scatter(
        x=[at, at],
        y=[fail.value, passed.value],
        customdata=[
            drawn.mark(pilots, f"If every open pilot fails: {rate_with_n(fail)}"),
            drawn.mark(pilots, f"If every open pilot is approved: {rate_with_n(passed)}"),
        ],
        hovertemplate="%{customdata[1]}<extra></extra>",
        mode="lines+markers",
        line={"color": LINE, "width": 2},
        marker={"symbol": "line-ew", "size": 12, "line": {"width": 2, "color": LINE}},
    )


def _markers(told: Sequence[str]) -> dict[str, Any]:
    """Dots, those with a signal in another colour and shape."""
    plain_colour = series()
    return {
        "size": [10 if said else 8 for said in told],
        "color": [VERMILLION if said else plain_colour for said in told],
        "opacity": 1,
        "symbol": ["diamond" if said else "circle" for said in told],
    }


def _in_order(drawn: Drawn, times: Sequence[datetime | None]) -> None:
    """Places 1, 2, 3… on the axis, some of them with their day."""
    last = len(times) - 1
    places = sorted({round(last * tick / (MOST_TICKS - 1)) for tick in range(MOST_TICKS)}) if last >= 0 else []
    drawn.figure.update_xaxes(
        range=[-0.6, max(last, 1) * (1 + ROOM) + 0.6],
        showgrid=False,
        tickvals=places,
        ticktext=[_short_day(times[place]) for place in places],
    )


def _short_day(at: datetime | None) -> str:
    return f"{at.day} {at:%b}<br>{at:%Y}" if at else "no date"


def _one(point: Point) -> Picked:
    return Picked(f"{point.company_name}, attempt {point.attempt_number}", Selection(pilot_ids=(point.pilot_id,)))


def _title(point: Point) -> str:
    return f"{text_of(point.company_name)}, attempt {point.attempt_number}, {day(point.at)}"


def _also(said: str) -> str:
    return f"<br>{said}" if said else ""
