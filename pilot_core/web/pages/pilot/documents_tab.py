"""The pilot's documents and files, which can be read or downloaded."""

import streamlit as st

from pilot_core.errors import PilotError
from pilot_core.export.pilot_files import PilotFile, files_of
from pilot_core.services import documents
from pilot_core.web.access import page_guard
from pilot_core.web.components.empty_state import empty_state
from pilot_core.web.components.text import plain
from pilot_core.web.pages.pilot.view import View
from pilot_core.web.routes.downloads import EVERYTHING, address

LONGEST = 200_000
"""The maximum number of bytes of a file that are shown. Our documents are shorter."""


def show(view: View) -> None:
    """Draw the documents and files."""
    items = [item for item in files_of(view.store, view.pilot) if item.listed]
    readable = {item.name: item for item in items if item.readable}
    choice, text = st.columns([2, 3], gap="large")
    with choice:
        if not any(item.attempt is None for item in items):
            empty_state("The runbook and the founder documents are not written yet. Write them here, then send them.")
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
    if page_guard.may_change() and st.button("Write the documents", type="primary", icon=":material/edit_document:"):
        try:
            documents.write_documents(view.store, view.pilot)
        except PilotError as error:
            st.error(plain(str(error)))
            return
        st.rerun()


def _read(view: View, item: PilotFile) -> None:
    try:
        text = (
            view.store.media.local_path(item.path, of=view.pilot_id).read_bytes()[:LONGEST].decode("utf-8", "replace")
        )
    except (OSError, PilotError):
        st.error("This document cannot be read any more. Reload the page.", icon=":material/error:")
        return
    st.code(text, language=None, wrap_lines=True, height=640)


def _files(view: View, items: list[PilotFile]) -> None:
    with st.expander("All files", icon=":material/folder_open:"):
        lines = [f"- [{plain(_label(item))}]({address(view.pilot_id, item.name)})" for item in items]
        st.markdown("\n".join(lines))


def _label(item: PilotFile) -> str:
    return item.title if item.attempt is None else f"Attempt {item.attempt}: {item.title}"
