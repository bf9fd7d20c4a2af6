"""The script Streamlit runs for every visit: says which pages this visitor may see, then runs the one asked for."""

from urllib.parse import urlsplit

import streamlit as st

from pilot_core.settings import ROOT
from pilot_core.web import links
from pilot_core.web.access import Role, show_no_grant, visitor

IMAGES = ROOT / "pilot_core" / "web" / "images"


def to_the_room() -> None:
    st.switch_page(links.REVIEW)


present = visitor()
in_the_room = urlsplit(st.context.url or "").path.rstrip("/").endswith("/review")
room = st.Page(links.REVIEW, title="Review", icon=":material/rate_review:", visibility="hidden")

# A lead who opened a review link sees in the room what the reviewer sees, and nothing around it.
if present.grant and (present.role is Role.REVIEWER or in_the_room):
    st.set_page_config(page_title="Review", page_icon=str(IMAGES / "icon.svg"), layout="wide")
    st.navigation([st.Page(to_the_room, title="Review", default=True), room], position="hidden").run()
    st.stop()

st.set_page_config(page_title="Pilot Ops", page_icon=str(IMAGES / "icon.svg"), layout="wide", initial_sidebar_state=230)

if present.role is not Role.LEAD:
    show_no_grant(present)
    st.stop()

st.logo(IMAGES / "wordmark.svg", size="large", icon_image=IMAGES / "icon.svg")
st.navigation(
    [
        st.Page(links.OVERVIEW, title="Overview", icon=":material/home:", default=True),
        st.Page(links.NEW_PILOT, title="New pilot", icon=":material/add_circle:"),
        st.Page(links.PILOT, title="Pilot", icon=":material/movie:"),
        st.Page(links.METRICS, title="Metrics", icon=":material/monitoring:"),
        room,
    ]
).run()
