"""The filters that select a cohort. Choices are stored in the page's address, so they are validated here."""

from dataclasses import dataclass
from datetime import date, datetime

import streamlit as st

from pilot_core.clock import end_of_day
from pilot_core.domain.feedback import FeedbackMode
from pilot_core.errors import InvalidRequest
from pilot_core.formatting import day
from pilot_core.insight.cohort import Cohort
from pilot_core.store.queries.cohorts import Choices
from pilot_core.web.components.cohort_filters import LISTS, active_filters, clear_button, day_field, day_range, lists
from pilot_core.web.components.text import plain

DAYS = ("from", "to", "as_of")
FEEDBACK = "feedback"
AS_OF = "What was known at the end of that day (UTC), judged by the present rules."
OTHER = "other_"
"""The prefix, in the page's address, of the filters of the cohort to compare with."""


@dataclass(frozen=True)
class Asked:
    """The selected cohort, and the moment (UTC) as of which it is shown; None for now."""

    cohort: Cohort
    as_of: datetime | None

    @property
    def words(self) -> str:
        """Return the filters as text for a sentence."""
        if self.as_of is None:
            return self.cohort.words
        return f"{self.cohort.words}, as of {self.as_of.day} {self.as_of:%b %Y}"

    @property
    def narrowed(self) -> bool:
        """Whether any filter is set."""
        return self != Asked(Cohort(), None)


def ask(choices: Choices, today: date, prefix: str = "") -> Asked:
    """Draw the filters and return the cohort they select; unknown values are ignored.

    Stops the page with a sentence where the days are in the wrong order.
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
            first, last = day_range(choices, today, prefix)
            at = day_field("As of", prefix + "as_of", choices, today, AS_OF)
    try:
        cohort = Cohort(*chosen, first, last, mode or FeedbackMode.HUMAN.value)
    except InvalidRequest as refused:
        st.error(plain(str(refused)))
        clear_button(prefix + "clear", clear, prefix)
        st.stop()
    asked = Asked(cohort, end_of_day(at) if at and at < today else None)
    if asked.narrowed:
        active_filters(asked.words, prefix + "clear", clear, prefix)
    return asked


def warn(asked: Asked) -> None:
    """Draw a warning if the page shows simulated feedback or a past date."""
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
    """Clear every filter; for a callback."""
    for name in LISTS:
        st.session_state[prefix + name] = []
    for name in DAYS:
        st.session_state[prefix + name] = None
    st.session_state[prefix + FEEDBACK] = FeedbackMode.HUMAN.value
