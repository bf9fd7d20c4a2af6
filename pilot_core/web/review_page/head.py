"""The first lines: what this is, for whom and by whom, and under which name the reviewer speaks."""

import streamlit as st

from pilot_core.review.links import rename_reviewer
from pilot_core.store import reviews
from pilot_core.web.errors import told
from pilot_core.web.review_page.room import Room
from pilot_core.web.text import plain


def show(room: Room) -> None:
    """Draw them."""
    pilot, newest = room.pilot, room.newest
    version = f", attempt {newest.attempt_number}" if newest else ""
    sender = _sender(room)
    by = f", from {plain(sender)}" if sender else ""
    with st.container(gap=None):
        st.markdown(f"**{plain(pilot.company_name)}**{version} · for {plain(pilot.founder_name)}{by}")
        with st.popover(f"Reviewing as {plain(room.grant.name)} · not you?", type="tertiary", key="who"):
            _rename(room)


def _sender(room: Room) -> str:
    link = room.store.database.read(lambda connection: reviews.link(connection, room.grant.link_id))
    return link.created_by if link else ""


def _rename(room: Room) -> None:
    st.markdown("What you say from now on is said under this name.")
    with st.form("rename", border=False):
        name = st.text_input("Your name", room.grant.name, max_chars=200, key=f"name {room.grant.name}")
        if st.form_submit_button("Use this name", type="primary"):
            with told():
                rename_reviewer(room.store, room.grant, name or "")
                st.rerun()
