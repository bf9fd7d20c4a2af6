"""The headline numbers as cards, and the pilots behind them."""

from dataclasses import replace

import streamlit as st

from pilot_core import catalog
from pilot_core.formatting import MISSING, count, percent, seconds
from pilot_core.insight.results import OutcomeCounts
from pilot_core.insight.stats import Rate
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.drilldown import Selection
from pilot_core.store.queries.metrics_page import MetricsPage
from pilot_core.web.components import metric_card
from pilot_core.web.components.metric_card import MetricCard
from pilot_core.web.pages.metrics import drilldown
from pilot_core.web.pages.metrics.filters import Asked
from pilot_core.web.pages.metrics.numbers import basis, cost, days, events, hours, left_out, rate_with_n, spread_in
from pilot_core.web.pages.metrics.plot import Drilldown


def pilot_counts(outcomes: OutcomeCounts, videos: int) -> str:
    """Return the number of pilots in each state, which add up to the whole cohort."""
    of_decided = [
        f"{n:,} {word}"
        for n, word in (
            (outcomes.approved, "approved"),
            (outcomes.dropped, "dropped"),
            (outcomes.exhausted, "out of attempts"),
        )
        if n
    ]
    others = [
        f"{n:,} {word}"
        for n, word in (
            (outcomes.open, "open"),
            (outcomes.paused, "paused"),
            (outcomes.dropped_external, "dropped for outside reasons"),
            (outcomes.closed, "closed undecided"),
        )
        if n
    ]
    decided = f"{outcomes.decided:,} decided" + (f" ({', '.join(of_decided)})" if of_decided else "")
    return f"{count(outcomes.pilots, 'pilot')}, {count(videos, 'video')}: {', '.join([decided, *others])}"


def show(page: MetricsPage) -> None:
    """Draw the cards."""
    found = page.measures
    st.markdown(f"{pilot_counts(found.outcomes, found.total_videos)}.")
    with st.grid(4, min_column_width=200, gap="small"):
        for card in (*_approval(page), *_effort(page), *_quality(page)):
            metric_card.show(card)


def _approval(page: MetricsPage) -> list[MetricCard]:
    found = page.measures
    return [
        _rate(
            page,
            "Pilots approved",
            found.approval_rate,
            "Approved of the decided pilots: those approved, dropped for our own reasons, or out of attempts. "
            f"If every open pilot fails: {rate_with_n(found.approval_if_open_fail)}; "
            f"if every one is approved: {rate_with_n(found.approval_if_open_pass)}.",
            "approval_rate",
        ),
        _rate(
            page,
            "Learning rate",
            found.learning_rate,
            "Pilots that ended with a usable answer, of all that ended: approved, or not approved with a reason in "
            "words and at least one flag on record. Pilots dropped for outside reasons count too.",
        ),
        _rate(
            page,
            "First-pass approval",
            found.first_pass_rate,
            "First attempts approved, of the first attempts that were reviewed.",
            "first_pass_rate",
        ),
        _rate(
            page,
            "Approval rate per review",
            found.review_approval_rate,
            "Reviews that approve, of all reviews. One pilot can have several, so this is not the share of pilots "
            "approved.",
            "review_approval_rate",
        ),
        MetricCard(
            "Time to approval",
            days(found.time_to_approval.median),
            events(found.time_to_approval, days),
            "When half of all pilots are approved, with how many of all are, and its 95% interval. Open pilots count "
            "for as long as they are followed, and other ends compete. “–” where half are not approved yet.",
        ),
    ]


def _effort(page: MetricsPage) -> list[MetricCard]:
    found = page.measures
    first, first_spread = spread_in(found.ttfc_first, "s")
    every, every_spread = spread_in(found.ttfc_attempt, "s")
    iterations, _ = spread_in(found.iterations_per_attempt, "")
    attempts, attempts_spread = spread_in(found.attempts_to_approval, "")
    promised = seconds(catalog.sla_limits().first_cut_seconds)
    return [
        _with_sparkline(
            page,
            MetricCard(
                "Time to first cut: first attempt",
                first,
                f"{first_spread}, n = {found.ttfc_first.n:,}",
                "Median over the pilots’ first attempts, with the 90th percentile and the mean. "
                f"The target is {promised}.",
            ),
            "ttfc_first",
        ),
        MetricCard(
            "Time to first cut: all attempts",
            every,
            f"{every_spread}, n = {found.ttfc_attempt.n:,}",
            "Median over all attempts with a known time, with the 90th percentile and the mean.",
        ),
        _with_sparkline(
            page,
            MetricCard(
                "Drafts per attempt",
                MISSING if found.iterations_per_attempt.mean is None else f"{found.iterations_per_attempt.mean:.1f}",
                f"mean; median {iterations}, n = {found.iterations_per_attempt.n:,}",
                "Drafts rendered within an attempt.",
            ),
            "iterations_per_attempt",
        ),
        MetricCard(
            "Attempts to approval",
            attempts,
            f"{attempts_spread}, n = {found.attempts_to_approval.n:,}",
            "Median number of the approved attempt, over the approved pilots. Beside them, "
            f"{found.outcomes.exhausted:,} ran out of attempts and {found.outcomes.still_open:,} are open.",
        ),
    ]


def _quality(page: MetricsPage) -> list[MetricCard]:
    found = page.measures
    each, sum_and_count = cost(found.cost_per_approved)
    return [
        _rate(
            page,
            "SLA met: all attempts",
            found.sla_all,
            "Attempts that met every limit of the SLA. Attempts that could not be measured are left out.",
            "sla_all",
        ),
        _rate(
            page,
            "SLA met: last attempt",
            found.sla_final,
            "Pilots whose last finished attempt met every limit of the SLA. Where that is not known they are left out.",
        ),
        _with_sparkline(
            page,
            MetricCard(
                "Cost per approved pilot",
                each,
                sum_and_count,
                "The cost of all decided pilots, divided by those approved.",
            ),
            "cost_per_approved",
        ),
        MetricCard(
            "Feedback latency",
            hours(found.feedback_latency.median),
            events(found.feedback_latency, hours) + left_out(found.latency_left_out),
            "From sending a video (its being ready, where nothing was sent) to its first feedback: when half have come "
            "in, with how many of all videos have (Kaplan–Meier, 95% interval). Videos not yet reviewed are counted "
            "for as long as they have waited.",
        ),
    ]


def _rate(page: MetricsPage, label: str, rate: Rate, explanation: str, metric: str = "") -> MetricCard:
    return _with_sparkline(page, MetricCard(label, percent(rate.value), basis(rate), explanation), metric)


def _with_sparkline(page: MetricsPage, card: MetricCard, metric: str) -> MetricCard:
    """Return the card with the metric's sparkline, if it has one."""
    if not page.sparklines.drawable(metric):
        return card
    # Streamlit draws a line through the values it gets, so periods without a value are left out.
    course = [point.value for point in page.sparklines.by_metric[metric] if point.value is not None]
    return replace(card, course=course, help=f"{card.help} The line is its course by {page.sparklines.period}.")


@st.fragment
def pilots_behind(store: PilotStore, asked: Asked, page: MetricsPage) -> None:
    """Draw the selection of a number, and the pilots it counts."""
    outcomes = page.measures.outcomes
    final = page.measures.sla_final
    groups = {
        "approved": ("Approved", outcomes.approved),
        "dropped": ("Dropped", outcomes.dropped),
        "exhausted": ("Out of attempts", outcomes.exhausted),
        "still_open": ("Still open", outcomes.still_open),
        "dropped_external": ("Dropped for outside reasons", outcomes.dropped_external),
        "closed": ("Closed undecided", outcomes.closed),
        "first_pass": ("Approved at the first attempt", page.measures.first_pass_rate.numerator),
        "answered": ("Ended with an answer", page.measures.learning_rate.numerator),
        "unanswered": (
            "Ended without an answer",
            page.measures.learning_rate.denominator - page.measures.learning_rate.numerator,
        ),
        "sla_final_missed": ("SLA missed by the last attempt", final.denominator - final.numerator),
    }
    known = {group: shown for group, shown in groups.items() if shown[1]}
    chosen = st.pills(
        "Pilots behind the numbers",
        list(known),
        format_func=lambda group: f"{known[group][0]} {known[group][1]:,}" if group in known else group,
        key="numbers_group",
    )
    if chosen in known:
        drilldown.show(store, asked, Drilldown(known[chosen][0], Selection(chosen)), "numbers")
