"""The team's list of review room comments: filter, answer, and export for editing programs."""

from collections.abc import Mapping

import streamlit as st

from pilot_core.domain.attachments import Attachment
from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.comments import Comment
from pilot_core.domain.pilot import PilotStatus
from pilot_core.domain.reviews import TeamMember
from pilot_core.export.markers import MARKER_FORMATS
from pilot_core.formatting import count
from pilot_core.review.attachments import by_owner
from pilot_core.review.comments import Thread, counts_of, delete_comment, edit_comment, is_own, reply
from pilot_core.review.comments import threads_of as all_threads
from pilot_core.web.access import page_guard
from pilot_core.web.components.attachments import show_attachment
from pilot_core.web.components.comment_threads import show_comment, show_reply
from pilot_core.web.components.empty_state import empty_state
from pilot_core.web.components.errors import show_errors
from pilot_core.web.components.kept_text import TextForm, forget_arrived, kept_text
from pilot_core.web.pages.pilot import storyboard_state, videos
from pilot_core.web.pages.pilot.view import View
from pilot_core.web.routes import comment_exports

OPEN, RESOLVED = "Open", "Resolved"
STATES = {OPEN: False, RESOLVED: True}
EVERY, EVERYONE = "Every attempt", "Everyone"


def show(view: View) -> None:
    """Draw the comments with their filters."""
    st.header("Comments on the film", anchor=False)
    everything = all_threads(view.store, view.pilot_id)
    if not everything:
        empty_state(
            "What reviewers say of single frames will be here, to be answered and taken to an editor’s timeline."
        )
        return
    counts = counts_of(view.store, view.pilot_id)
    resolved = sum(c.resolved for c in counts.values())
    st.caption(f"{count(sum(c.open for c in counts.values()), 'comment')} open, {resolved} resolved.")
    chosen = _filtered(view, everything)
    if not chosen:
        st.markdown(":gray[No comment passes the filter.]")
    attached, with_plan = by_owner(view.store, view.pilot_id), storyboard_state.with_plan(view)
    for thread in chosen:
        with st.container(border=True, gap="small"):
            _thread(view, thread, attached, with_plan)
    forget_arrived()


def _filtered(view: View, everything: list[Thread]) -> list[Thread]:
    attempts = sorted({t.comment.attempt_number for t in everything}, reverse=True)
    authors = sorted({c.author for t in everything for c in (t.comment, *t.replies) if not c.deleted_at})
    with st.container(horizontal=True, vertical_alignment="bottom"):
        attempt = st.selectbox(
            "Attempt",
            [None, *attempts],
            format_func=lambda n: EVERY if n is None else f"Attempt {n}",
            key=view.key("comments attempt"),
            width=180,
        )
        author = st.selectbox(
            "With words of",
            [None, *authors],
            format_func=lambda name: EVERYONE if name is None else name,
            key=view.key("comments author"),
            width=220,
        )
        state = st.segmented_control("State", list(STATES), key=view.key("comments state"))
        st.space("stretch")
        _exports(view, attempts, attempt)
    resolved = STATES.get(state or "")
    return all_threads(view.store, view.pilot_id, attempt, resolved=resolved, author=author)


def _exports(view: View, attempts: list[int], asked: int | None) -> None:
    with st.popover("Take out", icon=":material/download:"):
        st.link_button("All comments, CSV", comment_exports.address(view.pilot_id, comment_exports.ALL))
        first_hour = st.checkbox("EDL starts at 01:00:00:00", True, key=view.key("edl from first hour"))
        for number in [asked] if asked else attempts:
            for suffix, kind in MARKER_FORMATS.items():
                name = f"attempt_{number}.{suffix}"
                where = comment_exports.address(view.pilot_id, name, edl_from_first_hour=first_hour or suffix != "edl")
                st.link_button(f"Attempt {number}, markers as {kind.label}", where)
        st.caption(
            "Final Cut Pro reads FCPXML. Premiere and DaVinci Resolve read FCP 7 XML. DaVinci Resolve reads timeline "
            "markers from the EDL. A marker is blue while its comment is open, red if it is not addressed, and green "
            "if it is addressed."
        )


def _thread(view: View, thread: Thread, attached: Mapping[str, Attachment], with_plan: set[int]) -> None:
    comment = thread.comment
    attempt = view.pilot.attempt(comment.attempt_number)
    st.caption(f"Attempt {comment.attempt_number} · {comment.timecode}")
    show_comment(comment, lambda frame: videos.go_to(view, attempt, frame))
    show_attachment(attached.get(comment.comment_id))
    if page_guard.may_change() and not comment.deleted_at and attempt.attempt_number in with_plan:
        st.button(
            "Open in the storyboard",
            key=view.key(f"story of {comment.comment_id}"),
            icon=":material/edit_note:",
            type="tertiary",
            on_click=storyboard_state.open_at,
            args=(view, attempt, float(comment.frame / comment.rate)),
        )
    for answer in thread.replies:
        show_reply(answer, view.now)
        show_attachment(attached.get(answer.comment_id))
        if page_guard.may_change():
            _own_actions(view, answer)
    if page_guard.may_change():
        _own_actions(view, comment, may_answer=True)


def _own_actions(view: View, comment: Comment, *, may_answer: bool = False) -> None:
    """Draw the buttons to answer a comment and to change one's own, while its attempt accepts comments."""
    newest = max((a.attempt_number for a in view.pilot.runs if a.state is AttemptState.READY), default=0)
    is_closed = view.pilot.status is PilotStatus.COMPLETED and not view.pilot.overridden_requests
    if is_closed or comment.attempt_number != newest:
        return
    speaker = TeamMember(view.lead, view.pilot_id)
    doing, comment_id = st.session_state.get(view.key("comment act"), ("", ""))
    if comment_id == comment.comment_id:
        _open_action(view, comment, doing)
        return
    offers = [("reply", "Answer")] if may_answer else []
    if is_own(speaker, comment) and not comment.deleted_at:
        offers += [("edit", "Edit"), ("delete", "Delete")]
    if offers:
        with st.container(horizontal=True, gap="small"):
            for name, label in offers:
                key = view.key(f"{name} {comment.comment_id}")
                st.button(label, key=key, type="tertiary", on_click=_open, args=(view, name, comment.comment_id))


def _open_action(view: View, comment: Comment, doing: str) -> None:
    speaker = TeamMember(view.lead, view.pilot_id)

    def answer(words: str) -> None:
        reply(view.store, speaker, comment.comment_id, words)
        _close(view)

    def edit(words: str) -> None:
        edit_comment(view.store, speaker, comment.comment_id, words)
        _close(view)

    if doing == "delete":
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown("Delete this?", width="content")
            if st.button("Delete", type="primary", key=view.key(f"really {comment.comment_id}")):
                with show_errors():
                    delete_comment(view.store, speaker, comment.comment_id)
                    _close(view)
                    st.rerun()
            st.button("Keep", key=view.key(f"keep {comment.comment_id}"), on_click=_close, args=(view,))
        return
    label, button, initial, save = {
        "reply": ("Your answer, which the reviewer sees", "Send answer", "", answer),
        "edit": ("Your words", "Save", comment.body, edit),
    }[doing]
    name = f"team {doing} {comment.comment_id}"
    if kept_text(name, save, TextForm(label, button, initial=initial, cancel="Cancel")):
        _close(view)
        st.rerun()


def _open(view: View, act: str, comment_id: str) -> None:
    st.session_state[view.key("comment act")] = (act, comment_id)


def _close(view: View) -> None:
    st.session_state.pop(view.key("comment act"), None)
