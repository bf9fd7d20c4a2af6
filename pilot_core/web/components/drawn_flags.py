"""A line on what earlier pilots with the same scenario and pacing were flagged for."""

import streamlit as st

from pilot_core.insight.drawn_flags import drawn_flags_sentence
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.drawn_flags import drawn_flags
from pilot_core.web.components.text import plain


def show(store: PilotStore, scenario: str, pacing: str, without: str = "") -> None:
    """Draw the line, if there are enough such pilots other than ``without``."""
    if told := drawn_flags_sentence(pacing, *drawn_flags(store.database, scenario, pacing, without)):
        st.caption(plain(told))
