"""What the page shows without a pilot: a way to one."""

import streamlit as st

from pilot_core.store.judgements import standing_overrides
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries import PilotFilter, pilot_page
from pilot_core.web import links, pilot_table
from pilot_core.web.text import plain
from pilot_core.web.times import viewer_zone

SHOWN = 15


def show(store: PilotStore) -> None:
    """Draw a search over all pilots; before a word is typed, the ones with the latest steps."""
    st.title("Pilot", anchor=False)
    search = st.text_input(
        "Which pilot", type="search", live="300ms", placeholder="Founder, company or id", key="find_pilot"
    )
    found = pilot_page(store.database, PilotFilter(search=search or ""), "last_step", per_page=SHOWN)

    overrides = standing_overrides(store.database, [pilot.pilot_id for pilot in found.pilots])

    def opened() -> None:
        if pilot_id := pilot_table.clicked(found.pilots):
            links.open_pilot(pilot_id)

    if found.total:
        more = f", {SHOWN} of {found.total} shown" if found.total > SHOWN else ""
        st.caption(f"The latest step first{more}. A click on a company opens its pilot.")
        st.dataframe(
            pilot_table.frame(found.pilots, viewer_zone(), overrides),
            column_config=pilot_table.columns(opened),
            hide_index=True,
            alt="Pilots with recommendation, attempts and last step",
        )
    elif search:
        st.info("No pilot matches. Search for a part of the founder’s or company’s name, or the id.")
    else:
        st.info("There is no pilot yet. Create the first one.")
        links.new_pilot_link()


def show_missing(reason: str) -> None:
    """Say that there is no such pilot, and lead back."""
    st.title("Pilot", anchor=False)
    st.error(plain(reason), icon=":material/search_off:")
    st.page_link(links.OVERVIEW, label="All pilots are on the overview", icon=":material/arrow_back:")
