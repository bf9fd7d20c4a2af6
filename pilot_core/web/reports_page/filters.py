"""The cohort whose tables are taken out. Its filters stand in the address, named as on the metrics page."""

from datetime import date

import streamlit as st

from pilot_core.errors import InvalidRequest
from pilot_core.insight.cohort import Cohort
from pilot_core.store.cohorts import Choices
from pilot_core.web.cohort_filters import LISTS, day_field, lists
from pilot_core.web.text import plain

DAYS = ("from", "to")


def ask(choices: Choices, today: date) -> Cohort:
    """Draw the filters and give what they ask for; a value that is no choice is left out.

    Stops with a sentence where the days are in the wrong order.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        chosen = lists(choices)
        first = day_field("Created from", "from", choices, today, "The first day, in UTC.", 142)
        last = day_field("Created to", "to", choices, today, "The last day, in UTC.", 142)
    try:
        cohort = Cohort(*chosen, first, last)
    except InvalidRequest as refused:
        st.error(plain(str(refused)), icon=":material/error:")
        _clear_button()
        st.stop()
    if cohort != Cohort():
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(f"Only {plain(cohort.words)}", width="content")
            _clear_button()
    return cohort


def _clear_button() -> None:
    st.button("Clear filters", type="tertiary", icon=":material/close:", key="clear exports", on_click=_clear)


def _clear() -> None:
    for name in (*LISTS, *DAYS):
        st.session_state[name] = [] if name in LISTS else None
