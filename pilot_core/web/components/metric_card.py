"""A number as a card: its value, the counts behind it, its window, a sparkline, and the pilots behind it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import streamlit as st

from pilot_core.formatting import MISSING
from pilot_core.web.components.text import plain


@dataclass(frozen=True)
class MetricCard:
    """``basis`` is the counts and the range behind the value. ``course`` is the sparkline, if it has 2 values, and
    ``course_words`` says what it shows, since the drawing has no text.

    ``left_out`` says how many cases have no value. ``group`` names the pilots behind it, as in
    ``store.queries.drilldown.GROUPS``.
    """

    label: str
    value: str
    basis: str
    help: str
    course: Sequence[float] = ()
    course_words: str = ""
    group: str = "all"
    left_out: str = ""

    @property
    def says_something(self) -> bool:
        """Whether there is a value. Costs of nothing say nothing either."""
        return self.value not in (MISSING, "$0.00")


def show_all(
    cards: Iterable[MetricCard], window: str, behind: Callable[[MetricCard], object], columns: int = 4
) -> None:
    """Draw the cards that say something, each with its window on its face and ``behind``, which opens its pilots."""
    shown = [card for card in cards if card.says_something]
    if not shown:
        return
    with st.grid(columns, min_column_width=200, gap="small"):
        for card in shown:
            with st.container(border=True, height="stretch", gap="xxsmall"):
                _show(card, window)
                behind(card)


def _show(card: MetricCard, window: str) -> None:
    st.metric(
        card.label,
        card.value,
        card.basis,
        delta_color="blue",
        delta_arrow="off",
        chart_data=list(card.course) or None,
        help=card.help,
    )
    for words in filter(None, (card.course_words, card.left_out, window[:1].upper() + window[1:])):
        st.caption(plain(words))
