"""The script Streamlit runs for every visit: says which pages this visitor may see, then runs the one asked for."""

import streamlit as st

from pilot_core.settings import ROOT
from pilot_core.web import links, request_log, signed_in
from pilot_core.web.access import Role, in_the_room, remember_whom_it_runs_for, show_no_grant, visitor

IMAGES = ROOT / "pilot_core" / "web" / "images"


def to_the_room() -> None:
    st.switch_page(links.REVIEW)


present = visitor()
remember_whom_it_runs_for(present)
room = st.Page(links.REVIEW, title="Review", icon=":material/rate_review:", visibility="hidden")

# One of the team who opened a review link sees in the room what the reviewer sees, and nothing around it.
if present.grant and (present.role is Role.REVIEWER or in_the_room()):
    st.set_page_config(page_title="Review", page_icon=str(IMAGES / "icon.svg"), layout="wide")
    found = st.navigation([st.Page(to_the_room, title="Review", default=True), room], position="hidden")
    with request_log.page(present, found.url_path or "overview"):
        found.run()
    st.stop()

if not present.on_the_team:
    show_no_grant(present)
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
    room: Role.REVIEWER,
}
asked_for = st.navigation([page for page, role in pages.items() if present.may(role)])
signed_in.show(present)
with request_log.page(present, asked_for.url_path or "overview"):
    asked_for.run()
