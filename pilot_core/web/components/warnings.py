"""Warnings of an act that was saved but could not be completed, shown on the next page that is drawn."""

import streamlit as st

from pilot_core.domain.pilot import PilotRun
from pilot_core.web.components.text import plain

WAITING = "warnings"


def show_later(pilot: PilotRun) -> None:
    """Show the warnings of a pilot that was just saved when a page is next drawn."""
    if pilot.warnings:
        st.session_state[WAITING] = [*st.session_state.get(WAITING, []), *pilot.warnings]


def show_waiting() -> None:
    """Show the warnings that are waiting, once."""
    for sentence in st.session_state.pop(WAITING, []):
        st.warning(plain(sentence), icon=":material/warning:")
