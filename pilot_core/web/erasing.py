"""What an erasure did, kept on screen until it was read: the page it was asked for on may be gone."""

import streamlit as st

from pilot_core.erasure import Erased
from pilot_core.web.text import plain

DONE = "what was erased"


def keep(done: Erased) -> None:
    """Have it said on the next page."""
    st.session_state[DONE] = done.told


def show_done() -> None:
    """Say what the last erasure of this session did, until it is put away."""
    told: list[str] | None = st.session_state.get(DONE)
    if not told:
        return
    with st.container(border=True):
        st.markdown("**Erased**")
        st.markdown("\n".join(f"- {plain(sentence)}" for sentence in told))
        st.button("Put this away", icon=":material/done:", key="put erasure away", on_click=_put_away)


def _put_away() -> None:
    st.session_state.pop(DONE, None)
