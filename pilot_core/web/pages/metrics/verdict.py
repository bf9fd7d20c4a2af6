"""The recommendation for the programme and each segment: why, and what would change it."""

from functools import partial

import streamlit as st

from pilot_core.documents.programme import generate_programme_report, programme_page
from pilot_core.formatting import count
from pilot_core.insight.breakdowns import Forest, Segment
from pilot_core.insight.cohort import Cohort
from pilot_core.insight.forecast import forecast
from pilot_core.insight.programme import ProgrammeResult
from pilot_core.insight.recommend import State
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.metrics_page import MetricsPage
from pilot_core.web.components import badges
from pilot_core.web.components.text import plain
from pilot_core.web.components.verdicts import what_would_change
from pilot_core.web.pages.metrics import plan, trust
from pilot_core.web.pages.metrics.charts.forest import MOST_SEGMENTS, shown_segments
from pilot_core.web.pages.metrics.filters import Asked


def show(store: PilotStore, asked: Asked, page: MetricsPage) -> None:
    """Draw the programme's badge and, in a collapsed section, those of its segments."""
    result = page.programme
    with st.container(border=True):
        badge_line(result)
        why, change = st.columns(2, gap="large")
        with why:
            st.markdown("**Why**")
            st.markdown(_bullets(result.reasons or [result.summary]))
        with change:
            st.markdown("**What would change it**")
            st.markdown(_bullets(result.what_would_change_it or ["Human feedback."]))
            if result.next_outcomes:
                what_would_change(result.next_outcomes)
        if expected := forecast(result.n_approved, result.n_decided, result.n_open):
            st.markdown(plain(expected.sentence))
        _segments(page.forest)
        trust.show()
        plan.show()
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.caption(f"Rules version {plain(result.rules_version)}.", width="content")
            if asked.as_of is None:
                st.download_button(
                    "One-page summary to print",
                    partial(_summary, store, asked.cohort),
                    "programme_summary.html",
                    "text/html",
                    on_click="ignore",
                    icon=":material/print:",
                )


def _summary(store: PilotStore, cohort: Cohort) -> str:
    return programme_page(generate_programme_report(store, cohort))


def badge_line(result: ProgrammeResult) -> None:
    """Draw the badge, whether it is provisional, and its reason."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        badges.badge(result.recommendation, result.words)
        if result.recommendation and result.state is State.PROVISIONAL:
            st.badge(
                "Provisional",
                color="gray",
                help="How the open pilots end, all failed or all approved, could change it.",
            )
        st.markdown(f"**{plain(result.summary)}**", width="content")


def _segments(forest: Forest) -> None:
    shown = shown_segments(forest)
    if len(forest.segments) < 2:
        return
    with st.expander(f"The same for each of {len(forest.segments)} segments"):
        for segment in shown:
            _segment(segment)
        if len(shown) < len(forest.segments):
            st.caption(f"The {MOST_SEGMENTS} with most decided pilots. Filter by scenario or brand for the others.")


def _segment(segment: Segment) -> None:
    result = segment.result
    shown = badges.mark(result.recommendation)
    provisional = ", provisional" if result.recommendation and result.state is State.PROVISIONAL else ""
    reason = " ".join([result.summary, *(guardrail.sentence for guardrail in result.breached)])
    change = [*result.what_would_change_it[:1], f"{count(result.n_open, 'pilot')} open."]
    st.markdown(
        f":{shown.colour}-badge[{shown.label}] **{plain(segment.label)}**{provisional}: {plain(reason)} "
        f":gray[{plain(' '.join(change))}]"
    )


def _bullets(sentences: list[str]) -> str:
    return "\n".join(f"- {plain(sentence)}" for sentence in sentences)
