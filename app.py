"""The server, composed: the Streamlit script, our routes, what stands before and beside them, what an error shows."""

import streamlit as st
from starlette.middleware import Middleware

from pilot_core.settings import ROOT
from pilot_core.web import opening
from pilot_core.web.errors import show_error
from pilot_core.web.lifespan import lifespan
from pilot_core.web.middleware import Guard
from pilot_core.web.routes import ROUTES

opening.check()

# The script must have no pages/ folder beside it: Streamlit would serve that folder without running the script,
# and every gate in it would be skipped.
app = st.App(
    ROOT / "pilot_core" / "web" / "entry.py",
    routes=ROUTES,
    middleware=[Middleware(Guard)],
    lifespan=lifespan,
    on_script_error=show_error,
)
