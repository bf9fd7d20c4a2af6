"""The script Streamlit runs for every visit: says which pages this visitor may see, then runs the one asked for."""

import streamlit as st

from pilot_core.settings import ROOT
from pilot_core.web import links
from pilot_core.web.access import CLOSED, Role, visitor

IMAGES = ROOT / "pilot_core" / "web" / "images"

st.set_page_config(
    page_title="Pilot Ops", page_icon=str(IMAGES / "icon.svg"), layout="wide", initial_sidebar_state=230
)

if visitor().role is not Role.LEAD:
    st.error(CLOSED)
    st.stop()

st.logo(IMAGES / "wordmark.svg", size="large", icon_image=IMAGES / "icon.svg")
st.navigation(
    [
        st.Page(links.OVERVIEW, title="Overview", icon=":material/home:", default=True),
        st.Page(links.NEW_PILOT, title="New pilot", icon=":material/add_circle:"),
        st.Page(links.PILOT, title="Pilot", icon=":material/movie:"),
        st.Page(links.METRICS, title="Metrics", icon=":material/monitoring:"),
    ]
).run()
