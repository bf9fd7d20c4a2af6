"""What a page shows when it has no pilot: a search, or a notice that the requested pilot does not exist."""

import streamlit as st

from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.overview import is_empty
from pilot_core.web.components import links, pilot_list
from pilot_core.web.components.text import plain


def show(store: PilotStore) -> None:
    """Draw the overview's search and list of all pilots."""
    st.title("Pilots", anchor=False)
    if is_empty(store.database):
        st.info("There is no pilot yet. Create the first one.")
        links.new_pilot_link()
        return
    pilot_list.show(store)


def show_missing(reason: str) -> None:
    """Draw a notice that there is no such pilot, with a link to all pilots."""
    st.title("Pilot", anchor=False)
    st.error(plain(reason), icon=":material/search_off:")
    st.page_link(links.OVERVIEW, label="All pilots are on the overview", icon=":material/arrow_back:")
