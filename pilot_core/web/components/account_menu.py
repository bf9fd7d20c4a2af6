"""The signed-in visitor's name and the sign-out link, in the sidebar. The user of this machine gives a name there."""

import streamlit as st

from pilot_core.domain import limits
from pilot_core.domain.roles import Role
from pilot_core.services import names
from pilot_core.store.tables.display_names import given_name
from pilot_core.web.access.current_app import app
from pilot_core.web.access.who import Visitor, Way
from pilot_core.web.components.errors import show_errors
from pilot_core.web.components.text import plain


def show(present: Visitor) -> None:
    """Draw both for visitors who signed in. The user of this machine has not, and is asked for a name once."""
    if present.way is Way.HERE and app().store.database.read(given_name) is None:
        _ask_name(present)
    if present.way not in (Way.KEY, Way.ACCOUNT):
        return
    with st.sidebar:
        reads = ", reading only" if not present.may(Role.LEAD) else ""
        st.caption(f"Signed in as {plain(present.name)}{reads}")
        st.link_button("Sign out", "/sign-out", icon=":material/logout:", type="tertiary")


def _ask_name(present: Visitor) -> None:
    with st.sidebar, st.form("display name", border=True):
        name = st.text_input("Your name", max_chars=limits.NAME, help="Founders and your team see it on what you do.")
        if st.form_submit_button("Save your name"):
            with show_errors():
                names.set_display_name(app().store, name or "", present.actor)
                st.rerun()
