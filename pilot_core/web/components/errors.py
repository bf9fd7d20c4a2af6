"""Show errors to visitors as a sentence. The traceback goes only to the log."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from pilot_core import logs
from pilot_core.errors import PilotError, StoreDamaged, StoreError
from pilot_core.web.access import page_guard
from pilot_core.web.components.text import plain

log = logging.getLogger(__name__)

UNEXPECTED = (
    "Something went wrong on this page (id {id}). Nothing you saved was lost; reload it. "
    "If it happens again, tell the operations team this id: the log says more under it."
)


NOT_NOW = "Pilot Ops does not answer just now; try again in a minute."
DAMAGED = "Pilot Ops cannot read its data. Tell the operations team; the log says what to do."


def show_error(error: Exception) -> bool:
    """Show an uncaught error of a page; returns True, since Streamlit's own display would show the trace."""
    if isinstance(error, StoreError) and not _is_of_the_team():
        log.error("the store did not answer a visitor", exc_info=error)
        st.error(DAMAGED if isinstance(error, StoreDamaged) else NOT_NOW, icon=":material/error:")
    elif isinstance(error, PilotError):
        st.error(plain(str(error)), icon=":material/error:")
    else:
        # A callback or fragment may run before the page has set an id.
        reference = logs.present_id() or logs.begin()
        log.error("a page failed", exc_info=error)
        st.error(UNEXPECTED.format(id=reference))
    return True


def _is_of_the_team() -> bool:
    """Whether the visitor may see where the store is; False while the store cannot be read to find out who they are."""
    try:
        return page_guard.visitor().on_the_team
    except PilotError:
        return False


@contextmanager
def show_errors() -> Iterator[None]:
    """Show a PilotError raised in the block at that place on the page, and continue with the page."""
    try:
        yield
    except PilotError as error:
        show_error(error)
