"""The row of filters that names a cohort. What is chosen stands in the address, and is checked again here."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import streamlit as st

from pilot_core.errors import InvalidRequest
from pilot_core.formatting import day
from pilot_core.insight.cohort import Cohort
from pilot_core.models import FeedbackMode
from pilot_core.store.cohorts import Choices
from pilot_core.web.cohort_filters import LISTS, day_field, lists
from pilot_core.web.text import plain

DAYS = ("from", "to", "as_of")
FEEDBACK = "feedback"
AS_OF = "What was known at the end of that day (UTC), judged by the present rules."
OTHER = "other_"
"""Before a filter's name in the address: it is of the cohort compared with."""


@dataclass(frozen=True)
class Asked:
    """The cohort asked for, and the moment (UTC) as of which it is; None for now."""

    cohort: Cohort
    as_of: datetime | None

    @property
    def words(self) -> str:
        """The filters as a sentence names them."""
        if self.as_of is None:
            return self.cohort.words
        return f"{self.cohort.words}, as of {self.as_of.day} {self.as_of:%b %Y}"

    @property
    def narrowed(self) -> bool:
        """Whether any filter is set."""
        return self != Asked(Cohort(), None)


def ask(choices: Choices, today: date, prefix: str = "") -> Asked:
    """Draw the filters and give what they ask for; a value that is no choice is left out.

    Stops with a sentence where the days are in the wrong order.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        chosen = lists(choices, prefix)
        mode = st.selectbox(
            "Feedback",
            [mode.value for mode in FeedbackMode],
            format_func=str.capitalize,
            key=prefix + FEEDBACK,
            bind="query-params",
            width=140,
        )
        with st.popover("Days", icon=":material/calendar_month:", key=prefix + "days"):
            first = day_field("Created from", prefix + "from", choices, today, "The first day, in UTC.")
            last = day_field("Created to", prefix + "to", choices, today, "The last day, in UTC.")
            at = day_field("As of", prefix + "as_of", choices, today, AS_OF)
    try:
        cohort = Cohort(*chosen, first, last, mode or FeedbackMode.HUMAN.value)
    except InvalidRequest as refused:
        st.error(plain(str(refused)))
        _clear(prefix)
        st.stop()
    asked = Asked(cohort, _end_of(at) if at and at < today else None)
    if asked.narrowed:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(f"Only {plain(asked.words)}", width="content")
            _clear(prefix)
    return asked


def warn(asked: Asked) -> None:
    """Say loudly what is not the plain present of what people said."""
    if asked.cohort.mode == FeedbackMode.SIMULATED:
        st.warning(
            "**Simulated feedback.** Every number below counts what simulated reviewers said, and nothing that people "
            "said. It recommends nothing. Choose “Human” to see what counts.",
            icon=":material/smart_toy:",
        )
    if asked.as_of:
        st.info(
            f"As it was known at the end of {day(asked.as_of)} (UTC), judged by the present rules.",
            icon=":material/history:",
        )


def clear(prefix: str = "") -> None:
    """Take every filter away; called back before the page is drawn."""
    for name in LISTS:
        st.session_state[prefix + name] = []
    for name in DAYS:
        st.session_state[prefix + name] = None
    st.session_state[prefix + FEEDBACK] = FeedbackMode.HUMAN.value


def _clear(prefix: str) -> None:
    st.button(
        "Clear filters",
        type="tertiary",
        icon=":material/close:",
        key=prefix + "clear",
        on_click=clear,
        args=(prefix,),
    )


def _end_of(last: date) -> datetime:
    return datetime.combine(last + timedelta(days=1), datetime.min.time(), UTC) - timedelta(microseconds=1)
