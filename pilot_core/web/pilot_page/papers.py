"""The pilot's documents and files: read here, downloaded one by one, or taken as one zip."""

import streamlit as st

from pilot_core import services
from pilot_core.errors import PilotError
from pilot_core.export.shelf import UNLISTED, Item, shelf
from pilot_core.web import access
from pilot_core.web.downloads import EVERYTHING, address
from pilot_core.web.pilot_page.state import View, empty
from pilot_core.web.text import plain

LONGEST = 200_000
"""Bytes of a file that are shown here; nothing we write comes near it."""


def show(view: View) -> None:
    """Draw them."""
    items = [item for item in shelf(view.store, view.pilot) if item.name.rsplit("/", 1)[-1] not in UNLISTED]
    readable = {item.name: item for item in items if item.readable}
    choice, text = st.columns([2, 3], gap="large")
    with choice:
        if not any(item.attempt is None for item in items):
            empty("The runbook and the founder documents are not written yet. Write them here, then send them.")
            _write_button(view)
        asked = None
        if readable:
            asked = st.selectbox(
                "Document", list(readable), format_func=lambda name: _label(readable[name]), key=view.key("document")
            )
        if asked in readable:
            to = address(view.pilot_id, readable[asked].name)
            st.link_button("Download this document", to, icon=":material/download:", width="stretch")
        everything = address(view.pilot_id, EVERYTHING)
        st.link_button("Download everything, one zip", everything, icon=":material/folder_zip:", width="stretch")
        _files(view, items)
    with text:
        if asked in readable:
            _read(view, readable[asked])


def _write_button(view: View) -> None:
    if access.may_change() and st.button("Write the documents", type="primary", icon=":material/edit_document:"):
        try:
            services.write_documents(view.store, view.pilot)
        except PilotError as error:
            st.error(plain(str(error)))
            return
        st.rerun()


def _read(view: View, item: Item) -> None:
    try:
        text = view.store.media.fetched(item.path).read_bytes()[:LONGEST].decode("utf-8", "replace")
    except (OSError, PilotError):
        st.error("This document cannot be read any more. Reload the page.", icon=":material/error:")
        return
    st.code(text, language=None, wrap_lines=True, height=640)


def _files(view: View, items: list[Item]) -> None:
    with st.expander("All files", icon=":material/folder_open:"):
        lines = [f"- [{plain(_label(item))}]({address(view.pilot_id, item.name)})" for item in items]
        st.markdown("\n".join(lines))


def _label(item: Item) -> str:
    return item.title if item.attempt is None else f"Attempt {item.attempt}: {item.title}"
