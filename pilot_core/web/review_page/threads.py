"""What was said of an attempt, frame by frame, with the team's answers; one's own words can be changed."""

from collections.abc import Callable, Sequence
from datetime import datetime

import streamlit as st

from pilot_core.formatting import ago
from pilot_core.review.comments import Thread, add_comment, delete_comment, edit_comment, is_own, reply
from pilot_core.store.comments import Comment, Shape
from pilot_core.timecode import frame_to_seconds
from pilot_core.web.badges import Colour
from pilot_core.web.errors import told
from pilot_core.web.player import CommentHere
from pilot_core.web.review_page.room import Room
from pilot_core.web.review_page.writing import kept_text
from pilot_core.web.text import plain

DELETED = "This comment was taken back."
OPEN = "open comment"
"""What is being done with which comment: (act, comment id)."""


def show(room: Room, threads: Sequence[Thread], *, locked: bool, go_to: Callable[[int], None] | None = None) -> None:
    """Draw them. ``locked`` ones are only read; ``go_to`` sends the film to a frame."""
    for thread in threads:
        with st.container(border=True, gap="small"):
            said(thread.comment, go_to)
            if not locked:
                _acts(room, thread.comment, thread)
            for answer in thread.replies:
                answered(answer, room.now)
                if not locked:
                    _acts(room, answer, None)


def add(room: Room, words: str, here: CommentHere) -> None:
    """Say something of the newest attempt; said again word for word, since an answer was lost, it is kept once."""
    attempt = room.newest
    assert attempt is not None
    known = {(t.comment.frame, t.comment.body, t.comment.author) for t in room.threads_on(attempt)}
    if (here.frame, words, room.grant.name) in known:
        return
    drawn = here.shape
    shape = Shape(drawn.x, drawn.y, drawn.width, drawn.height) if drawn else None
    number = attempt.attempt_number
    add_comment(room.store, room.grant, number, here.frame, words, end_frame=here.end_frame, shape=shape)


def said(comment: Comment, go_to: Callable[[int], None] | None = None) -> None:
    """One comment: when in the film, who, what, and whether it is addressed."""
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
    else:
        st.text(comment.body, width="stretch")


def answered(answer: Comment, now: datetime) -> None:
    """One answer within a thread."""
    st.markdown(f"↳ **{plain(answer.author)}**{_team(answer)} :gray[{ago(answer.created_at, now)}]")
    st.text(answer.body, width="stretch")


def span(comment: Comment) -> str:
    """When in the film: "0:12", or "0:12–0:15" for a range."""
    first = clock(int(frame_to_seconds(comment.frame, comment.rate)))
    if comment.end_frame is None:
        return first
    last = clock(int(frame_to_seconds(comment.end_frame, comment.rate)))
    return first if first == last else f"{first}–{last}"


def clock(seconds: int) -> str:
    """Minutes and seconds: ``75`` → "1:15"."""
    return f"{seconds // 60}:{seconds % 60:02d}"


def _team(comment: Comment) -> str:
    return " :gray[for the team]" if comment.from_team else ""


def _acts(room: Room, comment: Comment, thread: Thread | None) -> None:
    """What the reviewer may do with it: change or delete their own, answer the team."""
    if comment.deleted_at:
        return
    act, comment_id = st.session_state.get(OPEN, ("", ""))
    if comment_id == comment.comment_id and act:
        {"edit": _edit, "reply": _reply, "delete": _delete}[act](room, comment)
        return
    own = is_own(room.grant, comment)
    asked = thread is not None and any(answer.from_team for answer in thread.replies)
    offers = [("edit", "Edit"), ("delete", "Delete")] if own else []
    if asked or (thread is not None and comment.from_team):
        offers.append(("reply", "Reply"))
    if offers:
        with st.container(horizontal=True, gap="small"):
            for name, label in offers:
                key = f"{name} {comment.comment_id}"
                st.button(label, key=key, type="tertiary", on_click=_open, args=(name, comment.comment_id))


def _open(act: str, comment_id: str) -> None:
    st.session_state[OPEN] = (act, comment_id)


def _close() -> None:
    st.session_state.pop(OPEN, None)


def _edit(room: Room, comment: Comment) -> None:
    def work(words: str) -> None:
        edit_comment(room.store, room.grant, comment.comment_id, words)
        _close()

    _writing(f"edit {comment.comment_id}", work, "Your comment", "Save", comment.body)


def _reply(room: Room, comment: Comment) -> None:
    def work(words: str) -> None:
        reply(room.store, room.grant, comment.comment_id, words)
        _close()

    _writing(f"reply {comment.comment_id}", work, "Your answer", "Send answer", "")


def _writing(name: str, work: Callable[[str], None], label: str, button: str, initial: str) -> None:
    if kept_text(name, work, label=label, button=button, initial=initial, cancel="Cancel"):
        _close()
        st.rerun()


def _delete(room: Room, comment: Comment) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("Delete this?", width="content")
        if st.button("Delete", key=f"really {comment.comment_id}", type="primary"):
            with told():
                delete_comment(room.store, room.grant, comment.comment_id)
                _close()
                st.rerun()
        st.button("Keep", key=f"keep {comment.comment_id}", on_click=_close)
