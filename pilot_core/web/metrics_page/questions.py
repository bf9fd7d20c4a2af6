"""The eight charts, each under its question with a line on what it shows now; a click lists the pilots behind."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import streamlit as st

from pilot_core.formatting import count
from pilot_core.insight.trends import FEWEST
from pilot_core.metrics import MetricsPage
from pilot_core.store.pilots import PilotStore
from pilot_core.web.metrics_page import behind, over_time, splits, themes
from pilot_core.web.metrics_page.drawing import Drawn
from pilot_core.web.metrics_page.filters import Asked
from pilot_core.web.text import plain

CONFIG = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}


@dataclass(frozen=True)
class Question:
    """One chart, drawn when it is asked for, so that the browser has one before the next is drawn.

    ``drawn`` is None where there is too little to draw.
    """

    key: str
    title: str
    reading: str
    alt: str
    draw: Callable[[], Drawn] | None
    explained: str

    @cached_property
    def drawn(self) -> Drawn | None:
        return self.draw() if self.draw else None


def questions(page: MetricsPage) -> dict[str, Question]:
    """The eight by their keys."""
    windows = page.approval.windows
    cut = f" The latest {len(windows):,} of {page.approval.of:,} decisions are drawn." if _cut(page) else ""
    segments, bars = len(page.forest.segments), len(page.themes.bars)
    more_segments = _most(segments, splits.MOST_SEGMENTS, "segment", "with most decided pilots")
    more_themes = _most(bars, splits.MOST_THEMES, "theme", "raised most often")
    enough = page.incidence.n >= FEWEST
    found = [
        Question(
            "first_cuts",
            "Do first cuts come as fast as promised?",
            page.first_cuts.reading,
            "Time-to-first-cut of each pilot in order, with limits and the promise. " + page.first_cuts.reading,
            _drawn(over_time.first_cuts, page.first_cuts, page.first_cuts.points),
            "Time-to-first-cut of each pilot’s first attempt, in order. The band is where ups and downs are noise: "
            "2.66 × the mean moving range about the mean, on logarithms. Diamonds are signals that something changed: "
            "a point outside the band, seven on one side of the mean, seven that rise or fall, two of three near a "
            "limit.",
        ),
        Question(
            "iterations",
            "Is there less rework?",
            page.iterations.reading + _latest_attempts(page),
            "Iterations of each attempt in order, with their median. " + page.iterations.reading,
            _drawn(over_time.iterations, page.iterations, page.iterations.points),
            "Drafts rendered within each attempt, in order. Diamonds are seven or more in a row on one side of the "
            "median.",
        ),
        Question(
            "approval",
            "Is approval moving?",
            page.approval.reading + cut,
            "Approval among the last ten decided pilots, with its 95% interval. " + page.approval.reading,
            _drawn(over_time.approval, page.approval, windows),
            "At each decision, how many of the last ten decided pilots are approved, with the 95% Wilson interval. "
            "The grey bar shows where the open pilots could take it: all failed, or all approved.",
        ),
        Question(
            "incidence",
            "How long to a yes, counting the open ones?",
            page.incidence.reading + ("" if enough else f" Curves are drawn from {FEWEST} pilots."),
            "Cumulative share of pilots approved and ended by day, with numbers at risk. " + page.incidence.reading,
            _drawn(
                over_time.incidence, page.incidence, enough and (page.incidence.n_approved or page.incidence.n_ended)
            ),
            "The share of all pilots approved, and ended without approval, by each day since they were created "
            "(Aalen–Johansen, 95% bands). Open and paused pilots count until today and are not lost.",
        ),
        Question(
            "funnel",
            "Where do pilots stall?",
            page.funnel.reading,
            "Pilots by attempt and what came of it. " + page.funnel.reading,
            _drawn(splits.funnel, page.funnel, page.funnel.steps),
            "How many pilots reached each attempt, and what came of it there. A pilot dropped after an attempt counts "
            "as dropped there. Failed renders are no attempts.",
        ),
        Question(
            "themes",
            "What to fix first?",
            page.themes.reading + more_themes,
            "Flags by the number of pilots they were raised on. " + page.themes.reading,
            _drawn(splits.themes, page.themes, page.themes.bars),
            "Flags that people chose, by pilots. Resolved: absent from the latest reviewed attempt. Persistent: on two "
            "or more, the latest among them. New: on the latest only.",
        ),
        Question(
            "forest",
            "Where to go on?",
            page.forest.reading + more_segments,
            "Approval of each segment with its 95% interval and badge. " + page.forest.reading,
            _drawn(splits.forest, page.forest, page.forest.segments),
            "Approved of decided for each scenario and brand, with the 95% Wilson interval, in the shape and colour of "
            "the segment’s badge. Under five decided pilots only the counts are given.",
        ),
        Question(
            "timeline",
            "What did we decide, on what evidence?",
            page.timeline.reading,
            "One mark a pilot by its recommendation, over time. " + page.timeline.reading,
            _drawn(splits.timeline, page.timeline, page.timeline.badges),
            "Each pilot’s recommendation, placed when the pilot ended, or when something last happened. The reason "
            "is on hover.",
        ),
    ]
    return {question.key: question for question in found}


def show(store: PilotStore, asked: Asked, page: MetricsPage) -> None:
    """Draw them, two beside each other where there is room; beside the themes stands what they are counted from."""
    found = questions(page)
    for pair in (("first_cuts", "iterations"), ("approval", "incidence"), ("funnel", "forest")):
        for column, key in zip(st.columns(2, gap="large"), pair, strict=True):
            with column:
                ask(store, asked, found[key])
    left, right = st.columns(2, gap="large")
    with left:
        ask(store, asked, found["themes"])
    with right:
        themes.show(store, asked, page.themes)
    ask(store, asked, found["timeline"])


@st.fragment
def ask(store: PilotStore, asked: Asked, question: Question) -> None:
    st.subheader(question.title, anchor=False, help=question.explained)
    st.caption(plain(question.reading))
    if question.drawn is None:
        return
    event = st.plotly_chart(
        question.drawn.figure,
        key=f"chart_{question.key}",
        on_select="rerun",
        selection_mode="points",
        config=CONFIG,
        alt=question.alt,
    )
    picked = question.drawn.picked(event.selection.points)
    if picked:
        with st.container(key=f"behind_{question.key}"):
            behind.show(store, asked, picked, question.key)


def _drawn(draw: Callable[..., Drawn], found: object, marks: object) -> Callable[[], Drawn] | None:
    return partial(draw, found) if marks else None


def _cut(page: MetricsPage) -> bool:
    windows = page.approval.windows
    return bool(windows) and page.approval.of > len(windows) + windows[0].rate.denominator - 1


def _latest_attempts(page: MetricsPage) -> str:
    """The reading names a cut list itself once there is a median."""
    shown, of = len(page.iterations.points), page.iterations.of
    return f" The latest {shown:,} of {count(of, 'attempt')}." if shown < of and page.iterations.median is None else ""


def _most(n: int, most: int, noun: str, which: str) -> str:
    return f" The {most} of {count(n, noun)} {which} are drawn." if n > most else ""
