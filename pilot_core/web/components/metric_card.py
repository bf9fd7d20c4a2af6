"""A number as a card: its value, the counts behind it, and a sparkline."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st


@dataclass(frozen=True)
class MetricCard:
    """``basis`` is the counts and the range behind the value. ``course`` is the sparkline, if it has 2 values."""

    label: str
    value: str
    basis: str
    help: str
    course: Sequence[float] = ()
    chart: Literal["line", "bar"] = "line"


def show(card: MetricCard) -> None:
    """Draw the card."""
    st.metric(
        card.label,
        card.value,
        card.basis,
        delta_color="blue",
        delta_arrow="off",
        chart_data=list(card.course) or None,
        chart_type=card.chart,
        help=card.help,
        border=True,
        height="stretch",
    )
