"""What a page shows when it has no pilot: a search, or a notice that the requested pilot does not exist."""

import streamlit as st

from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.lists import PilotFilter, pilot_page
from pilot_core.web.components import links, pilot_table
from pilot_core.web.components.text import plain

SHOWN = 15


def show(store: PilotStore) -> None:
    """Draw a search over all pilots. Without a search text, lists the pilots that changed last."""
    st.title("Pilot", anchor=False)
    search = st.text_input(
        "Which pilot", type="search", live="300ms", placeholder="Founder, company or id", key="find_pilot"
    )
    found = pilot_page(store.database, PilotFilter(search=search or ""), "last_step", per_page=SHOWN)
    if found.total:
        more = f", {SHOWN} of {found.total} shown" if found.total > SHOWN else ""
        st.caption(f"The latest step first{more}. A click on a company opens its pilot.")
        pilot_table.show(
            store, found.pilots, "Pilots with recommendation, attempts, last activity and owner", height="auto"
        )
    elif search:
        st.info("No pilot matches. Search for a part of the founder’s or company’s name, or the id.")
    else:
        st.info("There is no pilot yet. Create the first one.")
        links.new_pilot_link()


def show_missing(reason: str) -> None:
    """Draw a notice that there is no such pilot, with a link to all pilots."""
    st.title("Pilot", anchor=False)
    st.error(plain(reason), icon=":material/search_off:")
    st.page_link(links.OVERVIEW, label="All pilots are on the overview", icon=":material/arrow_back:")
