"""What a visitor sees when something fails: a sentence and a way on. The trace goes to the log, never to the screen."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from pilot_core import logs
from pilot_core.errors import PilotError
from pilot_core.web.text import plain

log = logging.getLogger(__name__)

UNEXPECTED = (
    "Something went wrong on this page (id {id}). Nothing you saved was lost; reload it. "
    "If it happens again, tell the operations team this id: the log says more under it."
)


def show_error(error: Exception) -> bool:
    """Show an uncaught error of a page; returns True, since Streamlit's own display would show the trace."""
    if isinstance(error, PilotError):
        st.error(plain(str(error)), icon=":material/error:")
    else:
        # A callback or a fragment may run before the page that would have begun an id.
        reference = logs.present_id() or logs.begin()
        log.error("a page failed", exc_info=error)
        st.error(UNEXPECTED.format(id=reference))
    return True


@contextmanager
def told() -> Iterator[None]:
    """Whatever an action of the block is refused for is said here, and the page goes on."""
    try:
        yield
    except PilotError as error:
        show_error(error)
