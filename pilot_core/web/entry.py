"""The script Streamlit runs for every visit: says which pages this visitor may see, then runs the one asked for."""

import streamlit as st

from pilot_core.settings import ROOT
from pilot_core.web.access import Role, visitor

PAGES = ROOT / "pages"

st.set_page_config(page_title="Pilot Ops", page_icon=":material/movie:", layout="wide")

if visitor().role is not Role.LEAD:
    st.error("This dashboard is open only to the operations team, on the machine it runs on.")
    st.stop()

st.navigation(
    [
        st.Page(PAGES / "overview.py", title="Overview", icon=":material/home:", default=True),
        st.Page(PAGES / "new_pilot.py", title="New pilot", icon=":material/add_circle:"),
        st.Page(PAGES / "pilot.py", title="Pilot", icon=":material/movie:"),
        st.Page(PAGES / "metrics.py", title="Metrics", icon=":material/monitoring:"),
    ]
).run()
