"""The film under review, or beside the version before it, in step."""

from dataclasses import replace

import streamlit as st

from pilot_core.errors import NotAllowedNow
from pilot_core.models import PilotRunAttempt
from pilot_core.review.comments import Thread, judge_comment
from pilot_core.store.comments import Comment
from pilot_core.web.errors import told
from pilot_core.web.player import PlayerMedia, compare_player, media_for, player, seek
from pilot_core.web.review_page.room import FILM, Room, markers, shown_checksum
from pilot_core.web.review_page.threads import answered, said
from pilot_core.web.text import plain

VIEW = "view"
COMPARED = "compared"
WATCH, COMPARE = "watch", "compare"


def show(room: Room) -> bool:
    """Draw it; returns whether it is the one film, which can be commented on."""
    newest, previous = room.newest, room.previous
    assert newest is not None
    names = {WATCH: f"Attempt {newest.attempt_number}"}
    if previous:
        names[COMPARE] = f"Compare with attempt {previous.attempt_number}"
        asked = st.segmented_control(
            "View",
            list(names),
            default=WATCH,
            format_func=names.__getitem__,
            required=True,
            label_visibility="collapsed",
            width="stretch",
            key=VIEW,
        )
        if asked == COMPARE:
            _compare(room, newest, previous)
            return False
    media = _media(room, newest)
    if media:
        player(sources=media, key=FILM, markers=markers(room, newest, newest), dock=True)
    return media is not None


def go_to(frame: int) -> None:
    """Have the newest film go to a frame; for the callback of a button."""
    if VIEW in st.session_state:
        st.session_state[VIEW] = WATCH
    seek(FILM, frame)


def _compare(room: Room, newest: PilotRunAttempt, previous: PilotRunAttempt) -> None:
    left, right = _named(media_for(previous), previous), _media(room, newest)
    if not left or not right:
        st.info("One of the two films cannot be played just now, so there is nothing to compare.")
        return
    longer = previous if _seconds(left) > _seconds(right) else newest
    said_before = markers(room, previous, longer)
    compare_player(left, right, COMPARED, markers=said_before)
    if not said_before:
        st.caption(f"Nothing was said of attempt {previous.attempt_number} frame by frame.")
        return
    st.markdown(f"**What was said of attempt {previous.attempt_number}**: is it addressed now?")
    places = {marker.id: marker.frame for marker in said_before}
    for thread in room.threads_on(previous):
        if (place := places.get(thread.comment.comment_id)) is not None:
            with st.container(border=True):
                _judging(room, thread, place, newest)


def _judging(room: Room, thread: Thread, place: int, newest: PilotRunAttempt) -> None:
    """One thing that was said, at its ``place`` in the films that are compared, and whether it is addressed."""
    comment = thread.comment
    said(comment, lambda _: seek(COMPARED, place))
    for answer in thread.replies:
        answered(answer, room.now)
    if not room.takes_comments:
        return
    key = f"judged {comment.comment_id} {comment.addressed} {comment.judged_by}"
    st.segmented_control(
        "Is it addressed now?",
        [True, False],
        default=comment.addressed,
        format_func={True: "Addressed", False: "Not yet"}.__getitem__,
        label_visibility="collapsed",
        key=key,
        on_change=_judge,
        args=(room, comment, newest.attempt_number, key),
    )


def _judge(room: Room, comment: Comment, number: int, key: str) -> None:
    addressed = st.session_state.get(key)
    if addressed is None:  # tapped again: what was said stands
        st.session_state[key] = comment.addressed
        return
    with told():
        judge_comment(room.store, room.grant, comment.comment_id, bool(addressed), number)


def _media(room: Room, attempt: PilotRunAttempt) -> PlayerMedia | None:
    """The film with its checksum in the address: a browser never plays an older file under this one's name."""
    media = media_for(attempt)
    try:
        checksum = shown_checksum(room, attempt)
    except NotAllowedNow:
        media = None
    if media is None:
        st.info(
            plain(f"The film of attempt {attempt.attempt_number} cannot be played just now. Tell the team, please."),
            icon=":material/videocam_off:",
        )
        return None
    return _named(replace(media, video=f"{media.video}?v={checksum[:12]}"), attempt)


def _named(media: PlayerMedia | None, attempt: PilotRunAttempt) -> PlayerMedia | None:
    """The film under the name that reviewers know it by; its drafts are the team's matter."""
    return replace(media, label=f"Attempt {attempt.attempt_number}") if media else None


def _seconds(media: PlayerMedia) -> float:
    return float((media.frame_count or 0) / media.rate)
