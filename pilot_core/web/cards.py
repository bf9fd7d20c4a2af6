"""The overview's four numbers as cards: value, what it stands on, its course over the weeks."""

import math
from collections.abc import Sequence

import streamlit as st

from pilot_core import catalog
from pilot_core.formatting import MISSING, count, percent, seconds
from pilot_core.insight.stats import rate
from pilot_core.store.headlines import WEEKS, Headlines


def show(numbers: Headlines) -> None:
    """Draw them."""
    approval, kept = rate(numbers.approved, numbers.decided), rate(numbers.sla_kept, numbers.sla_n)
    promised = seconds(catalog.sla_limits().first_cut_seconds)
    window = f"Over the last {WEEKS} weeks. "
    with st.grid(4, min_column_width=150, gap="small"):
        _card(
            "Pilots approved",
            percent(approval.value),
            f"{numbers.approved} of {numbers.decided}" + _interval(approval.low, approval.high),
            numbers.approved_course,
            window
            + "Of the decided pilots: those approved, dropped for our own reasons, or out of attempts. The range is "
            "the 95% Wilson interval. The bars count approvals by week.",
            "bar",
        )
        _card(
            "Time-to-first-cut",
            seconds(numbers.first_cut_median),
            f"median of {count(numbers.first_cut_n, 'pilot')}",
            numbers.first_cut_course,
            window + f"First attempts, from their start to the first playable draft; {promised} are promised. "
            "The line is the median by week.",
        )
        _card(
            "Iterations",
            MISSING if numbers.iterations_mean is None else f"{numbers.iterations_mean:.1f}",
            f"mean of {count(numbers.iterations_n, 'attempt')}",
            numbers.iterations_course,
            window + "Drafts rendered within an attempt. The line is the mean by week.",
        )
        _card(
            "SLA kept",
            percent(kept.value),
            f"{numbers.sla_kept:,} of {numbers.sla_n:,}" + _interval(kept.low, kept.high),
            numbers.sla_course,
            window + "Attempts that kept every promise; what could not be measured is left out. The line is the share "
            "by week.",
        )


def _card(
    label: str, value: str, stands_on: str, course: Sequence[float | None], told: str, kind: str = "line"
) -> None:
    known = [math.nan if step is None else step for step in course]
    st.metric(
        label,
        value,
        stands_on,
        delta_color="blue",
        delta_arrow="off",
        chart_data=known if sum(not math.isnan(step) for step in known) > 1 else None,
        chart_type="bar" if kind == "bar" else "line",
        help=told,
        border=True,
        height="stretch",
    )


def _interval(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    return f", {percent(low).removesuffix('%')}–{percent(high)}"
