"""Two cohorts side by side: their badges, every measure with its n, and differences of rates."""

from datetime import date

import pandas as pd
import streamlit as st

from pilot_core.formatting import MISSING, count
from pilot_core.formulas import neutral
from pilot_core.insight.results import Spread
from pilot_core.insight.stats import Rate
from pilot_core.insight.trends import difference_bounds
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.cohorts import Choices
from pilot_core.store.queries.metrics_page import MetricsPage, metrics_page
from pilot_core.web.components.numbers import cost, days_up, hours, rate_with_n, spread_in, time_to
from pilot_core.web.components.text import plain
from pilot_core.web.pages.metrics import filters, verdict
from pilot_core.web.pages.metrics.cards import pilot_counts

Row = tuple[str, str, str, str]


@st.fragment
def show(store: PilotStore, choices: Choices, asked: filters.Asked, page: MetricsPage, today: date) -> None:
    """Draw the switch; when it is on, the filters of the other cohort and both cohorts."""
    if not st.toggle("Compare with another cohort", key="compare", bind="query-params"):
        return
    with st.container(border=True):
        st.markdown("**The other cohort**")
        other = filters.ask(choices, today, filters.OTHER)
        if other == asked:
            st.info("Both cohorts are the same. Set a filter of the other one, such as another brand or other days.")
            return
        with st.skeleton(height=500):
            beside = metrics_page(store, other.cohort, as_of=other.as_of)
        if not beside.measures.outcomes.pilots:
            st.info("No pilot is in the other cohort. Take a filter away.", icon=":material/search_off:")
            return
        for column, words, found in zip(
            st.columns(2, gap="large"), (asked.words, other.words), (page, beside), strict=True
        ):
            with column:
                st.markdown(f"**{plain(_capital(words))}**")
                verdict.badge_line(found.programme)
                st.caption(pilot_counts(found.measures.outcomes, found.measures.total_videos))
        st.dataframe(
            table(page, beside, _capital(asked.words), _capital(other.words)),
            hide_index=True,
            height="content",
            alt="The measures of both cohorts, with the difference of rates",
        )
        st.caption(
            "Differences are in percentage points, the other cohort less this one, with Newcombe’s 95% interval. "
            "Where it spans 0 there is too little to tell them apart. Times show median, 90th percentile and mean."
        )


def table(one: MetricsPage, other: MetricsPage, one_words: str, other_words: str) -> pd.DataFrame:
    """Return one row per measure, with the values of both cohorts."""
    if one_words == other_words:
        other_words += " (other)"
    rows = [*_rates(one, other), *_others(one, other)]
    return pd.DataFrame(
        {
            "Measure": [row[0] for row in rows],
            neutral(one_words): [row[1] for row in rows],
            neutral(other_words): [row[2] for row in rows],
            "Difference": [row[3] for row in rows],
        }
    )


def difference(before: Rate, after: Rate) -> str:
    """Return text such as “12 points more (−8 to +31)”; “–” if either rate is 0 of 0. Never begins like a formula."""
    bounds = difference_bounds(before, after)
    if bounds is None or before.value is None or after.value is None:
        return MISSING
    change, low, high = (round(share * 100) for share in (after.value - before.value, *bounds))
    size = f"{count(abs(change), 'point')} {'less' if change < 0 else 'more'}" if change else "the same"
    points = f"{size} ({_signed(low)} to {_signed(high)})"
    return points if bounds[0] > 0 or bounds[1] < 0 else f"{points}, not told apart"


def _rates(one: MetricsPage, other: MetricsPage) -> list[Row]:
    a, b = one.measures, other.measures
    return [
        (label, rate_with_n(before), rate_with_n(after), difference(before, after))
        for label, before, after in (
            ("Pilots approved", a.approval_rate, b.approval_rate),
            ("… if every open pilot fails", a.approval_if_open_fail, b.approval_if_open_fail),
            ("… if every one is approved", a.approval_if_open_pass, b.approval_if_open_pass),
            ("Learning rate", a.learning_rate, b.learning_rate),
            ("First-pass approval", a.first_pass_rate, b.first_pass_rate),
            ("Approval rate per review", a.review_approval_rate, b.review_approval_rate),
            ("SLA met: all attempts", a.sla_all, b.sla_all),
            ("SLA met: last attempt", a.sla_final, b.sla_final),
        )
    ]


def _others(one: MetricsPage, other: MetricsPage) -> list[Row]:
    a, b = one.measures, other.measures
    rows = [
        ("Time to approval, all pilots", *(time_to(m.time_to_approval, days_up) for m in (a, b))),
        ("Feedback latency", *(time_to(m.feedback_latency, hours) for m in (a, b))),
        ("First cut: first attempt", *(_spread(m.ttfc_first, "s") for m in (a, b))),
        ("First cut: all attempts", *(_spread(m.ttfc_attempt, "s") for m in (a, b))),
        ("Drafts per attempt", *(_spread(m.iterations_per_attempt, "") for m in (a, b))),
        ("Attempts to approval", *(_spread(m.attempts_to_approval, "") for m in (a, b))),
        ("Cost per approved pilot", *(" · ".join(cost(m.cost_per_approved)) for m in (a, b))),
        ("Pilots reviewed", *(count(m.reviewed_pilots, "pilot") for m in (a, b))),
    ]
    return [(label, before, after, "") for label, before, after in rows]


def _spread(found: Spread, unit: str) -> str:
    if not found.n:
        return MISSING
    middle, spread = spread_in(found, unit)
    return f"{middle} ({spread}, n = {found.n:,})"


def _signed(points: int) -> str:
    return f"{'−' if points < 0 else '+' if points else ''}{abs(points)}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
