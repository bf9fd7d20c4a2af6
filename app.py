"""The server, composed: the Streamlit script, our routes, the middleware before both, and what an error shows."""

import streamlit as st
from starlette.middleware import Middleware

from pilot_core.settings import ROOT
from pilot_core.web.access.current_app import WithApp
from pilot_core.web.components.errors import show_error
from pilot_core.web.server import startup_checks
from pilot_core.web.server.lifespan import lifespan
from pilot_core.web.server.middleware import Guard
from pilot_core.web.server.routes import ROUTES

pilot_ops = startup_checks.checked_app()

# The script must have no pages/ folder beside it: Streamlit would serve that folder without running the script,
# and every gate in it would be skipped.
app = st.App(
    ROOT / "pilot_core" / "web" / "server" / "entry.py",
    routes=ROUTES,
    middleware=[Middleware(WithApp, pilot_ops), Middleware(Guard)],
    lifespan=lifespan,
    on_script_error=show_error,
)
