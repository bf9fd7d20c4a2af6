import streamlit as st

from pilot_core.domain.roles import Role
from pilot_core.errors import PilotNotFound
from pilot_core.web.access.current_app import app
from pilot_core.web.access.page_guard import require
from pilot_core.web.components import links, pilot_finder
from pilot_core.web.components.text import plain

require(Role.VIEWER)

pilot_id = st.query_params.get("pilot")
if not pilot_id:
    pilot_finder.show(app().store)
    st.stop()
try:
    pilot = app().store.load(pilot_id)
except PilotNotFound as error:
    pilot_finder.show_missing(str(error))
    st.stop()

st.title("Founder’s view", anchor=False)
st.caption("The review room as its founder sees it. This is a preview: nothing you do in it is recorded.")
links.pilot_link(pilot.pilot_id, f"Back to {plain(pilot.company_name)}", ":material/arrow_back:")
st.iframe(f"/review/preview/{pilot.pilot_id}", height=820)
