"""The server, composed: the Streamlit script, our routes, what runs beside them, and what happens on an error."""

import streamlit as st

from pilot_core.settings import ROOT
from pilot_core.web.errors import show_error
from pilot_core.web.lifespan import lifespan
from pilot_core.web.routes import ROUTES

# The script must have no pages/ folder beside it: Streamlit would serve that folder without running the script,
# and every gate in it would be skipped.
app = st.App(
    ROOT / "pilot_core" / "web" / "entry.py",
    routes=ROUTES,
    lifespan=lifespan,
    on_script_error=show_error,
)
