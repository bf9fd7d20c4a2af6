"""The notice of what an erasure did, shown on the next page, since the page it was started from may no longer exist."""

import streamlit as st

from pilot_core.erasure.request import Erased
from pilot_core.web.components.text import plain

DONE = "what was erased"


def show_later(done: Erased) -> None:
    """Show what was erased on the next page."""
    st.session_state[DONE] = [*done.sentences, *done.warnings]


def show_done() -> None:
    """Show what the last erasure of this session did, until it is dismissed."""
    sentences: list[str] | None = st.session_state.get(DONE)
    if not sentences:
        return
    with st.container(border=True):
        st.markdown("**Erased**")
        st.markdown("\n".join(f"- {plain(sentence)}" for sentence in sentences))
        st.button("Put this away", icon=":material/done:", key="put erasure away", on_click=_dismiss)


def _dismiss() -> None:
    st.session_state.pop(DONE, None)
