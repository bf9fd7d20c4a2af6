"""Who is signed in, and the way out, at the foot of the sidebar."""

import streamlit as st

from pilot_core.web.access import Role, Visitor, Way
from pilot_core.web.text import plain


def show(present: Visitor) -> None:
    """Draw them, for whoever signed in; who sits at the machine has nothing to sign out of."""
    if present.way not in (Way.KEY, Way.ACCOUNT):
        return
    with st.sidebar:
        reads = ", reading only" if present.role is Role.VIEWER else ""
        st.caption(f"Signed in as {plain(present.name)}{reads}")
        st.link_button("Sign out", "/sign-out", icon=":material/logout:", type="tertiary")
