"""Comments of the review room, for the team: filtered, answered, judged, and taken out for an editor's timeline."""

import streamlit as st

from pilot_core.formatting import count
from pilot_core.models import AttemptState, PilotStatus
from pilot_core.review.comments import Thread, counts_of, delete_comment, edit_comment, is_own, judge_comment, reply
from pilot_core.review.comments import threads_of as all_threads
from pilot_core.review.links import TeamMember
from pilot_core.store.comments import Comment
from pilot_core.web import access, comment_exports
from pilot_core.web.errors import told
from pilot_core.web.pilot_page import films
from pilot_core.web.pilot_page.state import View, empty
from pilot_core.web.review_page.threads import answered, said
from pilot_core.web.review_page.writing import forget_arrived, kept_text

OPEN, RESOLVED = "Open", "Resolved"
STATES = {OPEN: False, RESOLVED: True}
EVERY, EVERYONE = "Every attempt", "Everyone"


def show(view: View) -> None:
    """Draw them."""
    st.subheader("Comments on the film", anchor=False)
    everything = all_threads(view.store, view.pilot_id)
    if not everything:
        empty("What reviewers say of single frames will be here, to be answered and taken to an editor’s timeline.")
        return
    counts = counts_of(view.store, view.pilot_id)
    resolved = sum(c.resolved for c in counts.values())
    st.caption(f"{count(sum(c.open for c in counts.values()), 'comment')} open, {resolved} resolved.")
    chosen = _filtered(view, everything)
    if not chosen:
        st.markdown(":gray[No comment passes the filter.]")
    for thread in chosen:
        with st.container(border=True, gap="small"):
            _one(view, thread)
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
        for number in [asked] if asked else attempts:
            for kind, program in (("edl", "EDL"), ("xml", "FCP 7 XML")):
                where = comment_exports.address(view.pilot_id, f"attempt_{number}.{kind}")
                st.link_button(f"Attempt {number}, markers as {program}", where)
        st.caption("Premiere and DaVinci Resolve read the XML; most editing programs read the EDL.")


def _one(view: View, thread: Thread) -> None:
    comment = thread.comment
    attempt = view.pilot.attempt(comment.attempt_number)
    st.caption(f"Attempt {comment.attempt_number} · {comment.timecode}")
    said(comment, lambda frame: films.go_to(view, attempt, frame))
    for answer in thread.replies:
        answered(answer, view.now)
        if access.may_change():
            _own_acts(view, answer)
    if access.may_change():
        if not comment.deleted_at:
            _judge(view, comment)
        _own_acts(view, comment, may_answer=True)


def _judge(view: View, comment: Comment) -> None:
    """Whether a later attempt has addressed it."""
    later = [
        a.attempt_number
        for a in view.pilot.runs
        if a.state is AttemptState.READY and a.attempt_number > comment.attempt_number
    ]
    if not later or view.pilot.status is PilotStatus.COMPLETED:
        return
    choices = {n: f"Addressed in attempt {n}" for n in later} | {0: "Not addressed"}
    now = None if comment.addressed is None else comment.judged_in if comment.addressed else 0
    key = view.key(f"judge {comment.comment_id} {now}")

    def judge() -> None:
        chosen = st.session_state.get(key)
        if chosen is None:  # pressed again: what was said stands
            st.session_state[key] = now
            return
        with told():
            speaker = TeamMember(view.lead, view.pilot_id)
            judge_comment(view.store, speaker, comment.comment_id, bool(chosen), chosen or max(later))

    st.segmented_control(
        "Is it addressed?",
        list(choices),
        default=now if now in choices else None,
        format_func=choices.__getitem__,
        label_visibility="collapsed",
        key=key,
        on_change=judge,
    )


def _own_acts(view: View, comment: Comment, *, may_answer: bool = False) -> None:
    """Answering, and changing the team member's own words, where the attempt still takes words."""
    newest = max((a.attempt_number for a in view.pilot.runs if a.state is AttemptState.READY), default=0)
    if view.pilot.status is PilotStatus.COMPLETED or comment.attempt_number != newest:
        return
    speaker = TeamMember(view.lead, view.pilot_id)
    doing, comment_id = st.session_state.get(view.key("comment act"), ("", ""))
    if comment_id == comment.comment_id:
        _act(view, comment, doing)
        return
    offers = [("reply", "Answer")] if may_answer else []
    if is_own(speaker, comment) and not comment.deleted_at:
        offers += [("edit", "Edit"), ("delete", "Delete")]
    if offers:
        with st.container(horizontal=True, gap="small"):
            for name, label in offers:
                key = view.key(f"{name} {comment.comment_id}")
                st.button(label, key=key, type="tertiary", on_click=_open, args=(view, name, comment.comment_id))


def _act(view: View, comment: Comment, doing: str) -> None:
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
                with told():
                    delete_comment(view.store, speaker, comment.comment_id)
                    _close(view)
                    st.rerun()
            st.button("Keep", key=view.key(f"keep {comment.comment_id}"), on_click=_close, args=(view,))
        return
    label, button, initial, work = {
        "reply": ("Your answer, which the reviewer sees", "Send answer", "", answer),
        "edit": ("Your words", "Save", comment.body, edit),
    }[doing]
    name = f"team {doing} {comment.comment_id}"
    if kept_text(name, work, label=label, button=button, initial=initial, cancel="Cancel"):
        _close(view)
        st.rerun()


def _open(view: View, act: str, comment_id: str) -> None:
    st.session_state[view.key("comment act")] = (act, comment_id)


def _close(view: View) -> None:
    st.session_state.pop(view.key("comment act"), None)
