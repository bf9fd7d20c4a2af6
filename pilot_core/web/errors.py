"""What a visitor sees when something fails: a sentence and a way on. The trace goes to the log, never to the screen."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from pilot_core import logs
from pilot_core.errors import PilotError, StoreError
from pilot_core.web import access
from pilot_core.web.text import plain

log = logging.getLogger(__name__)

UNEXPECTED = (
    "Something went wrong on this page (id {id}). Nothing you saved was lost; reload it. "
    "If it happens again, tell the operations team this id: the log says more under it."
)


NOT_NOW = "Pilot Ops does not answer just now; try again in a minute."


def show_error(error: Exception) -> bool:
    """Show an uncaught error of a page; returns True, since Streamlit's own display would show the trace."""
    if isinstance(error, StoreError) and not _is_of_the_team():
        log.error("the store did not answer a visitor", exc_info=error)
        st.error(NOT_NOW, icon=":material/error:")
    elif isinstance(error, PilotError):
        st.error(plain(str(error)), icon=":material/error:")
    else:
        # A callback or a fragment may run before the page that would have begun an id.
        reference = logs.present_id() or logs.begin()
        log.error("a page failed", exc_info=error)
        st.error(UNEXPECTED.format(id=reference))
    return True


def _is_of_the_team() -> bool:
    """Whether the visitor may be told where the store lies; not when nobody can say who they are."""
    try:
        return access.visitor().on_the_team
    except PilotError:
        return False


@contextmanager
def told() -> Iterator[None]:
    """Whatever an action of the block is refused for is said here, and the page goes on."""
    try:
        yield
    except PilotError as error:
        show_error(error)
