"""The headline numbers as cards, and the pilots behind them."""

import streamlit as st

from pilot_core.formatting import count
from pilot_core.insight.results import OutcomeCounts
from pilot_core.insight.stats import Rate
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.drilldown import Selection
from pilot_core.store.queries.metrics_page import MetricsPage
from pilot_core.store.queries.people_hours import people_hours
from pilot_core.web.components import headline_cards, links, metric_card
from pilot_core.web.components.headline_cards import with_sparkline
from pilot_core.web.components.metric_card import MetricCard
from pilot_core.web.components.numbers import cost, days_up, events, hours, left_out, rate_with_n, spread_in
from pilot_core.web.pages.metrics import drilldown
from pilot_core.web.pages.metrics.filters import Asked
from pilot_core.web.pages.metrics.plot import Drilldown

GROUP_KEY, BEHIND = "numbers_group", "behind"


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


def show(store: PilotStore, page: MetricsPage, window: str) -> None:
    """Draw the cards, each with the ``window`` of the page's filters on its face."""
    found = page.measures
    st.markdown(f"{pilot_counts(found.outcomes, found.total_videos)}.")
    metric_card.show_all((*_approval(page), *_effort(page), *_quality(page)), window, _behind)
    if spent := people_hours(store.database, page.cohort, page.as_of).sentence:
        st.caption(f"People’s hours: {spent}.")


def _behind(card: MetricCard) -> None:
    """Draw the link that lists the card's pilots below the cards."""
    address = {name: st.query_params.get_all(name) for name in st.query_params} | {BEHIND: [card.group]}
    st.page_link(links.METRICS, label="See the pilots", query_params=address)


def _approval(page: MetricsPage) -> list[MetricCard]:
    found = page.measures
    return [
        with_sparkline(
            headline_cards.approval(
                found,
                f"If every open pilot fails: {rate_with_n(found.approval_if_open_fail)}; "
                f"if every one is approved: {rate_with_n(found.approval_if_open_pass)}.",
            ),
            page.sparklines,
            "approval_rate",
        ),
        _rate(
            page,
            "Learning rate",
            found.learning_rate,
            "Pilots that ended with a usable answer, of all that ended: approved, or not approved with a reason in "
            "words and at least one flag on record. Pilots dropped for outside reasons count too.",
            group="answered",
        ),
        _rate(
            page,
            "First-pass approval",
            found.first_pass_rate,
            "First attempts approved, of the first attempts that were reviewed.",
            "first_pass_rate",
            group="first_pass" if found.first_pass_rate.numerator else "reviewed",
        ),
        _rate(
            page,
            "Approval rate per review",
            found.review_approval_rate,
            "Reviews that approve, of all reviews. One pilot can have several, so this is not the share of pilots "
            "approved.",
            "review_approval_rate",
            group="reviewed",
        ),
        MetricCard(
            "Time to approval",
            days_up(found.time_to_approval.median),
            events(found.time_to_approval, days_up),
            "When half of all pilots are approved, in days rounded up, with how many of all are, and its 95% interval. "
            "Open pilots count for as long as they are followed, and other ends compete. “–” where half are not "
            "approved yet.",
            group="approved",
        ),
    ]


def _effort(page: MetricsPage) -> list[MetricCard]:
    found = page.measures
    every, every_spread = spread_in(found.ttfc_attempt, "s")
    attempts, attempts_spread = spread_in(found.attempts_to_approval, "")
    return [
        with_sparkline(headline_cards.first_cut(found), page.sparklines, "ttfc_first"),
        MetricCard(
            "First cut: all attempts",
            every,
            f"{every_spread}, n = {found.ttfc_attempt.n:,}",
            "Median time to first cut of all attempts with a known time, with the 90th percentile and the mean.",
            group="with_video",
            left_out=headline_cards.left_out(found.ttfc_attempt.missing, "attempt", "without a time"),
        ),
        with_sparkline(headline_cards.drafts(found), page.sparklines, "iterations_per_attempt"),
        MetricCard(
            "Attempts to approval",
            attempts,
            f"{attempts_spread}, n = {found.attempts_to_approval.n:,}",
            "Median number of the approved attempt, over the approved pilots. Beside them, "
            f"{found.outcomes.exhausted:,} ran out of attempts and {found.outcomes.still_open:,} are open.",
            group="approved",
            left_out=headline_cards.left_out(
                found.attempts_to_approval.missing, "pilot", "without an approving review"
            ),
        ),
    ]


def _quality(page: MetricsPage) -> list[MetricCard]:
    found = page.measures
    each, sum_and_count = cost(found.cost_per_approved)
    return [
        with_sparkline(headline_cards.sla(found), page.sparklines, "sla_all"),
        _rate(
            page,
            "SLA met: last attempt",
            found.sla_final,
            "Pilots whose last finished attempt met every limit of the SLA. Where that is not known they are left out.",
            group="sla_final_missed" if found.sla_final.numerator < found.sla_final.denominator else "with_video",
        ),
        with_sparkline(
            MetricCard(
                "Cost per approved pilot",
                each,
                sum_and_count,
                "The cost of all decided pilots, as far as it is known, divided by those approved.",
                group="decided",
            ),
            page.sparklines,
            "cost_per_approved",
        ),
        MetricCard(
            "Feedback latency",
            hours(found.feedback_latency.median),
            events(found.feedback_latency, hours) + left_out(found.latency_left_out),
            "From sending a video (its being ready, where nothing was sent) to its first feedback: when half have come "
            "in, with how many of all videos have (Kaplan–Meier, 95% interval). Videos not yet reviewed are counted "
            "for as long as they have waited. Left out: reviews dated before the video "
            f"({found.latency_left_out.before_start:,}) or without a time ({found.latency_left_out.without_time:,}).",
            group="reviewed",
        ),
    ]


def _rate(page: MetricsPage, label: str, rate: Rate, explanation: str, metric: str = "", *, group: str) -> MetricCard:
    return with_sparkline(headline_cards.rate_card(label, rate, explanation, group), page.sparklines, metric)


@st.fragment
def pilots_behind(store: PilotStore, asked: Asked, page: MetricsPage) -> None:
    """Draw the selection of a number, and the pilots it counts."""
    outcomes = page.measures.outcomes
    final = page.measures.sla_final
    groups = {
        "decided": ("Decided", outcomes.decided),
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
        "reviewed": ("Reviewed", page.measures.reviewed_pilots),
    }
    # Groups of attempts, whose pilots are counted when they are listed.
    others = {"sla_missed": "SLA missed by an attempt", "with_video": "With a video", "all": "All pilots"}
    known = {group: f"{name} {n:,}" for group, (name, n) in groups.items() if n} | others
    if (asked_for := st.query_params.pop(BEHIND, None)) in known:
        st.session_state[GROUP_KEY] = asked_for
    chosen = st.pills(
        "Pilots behind the numbers",
        list(known),
        format_func=lambda group: known.get(group, group),
        key=GROUP_KEY,
    )
    if chosen in known:
        heading = groups[chosen][0] if chosen in groups else others[chosen]
        drilldown.show(store, asked, Drilldown(heading, Selection(chosen)), "numbers")
