"""What a visitor sees when something fails: a sentence and a way on. The trace goes to the log, never to the screen."""

import logging

import streamlit as st

from pilot_core.errors import PilotError

log = logging.getLogger(__name__)


def show_error(error: Exception) -> bool:
    """Show an uncaught error of a page; returns True, since Streamlit's own display would show the trace."""
    if isinstance(error, PilotError):
        st.error(str(error), icon=":material/error:")
    else:
        log.error("a page failed", exc_info=error)
        st.error(
            "Something went wrong on this page. Nothing you saved was lost; reload it, and tell us if it happens again."
        )
    return True
