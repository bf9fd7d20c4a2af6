"""The earlier attempts, locked: watched and read, not changed."""

import streamlit as st

from pilot_core.models import PilotRunAttempt
from pilot_core.web.player import media_for, player, seek
from pilot_core.web.review_page import threads
from pilot_core.web.review_page.decision import LEVELS
from pilot_core.web.review_page.room import Room, markers
from pilot_core.web.text import plain


def show(room: Room) -> None:
    """Draw those there are, folded; a film is fetched only when it is opened."""
    if len(room.attempts) < 2:
        return
    st.subheader("Earlier attempts", anchor=False)
    for attempt in room.attempts[1:]:
        title = f"Attempt {attempt.attempt_number}{_decided(attempt)}"
        opened = st.expander(title, icon=":material/lock:", key=f"earlier {attempt.attempt_id}", on_change="rerun")
        if opened.open:
            with opened:
                _one(room, attempt)


def _decided(attempt: PilotRunAttempt) -> str:
    return f" · {LEVELS[attempt.review.level.value][0].lower()}" if attempt.review else ""


def _one(room: Room, attempt: PilotRunAttempt) -> None:
    key = f"film {attempt.attempt_id}"
    st.caption("Locked since a newer one has arrived.")
    media = media_for(attempt)
    if media:
        player(sources=media, key=key, markers=markers(room, attempt, attempt))
    if attempt.review and attempt.review.notes:
        st.markdown(f"**{plain(attempt.review.by or 'Someone')}** said:")
        st.text(attempt.review.notes, width="stretch")
    threads.show(room, room.threads_on(attempt), locked=True, go_to=lambda frame: seek(key, frame))
