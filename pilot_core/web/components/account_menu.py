"""The name of the signed-in visitor and the sign-out link, in the sidebar."""

import streamlit as st

from pilot_core.domain.roles import Role
from pilot_core.web.access.who import Visitor, Way
from pilot_core.web.components.text import plain


def show(present: Visitor) -> None:
    """Draw both for visitors who signed in. The local user of this machine has not signed in."""
    if present.way not in (Way.KEY, Way.ACCOUNT):
        return
    with st.sidebar:
        reads = ", reading only" if not present.may(Role.LEAD) else ""
        st.caption(f"Signed in as {plain(present.name)}{reads}")
        st.link_button("Sign out", "/sign-out", icon=":material/logout:", type="tertiary")
