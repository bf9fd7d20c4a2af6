"""The filters of the tables to export; the address names them as on the metrics page."""

from datetime import date

import streamlit as st

from pilot_core.errors import InvalidRequest
from pilot_core.insight.cohort import Cohort
from pilot_core.store.queries.cohorts import Choices
from pilot_core.web.components.cohort_filters import LISTS, active_filters, clear_button, day_range, lists
from pilot_core.web.components.text import plain

DAYS = ("from", "to")
CLEAR = "clear exports"


def ask(choices: Choices, today: date) -> Cohort:
    """Draw the filters and return the cohort they select; unknown values are ignored.

    Stops the page with a sentence where the days are in the wrong order.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        chosen = lists(choices)
        first, last = day_range(choices, today, width=142)
    try:
        cohort = Cohort(*chosen, first, last)
    except InvalidRequest as refused:
        st.error(plain(str(refused)), icon=":material/error:")
        clear_button(CLEAR, _clear)
        st.stop()
    if cohort != Cohort():
        active_filters(cohort.words, CLEAR, _clear)
    return cohort


def _clear() -> None:
    for name in (*LISTS, *DAYS):
        st.session_state[name] = [] if name in LISTS else None
