"""Comments on a video and the replies to them, as the team and reviewers read them."""

from collections.abc import Callable
from datetime import datetime

import streamlit as st

from pilot_core.domain.comments import Comment
from pilot_core.formatting import ago
from pilot_core.timecode import frame_to_seconds
from pilot_core.web.components.badges import Colour
from pilot_core.web.components.text import plain

DELETED = "This comment was taken back."


def show_comment(comment: Comment, go_to: Callable[[int], None] | None = None) -> None:
    """Draw one comment: its time in the video, its author, its text, and whether it is addressed."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if go_to:
            st.button(
                span(comment),
                key=f"go {comment.comment_id}",
                icon=":material/play_circle:",
                on_click=go_to,
                args=(comment.frame,),
            )
        else:
            st.markdown(f"**{span(comment)}**", width="content")
        st.markdown(f"**{plain(comment.author)}**{_team(comment)}", width="content")
        if comment.shape:
            st.badge("Marked", icon=":material/select:", color="gray")
        if comment.addressed is not None:
            word = "Addressed in" if comment.addressed else "Not addressed in"
            colour: Colour = "green" if comment.addressed else "orange"
            st.badge(f"{word} attempt {comment.judged_in}", color=colour)
    if comment.deleted_at:
        st.caption(DELETED)
    elif comment.body:
        st.text(comment.body, width="stretch")


def show_reply(reply: Comment, now: datetime) -> None:
    """Draw one reply within a thread."""
    st.markdown(f"↳ **{plain(reply.author)}**{_team(reply)} :gray[{ago(reply.created_at, now)}]")
    if reply.body:
        st.text(reply.body, width="stretch")


def span(comment: Comment) -> str:
    """Return the comment's time in the video: "0:12", or "0:12–0:15" for a range."""
    first = clock(int(frame_to_seconds(comment.frame, comment.rate)))
    if comment.end_frame is None:
        return first
    last = clock(int(frame_to_seconds(comment.end_frame, comment.rate)))
    return first if first == last else f"{first}–{last}"


def clock(seconds: int) -> str:
    """Format as minutes and seconds: ``75`` → "1:15"."""
    return f"{seconds // 60}:{seconds % 60:02d}"


def _team(comment: Comment) -> str:
    return " :gray[for the team]" if comment.from_team else ""
