"""The charts that split a cohort: attempt funnel, themes, segments, badges."""

from pilot_core.formatting import count, percent
from pilot_core.insight.breakdowns import Came, Forest, Funnel, Segment, Themes, Timeline
from pilot_core.insight.evidence import FlagState
from pilot_core.insight.recommend import CODES
from pilot_core.insight.rules import current_programme_rules
from pilot_core.store.drilldown import Selection
from pilot_core.web import badges
from pilot_core.web.metrics_page.drawing import (
    GREEN,
    HEIGHT,
    LINE,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    Drawn,
    Picked,
    canvas,
    text_of,
    upright,
)
from pilot_core.web.metrics_page.numbers import rate_with_n

MOST_SEGMENTS = 30
MOST_THEMES = 20

# A decision has the colour of its dot in the list of pilots.
CAME = {
    Came.APPROVE: ("Approved", badges.HEX["green"]),
    Came.MINOR: ("Minor changes", badges.HEX["orange"]),
    Came.MAJOR: ("Major changes", badges.HEX["red"]),
    Came.AWAITING: ("Awaiting review", SKY),
    Came.DROPPED: ("Dropped", PURPLE),
    Came.UNREVIEWED: ("Never reviewed", LINE),
}
STATES = {
    FlagState.PERSISTENT: ("Persistent", VERMILLION),
    FlagState.NEW: ("New", ORANGE),
    FlagState.RESOLVED: ("Resolved", GREEN),
}


def funnel(found: Funnel) -> Drawn:
    """The pilots that reached each attempt, by what came of it."""
    drawn = Drawn(canvas("Pilots", legend=True))
    for came, (name, colour) in CAME.items():
        steps = [step for step in found.steps if step.came[came]]
        if not steps:
            continue
        drawn.figure.add_bar(
            x=[step.attempt_number for step in steps],
            y=[step.came[came] for step in steps],
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            text=[f"{step.came[came]:,}" for step in steps],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            customdata=[
                drawn.mark(
                    Picked(
                        f"Attempt {step.attempt_number}: {name.lower()}",
                        Selection(attempt=step.attempt_number, came=came),
                    ),
                    f"{step.came[came]:,} of {count(step.reached, 'pilot')} at attempt {step.attempt_number}",
                )
                for step in steps
            ],
            hovertemplate=f"{name}: %{{customdata[1]}}<extra></extra>",
        )
    numbers = [step.attempt_number for step in found.steps]
    drawn.figure.update_layout(barmode="stack", uniformtext={"mode": "hide", "minsize": 10})
    drawn.figure.update_xaxes(tickvals=numbers, title="Attempt")
    drawn.figure.update_xaxes(range=[0.4, max(numbers, default=1) + 0.6])
    _whole_numbers(drawn, max((step.reached for step in found.steps), default=1))
    return drawn


def themes(found: Themes) -> Drawn:
    """Pilots by flag, the most frequent on top, by how the flag stands with them."""
    bars = found.bars[:MOST_THEMES][::-1]
    drawn = Drawn(canvas("", "Pilots", height=max(HEIGHT, 90 + 26 * len(bars)), legend=True))
    for state, (name, colour) in STATES.items():
        drawn.figure.add_bar(
            y=[text_of(bar.label) for bar in bars],
            x=[bar.by_state[state] for bar in bars],
            orientation="h",
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            customdata=[
                drawn.mark(
                    Picked(f"{bar.label}, {name.lower()}", Selection(flag=bar.flag, flag_state=state), bar.flag, state),
                    f"{name} with {count(bar.by_state[state], 'pilot')}",
                    f"raised on {rate_with_n(bar.prevalence)}",
                )
                for bar in bars
            ],
            hovertemplate="%{y}<br>%{customdata[1]}; %{customdata[2]}<extra></extra>",
        )
    drawn.figure.update_layout(barmode="stack", bargap=0.3)
    drawn.figure.update_yaxes(showgrid=False, automargin=True)
    most = max((bar.pilots for bar in bars), default=1)
    drawn.figure.update_xaxes(dtick=1 if most < 6 else None, range=[0, most * 1.05], tickformat=",d")
    return drawn


def forest(found: Forest) -> Drawn:
    """Approval of each segment with its interval, in the colour and shape of its badge."""
    segments = shown_segments(found)[::-1]
    drawn = Drawn(canvas("", "Approved of decided", height=max(200, 96 + 34 * len(segments))))
    figure = drawn.figure
    places = {id(segment): place for place, segment in enumerate(segments)}
    for mark in badges.MARKS:
        enough = [s for s in segments if not s.plain_counts and badges.mark(s.result.label) == mark]
        if not enough:
            continue
        rates = [segment.result.rate for segment in enough]
        figure.add_scatter(
            x=[rate.value for rate in rates],
            y=[places[id(segment)] for segment in enough],
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [(rate.high or 0.0) - (rate.value or 0.0) for rate in rates],
                "arrayminus": [(rate.value or 0.0) - (rate.low or 0.0) for rate in rates],
                "thickness": 1.5,
                "width": 4,
                "color": mark.hex,
            },
            customdata=[drawn.mark(_segment(segment), *_told(segment)) for segment in enough],
            hovertemplate="%{customdata[1]}<br>%{customdata[2]}<br>%{customdata[3]}<extra></extra>",
            mode="markers",
            marker={"symbol": mark.symbol, "size": 12, "color": mark.hex, "line": {"width": 2, "color": mark.hex}},
        )
    few = [segment for segment in segments if segment.plain_counts]
    figure.add_scatter(
        x=[0.0] * len(few),
        y=[places[id(segment)] for segment in few],
        text=[f" {s.result.n_approved} of {s.result.n_decided} approved" for s in few],
        textposition="middle right",
        textfont={"color": [badges.mark(segment.result.label).hex for segment in few]},
        customdata=[drawn.mark(_segment(segment), *_told(segment)) for segment in few],
        hovertemplate="%{customdata[1]}<br>%{customdata[2]}<br>%{customdata[3]}<extra></extra>",
        mode="markers+text",
        marker={
            "symbol": [badges.mark(segment.result.label).symbol for segment in few],
            "color": [badges.mark(segment.result.label).hex for segment in few],
            "size": 9,
            "line": {"width": 1.5},
        },
    )
    rules = current_programme_rules()
    upright(figure, rules.proceed_rate, f"PROCEED {percent(rules.proceed_rate)}", "left")
    upright(figure, rules.stop_rate, f"STOP {percent(rules.stop_rate)}", "right")
    figure.update_layout(margin_t=28)
    figure.update_xaxes(range=[-0.03, 1.03], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1])
    figure.update_yaxes(
        tickvals=list(places.values()),
        ticktext=[_row_label(segment) for segment in segments],
        range=[-0.7, len(segments) - 0.3],
        showgrid=False,
        automargin=True,
    )
    return drawn


def shown_segments(found: Forest) -> list[Segment]:
    """The segments that fit on the page: all, or those with most decided pilots, in their order."""
    if len(found.segments) <= MOST_SEGMENTS:
        return list(found.segments)
    most = sorted(found.segments, key=lambda s: (-s.result.n_decided, -s.pilots))[:MOST_SEGMENTS]
    return [segment for segment in found.segments if segment in most]


def timeline(found: Timeline) -> Drawn:
    """One mark a pilot, in the lane of its badge, placed when it ended or last moved."""
    drawn = Drawn(canvas(height=260))
    lanes = {mark: place for place, mark in enumerate(reversed(badges.MARKS))}
    for mark, lane in lanes.items():
        shown = [badge for badge in found.badges if badges.mark(badge.recommendation) == mark]
        drawn.figure.add_scatter(
            x=[badge.at for badge in shown],
            y=[lane] * len(shown),
            customdata=[
                drawn.mark(
                    Picked(badge.company_name, Selection(pilot_ids=(badge.pilot_id,))),
                    text_of(badge.company_name),
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
                "line": {"width": 1.5 if mark is badges.TOO_EARLY else 0},
            },
        )
    drawn.figure.update_yaxes(
        tickvals=list(lanes.values()),
        ticktext=[mark.label for mark in lanes],
        range=[-0.6, len(lanes) - 0.4],
        automargin=True,
    )
    drawn.figure.update_xaxes(tickformat="%-d %b\n%Y", nticks=6, showgrid=False)
    return drawn


def _segment(segment: Segment) -> Picked:
    return Picked(segment.label, Selection(scenario=segment.scenario, brand=segment.brand))


def _told(segment: Segment) -> tuple[str, str, str]:
    result = segment.result
    rate = (
        f"{result.n_approved} of {count(result.n_decided, 'decided pilot')} approved"
        if segment.plain_counts
        else rate_with_n(result.rate)
    )
    badge = f"{badges.mark(result.label).label}: {result.words}"
    return text_of(segment.label), f"{rate}, {count(result.n_open, 'pilot')} open", badge


def _row_label(segment: Segment) -> str:
    """The segment with its n, on two lines, so that a phone has room for the plot."""
    scenario, _, brand = text_of(segment.label).partition(" × ")
    return f"{scenario}<br>{brand}, n = {segment.result.n_decided:,}"


def _whole_numbers(drawn: Drawn, most: int) -> None:
    drawn.figure.update_yaxes(dtick=1 if most < 6 else None, range=[0, most * 1.06], tickformat=",d")
