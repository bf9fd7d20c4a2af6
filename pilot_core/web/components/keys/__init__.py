"""The dashboard’s keys: ``/`` searches, ``g`` and a letter opens a page, ``?`` lists them."""

from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent
GO = {
    "o": ("/", "Overview"),
    "n": ("/new_pilot", "New pilot"),
    "m": ("/metrics", "Metrics"),
    "r": ("/reports", "Reports"),
}
"""The pages that ``g`` and a letter opens: the address, and the name in the list of keys."""

_KEYS = st.components.v2.component(
    "dashboard_keys",
    html=(HERE / "keys.html").read_text("utf-8"),
    css=(HERE / "keys.css").read_text("utf-8"),
    js=(HERE / "keys.js").read_text("utf-8"),
)


def show() -> None:
    """Listen for the keys on every page, and draw the button that lists them in the sidebar."""
    go = [{"key": key, "path": path, "name": name} for key, (path, name) in GO.items()]
    with st.sidebar:
        _KEYS(key="dashboard keys", data={"go": go})
