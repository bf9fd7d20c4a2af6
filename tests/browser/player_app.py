"""A server for the player's own tests: the product's routes around one page, which shows the player as asked."""

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from pilot_core.web.access import current_app
from pilot_core.web.access.current_app import WithApp
from pilot_core.web.server.lifespan import lifespan
from pilot_core.web.server.routes import ROUTES

app = st.App(
    Path(__file__).parent / "player_page.py",
    routes=ROUTES,
    middleware=[Middleware(WithApp, current_app.app())],
    lifespan=lifespan,
)
