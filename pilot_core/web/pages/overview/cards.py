"""The four headline numbers of the overview, for recent weeks."""

import math
from collections.abc import Sequence

import streamlit as st

from pilot_core import catalog
from pilot_core.formatting import MISSING, count, percent, seconds
from pilot_core.insight.stats import rate
from pilot_core.store.queries.headlines import WEEKS, Headlines
from pilot_core.web.components import metric_card
from pilot_core.web.components.metric_card import MetricCard


def show(numbers: Headlines) -> None:
    """Draw the cards."""
    approval, kept = rate(numbers.approved, numbers.decided), rate(numbers.sla_kept, numbers.sla_n)
    promised = seconds(catalog.sla_limits().first_cut_seconds)
    window = f"Over the last {WEEKS} weeks. "
    cards = (
        MetricCard(
            "Pilots approved",
            percent(approval.value),
            f"{numbers.approved} of {numbers.decided}" + _interval(approval.low, approval.high),
            window
            + "Of the decided pilots: those approved, dropped for our own reasons, or out of attempts. The range is "
            "the 95% Wilson interval. The bars count approvals by week.",
            _course(numbers.approved_course),
            "bar",
        ),
        MetricCard(
            "Time-to-first-cut",
            seconds(numbers.first_cut_median),
            f"median of {count(numbers.first_cut_n, 'pilot')}",
            window + f"First attempts, from their start to the first playable draft; {promised} are promised. "
            "The line is the median by week.",
            _course(numbers.first_cut_course),
        ),
        MetricCard(
            "Iterations",
            MISSING if numbers.iterations_mean is None else f"{numbers.iterations_mean:.1f}",
            f"mean of {count(numbers.iterations_n, 'attempt')}",
            window + "Drafts rendered within an attempt. The line is the mean by week.",
            _course(numbers.iterations_course),
        ),
        MetricCard(
            "SLA met",
            percent(kept.value),
            f"{numbers.sla_kept:,} of {numbers.sla_n:,}" + _interval(kept.low, kept.high),
            window + "Attempts that met every limit of the SLA, where it was measured. The line is the share by week.",
            _course(numbers.sla_course),
        ),
    )
    with st.grid(4, min_column_width=150, gap="small"):
        for card in cards:
            metric_card.show(card)


def _course(steps: Sequence[float | None]) -> list[float]:
    """Return the values of a sparkline, with a gap for a week without one; empty if there are fewer than two."""
    known = [math.nan if step is None else step for step in steps]
    return known if sum(not math.isnan(step) for step in known) > 1 else []


def _interval(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    return f", {percent(low).removesuffix('%')}–{percent(high)}"
