"""Shows the player as the address asks (``?attempt=2&mode=markers``), and counts the runs of the page."""

import streamlit as st

from pilot_core.domain.comments import Shape
from pilot_core.web.access.current_app import app
from pilot_core.web.components.player import Marker, compare_player, media_for, player, seek

MARKERS = [
    Marker("shot-2", 60, "Problem", kind="shot"),
    Marker("c1", 45, "The logo is cut off <b>here</b>", kind="issue", shape=Shape(0.1, 0.1, 0.3, 0.2)),
    Marker("c2", 120, "Slower, please", end_frame=168),
    Marker("c3", 200, "Fixed in this cut", kind="resolved", shape=Shape(0.5, 0.5)),
]

st.set_page_config(layout="wide")
asked = st.query_params
pilot = app().store.load(asked.get("pilot") or app().store.pilot_ids()[0])
attempt = pilot.attempt(int(asked.get("attempt", "1")))
mode = asked.get("mode", "plain")

st.session_state.runs = st.session_state.get("runs", 0) + 1
_, middle, _ = st.columns([1, 2, 1]) if mode != "compare" else st.columns([1, 4, 1])
with middle:
    if mode == "compare":
        compare_player(media_for(attempt), media_for(pilot.attempt(int(asked["with"]))), "film")
    else:
        player(media_for(attempt), "film", markers=[] if mode == "plain" else MARKERS)
    st.button("Go to frame 77", on_click=seek, args=("film", 77))
    st.text(f"runs {st.session_state.runs}")
