"""The button that undoes a decision, with the time that is left for it."""

from datetime import timedelta
from math import ceil

import streamlit as st

from pilot_core.web.review_page.writing import BROWSER, nothing

_COUNTDOWN = st.components.v2.component(
    "review_countdown",
    html=(BROWSER / "countdown.html").read_text("utf-8").replace("> <", ">\n<"),
    css=(BROWSER / "countdown.css").read_text("utf-8"),
    js=(BROWSER / "countdown.js").read_text("utf-8"),
)


def countdown(left: timedelta, key: str) -> bool:
    """Draw it; True when it was pressed. When the time is over it is gone, and the page runs again."""
    seconds = max(0, ceil(left.total_seconds())) + 1  # so that it is over here too when the page runs again
    told = _COUNTDOWN(key=key, data={"seconds": seconds}, on_undo_change=nothing, on_over_change=nothing)
    return bool(told.get("undo"))
