import streamlit as st

from pilot_core.domain.roles import Role
from pilot_core.errors import PilotNotFound
from pilot_core.web.access.current_app import app
from pilot_core.web.access.page_guard import require
from pilot_core.web.components import pilot_finder
from pilot_core.web.pages.reports import exports, listing, one_pilot

visitor = require(Role.VIEWER)

if pilot_id := st.query_params.get("pilot"):
    try:
        one_pilot.show(app().store, pilot_id, visitor.actor)
    except PilotNotFound as error:
        pilot_finder.show_missing(str(error))
    st.stop()

st.title("Reports", anchor=False)
filed, tables = st.tabs(["Outcome reports", "Exports"], key="part", on_change="rerun", bind="query-params")
if filed.open:
    with filed:
        listing.show(app().store)
if tables.open:
    with tables:
        exports.show(app().store)
