import streamlit as st

from pilot_core.store.queries import PilotFilter, pilot_page
from pilot_core.web import access, links, pilot_table
from pilot_core.web.stores import store
from pilot_core.web.times import viewer_zone

access.require(access.Role.LEAD)

st.title("Overview")

search = st.text_input("Search", type="search", live="300ms", key="q", bind="query-params")
found = pilot_page(store().database, PilotFilter(search=search or ""))


def opened() -> None:
    if pilot_id := pilot_table.clicked(found.pilots):
        links.open_pilot(pilot_id)


if found.total:
    st.dataframe(
        pilot_table.frame(found.pilots, viewer_zone()),
        column_config=pilot_table.columns(opened),
        hide_index=True,
        alt="All pilots with recommendation, attempts and last step",
    )
elif search:
    st.info("No pilot matches this search.")
else:
    st.info("There is no pilot yet. Create the first one, and its first cut is made while you watch.")
    st.page_link(links.NEW_PILOT, label="New pilot", icon=":material/add_circle:")
