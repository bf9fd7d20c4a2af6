import streamlit as st

from pilot_core.errors import PilotNotFound
from pilot_core.web import access
from pilot_core.web.pilot_page import finder
from pilot_core.web.reports_page import exports, listing, one_pilot
from pilot_core.web.stores import store

visitor = access.require(access.Role.VIEWER)

if pilot_id := st.query_params.get("pilot"):
    try:
        one_pilot.show(store(), pilot_id, visitor.name)
    except PilotNotFound as error:
        finder.show_missing(str(error))
    st.stop()

st.title("Reports", anchor=False)
filed, tables = st.tabs(["Outcome reports", "Exports"], key="part", on_change="rerun", bind="query-params")
if filed.open:
    with filed:
        listing.show(store())
if tables.open:
    with tables:
        exports.show(store())
