"""The script that Streamlit runs for every visit. It registers the visitor's pages and runs the requested one."""

import streamlit as st

from pilot_core.domain.roles import Role
from pilot_core.settings import ROOT
from pilot_core.web.access.page_guard import is_theirs, visitor
from pilot_core.web.access.who import CLOSED
from pilot_core.web.components import account_menu, keys, links
from pilot_core.web.components.warnings import show_waiting
from pilot_core.web.server import request_log

IMAGES = ROOT / "pilot_core" / "web" / "images"


present = visitor()

# The middleware admits only the team, and ends a session when its visitor's access ends. This holds without it.
if not present.on_the_team or not is_theirs(present):
    st.info(CLOSED, icon=":material/lock:")
    st.stop()

st.set_page_config(page_title="Pilot Ops", page_icon=str(IMAGES / "icon.svg"), layout="wide", initial_sidebar_state=230)
st.logo(IMAGES / "wordmark.svg", size="large", icon_image=IMAGES / "icon.svg")
pages = {
    st.Page(links.OVERVIEW, title="Overview", icon=":material/home:", default=True): Role.VIEWER,
    st.Page(links.NEW_PILOT, title="New pilot", icon=":material/add_circle:"): Role.LEAD,
    st.Page(links.PILOT, title="Pilot", icon=":material/movie:"): Role.VIEWER,
    st.Page(links.METRICS, title="Metrics", icon=":material/monitoring:"): Role.VIEWER,
    st.Page(links.REPORTS, title="Reports", icon=":material/description:"): Role.VIEWER,
    st.Page(links.DIAGNOSTICS, title="Diagnostics", icon=":material/build:"): Role.LEAD,
    st.Page(links.PREVIEW, title="Founder’s view", url_path="preview", visibility="hidden"): Role.VIEWER,
}
asked_for = st.navigation([page for page, role in pages.items() if present.may(role)])
account_menu.show(present)
keys.show()
with request_log.page(present, asked_for.url_path or "overview"):
    show_waiting()
    asked_for.run()
