"""A server for the player's own tests: the product's routes around one page, which shows the player as asked."""

from pathlib import Path

import streamlit as st

from pilot_core.web.lifespan import lifespan
from pilot_core.web.routes import ROUTES

app = st.App(Path(__file__).parent / "player_page.py", routes=ROUTES, lifespan=lifespan)
