"""The headline numbers as cards, each with what it stands on and its course; and the pilots behind them."""

from collections.abc import Sequence

import streamlit as st

from pilot_core import catalog
from pilot_core.formatting import MISSING, count, percent, seconds
from pilot_core.insight.metrics import Courses, Fates
from pilot_core.insight.stats import Rate
from pilot_core.metrics import MetricsPage
from pilot_core.store.drilldown import Selection
from pilot_core.store.pilots import PilotStore
from pilot_core.web.metrics_page import behind
from pilot_core.web.metrics_page.drawing import Picked
from pilot_core.web.metrics_page.filters import Asked
from pilot_core.web.metrics_page.numbers import cost, days, events, hours, rate_with_n, spread_in, stands_on


def standing(fates: Fates, videos: int) -> str:
    """How the pilots of the cohort stand, none left out."""
    of_decided = [
        f"{n:,} {word}"
        for n, word in (
            (fates.approved, "approved"),
            (fates.dropped, "dropped"),
            (fates.exhausted, "out of attempts"),
        )
        if n
    ]
    others = [
        f"{n:,} {word}"
        for n, word in (
            (fates.open, "open"),
            (fates.paused, "paused"),
            (fates.dropped_external, "dropped for outside reasons"),
            (fates.closed, "closed undecided"),
        )
        if n
    ]
    decided = f"{fates.decided:,} decided" + (f" ({', '.join(of_decided)})" if of_decided else "")
    return f"{count(fates.pilots, 'pilot')}, {count(videos, 'video')}: {', '.join([decided, *others])}"


def show(page: MetricsPage) -> None:
    """Draw the cards."""
    found = page.measures
    fates = found.fates
    st.markdown(f"{standing(fates, found.total_videos)}.")
    first, first_told = spread_in(found.ttfc_first, "s")
    every, every_told = spread_in(found.ttfc_attempt, "s")
    iterations, _ = spread_in(found.iterations_per_attempt, "")
    to_yes, to_yes_told = spread_in(found.attempts_to_approval, "")
    each, each_told = cost(found.cost_per_approved)
    promised = seconds(catalog.sla_limits().first_cut_seconds)
    with st.grid(4, min_column_width=200, gap="small"):
        _rate(
            "Pilots approved",
            found.approval_rate,
            page.courses,
            "approval_rate",
            "Approved of the decided pilots: those approved, dropped for our own reasons, or out of attempts. "
            f"If every open pilot fails: {rate_with_n(found.approval_if_open_fail)}; "
            f"if every one is approved: {rate_with_n(found.approval_if_open_pass)}.",
        )
        _rate(
            "First-pass approval",
            found.first_pass_rate,
            page.courses,
            "first_pass_rate",
            "First attempts approved, of the first attempts that were reviewed.",
        )
        _rate(
            "Reviews that approve",
            found.review_approval_rate,
            page.courses,
            "review_approval_rate",
            "Approvals of all reviews; several belong to one pilot, so it is not the share of pilots approved.",
        )
        _card(
            "Time to approval",
            days(found.time_to_approval.median),
            events(found.time_to_approval, days),
            "When half of all pilots are approved, with how many of all are, and its 95% interval. Open pilots count "
            "for as long as they are followed, and other ends compete. “–” where half are not approved yet.",
        )
        _card(
            "First time-to-first-cut",
            first,
            f"{first_told}, n = {found.ttfc_first.n:,}",
            f"Median over the pilots’ first attempts, with the 90th percentile and the mean; {promised} are promised.",
            page.courses,
            "ttfc_first",
        )
        _card(
            "Any time-to-first-cut",
            every,
            f"{every_told}, n = {found.ttfc_attempt.n:,}",
            "Median over all attempts with a known time, with the 90th percentile and the mean.",
        )
        _card(
            "Iterations an attempt",
            MISSING if found.iterations_per_attempt.mean is None else f"{found.iterations_per_attempt.mean:.1f}",
            f"mean; median {iterations}, n = {found.iterations_per_attempt.n:,}",
            "Drafts rendered within an attempt.",
            page.courses,
            "iterations_per_attempt",
        )
        _card(
            "Attempts to approval",
            to_yes,
            f"{to_yes_told}, n = {found.attempts_to_approval.n:,}",
            "Median number of the approved attempt, over the approved pilots. Beside them, "
            f"{fates.exhausted:,} ran out of attempts and {fates.still_open:,} are open.",
        )
        _rate(
            "SLA kept, all attempts",
            found.sla_all,
            page.courses,
            "sla_all",
            "Attempts that kept every promise; what could not be measured is left out.",
        )
        _rate(
            "SLA kept, last attempt",
            found.sla_final,
            page.courses,
            "",
            "Pilots whose last finished attempt kept every promise; where that is not known they are left out.",
        )
        _card(
            "Cost per approved pilot",
            each,
            each_told,
            "All that the decided pilots cost, by approved pilot.",
            page.courses,
            "cost_per_approved",
        )
        _card(
            "Feedback latency",
            hours(found.feedback_latency.median),
            events(found.feedback_latency, hours),
            "From a cut’s being ready to its first feedback: when half have come in, with how many of all cuts have "
            "(Kaplan–Meier, 95% interval). "
            "Cuts not yet reviewed are counted for as long as they have waited.",
        )


@st.fragment
def pilots_behind(store: PilotStore, asked: Asked, page: MetricsPage) -> None:
    """Draw the choice of a number, and the pilots it counts."""
    fates = page.measures.fates
    final = page.measures.sla_final
    groups = {
        "approved": ("Approved", fates.approved),
        "dropped": ("Dropped", fates.dropped),
        "exhausted": ("Out of attempts", fates.exhausted),
        "still_open": ("Still open", fates.still_open),
        "dropped_external": ("Dropped for outside reasons", fates.dropped_external),
        "closed": ("Closed undecided", fates.closed),
        "first_pass": ("Approved at the first attempt", page.measures.first_pass_rate.numerator),
        "sla_final_missed": ("SLA missed by the last attempt", final.denominator - final.numerator),
    }
    known = {group: told for group, told in groups.items() if told[1]}
    chosen = st.pills(
        "Pilots behind the numbers",
        list(known),
        format_func=lambda group: f"{known[group][0]} {known[group][1]:,}" if group in known else group,
        key="numbers_group",
    )
    if chosen in known:
        behind.show(store, asked, Picked(known[chosen][0], Selection(chosen)), "numbers")


def _rate(label: str, rate: Rate, courses: Courses, metric: str, told: str) -> None:
    _card(label, percent(rate.value), stands_on(rate), told, courses, metric)


def _card(label: str, value: str, stands: str, told: str, courses: Courses | None = None, metric: str = "") -> None:
    course: Sequence[float] = ()
    if courses and courses.drawable(metric):
        # Streamlit draws a sparkline through what it is given; a period without a value has none.
        course = [point.value for point in courses.by_metric[metric] if point.value is not None]
        told += f" The line is its course by {courses.period}."
    st.metric(
        label,
        value,
        stands,
        delta_color="blue",
        delta_arrow="off",
        chart_data=course or None,
        chart_type="line",
        help=told,
        border=True,
        height="stretch",
    )
