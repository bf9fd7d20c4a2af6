"""The decision: an approval takes a second act that names the film; changes take a first reason."""

from collections.abc import Sequence

import streamlit as st

from pilot_core import catalog
from pilot_core.documents.checklists import ChecklistSection
from pilot_core.errors import PilotError
from pilot_core.formatting import count, seconds
from pilot_core.models import FeedbackLevel, PilotRunAttempt
from pilot_core.review.comments import is_own
from pilot_core.review.decisions import checklist_for, decide
from pilot_core.web.errors import show_error
from pilot_core.web.review_page.dock import Asked
from pilot_core.web.review_page.room import Room, shown_checksum
from pilot_core.web.review_page.writing import kept_text
from pilot_core.web.text import plain

ANCHOR = "decision"
APPROVING = "approving"
EARLIER = "not_addressed"
"""The flag that speaks of a version before."""

LEVELS = {
    FeedbackLevel.APPROVE.value: ("Approve", "You would publish it as it is."),
    FeedbackLevel.MINOR_CHANGES.value: ("Minor changes", "The idea is right, details are not."),
    FeedbackLevel.MAJOR_CHANGES.value: ("Major changes", "The idea, the message or the tone is wrong."),
}


def begin(room: Room, asked: Asked) -> None:
    """Put the decision before the reviewer that they began with the row of buttons."""
    assert room.newest is not None
    key = _key(room.newest, "level")
    changes = (FeedbackLevel.MINOR_CHANGES.value, FeedbackLevel.MAJOR_CHANGES.value)
    if asked == "approve":
        st.session_state[key] = FeedbackLevel.APPROVE.value
    elif st.session_state.get(key) not in changes:
        st.session_state[key] = FeedbackLevel.MINOR_CHANGES.value


def show(room: Room) -> None:
    """Draw it."""
    attempt = room.newest
    assert attempt is not None
    st.subheader("Your decision", anchor=ANCHOR)
    if given := attempt.review:
        word = LEVELS[given.level.value][0].lower()
        st.markdown(
            f"{plain(given.by or 'Someone')} has said “{word}” on this attempt. What you decide stands in its place."
        )
    level = st.radio(
        "What do you say?",
        list(LEVELS),
        index=None,
        format_func=lambda value: LEVELS[value][0],
        captions=[caption for _, caption in LEVELS.values()],
        label_visibility="collapsed",
        key=_key(attempt, "level"),
    )
    if level == FeedbackLevel.APPROVE.value:
        _approve(room, attempt)
    elif level:
        _changes(room, attempt, level)
    else:
        st.caption("Nothing is decided by waiting: only what you choose here counts.")


def _approve(room: Room, attempt: PilotRunAttempt) -> None:
    sections = checklist_for(room.pilot)
    if sections:
        st.markdown("Ready to publish? Tick what you have checked; it is kept with your approval.")
    for number, section in enumerate(sections):
        done = sum(bool(st.session_state.get(_key(attempt, item.id))) for item in section.items)
        title = f"{plain(section.title)} · {done} of {len(section.items)}"
        with st.expander(title, key=_key(attempt, f"section {number}")):
            for item in section.items:
                st.checkbox(plain(item.text), key=_key(attempt, item.id), wrap=True)
    number = attempt.attempt_number
    if st.button(f"Approve attempt {number}…", type="primary", icon=":material/verified:", width="stretch"):
        st.session_state[APPROVING] = attempt.attempt_id
    if st.session_state.get(APPROVING) == attempt.attempt_id:
        _ask(room, attempt, sections)


def _ask(room: Room, attempt: PilotRunAttempt, sections: Sequence[ChecklistSection]) -> None:
    items = [item.id for section in sections for item in section.items]
    ticked = [item for item in items if st.session_state.get(_key(attempt, item))]

    @st.dialog("Approve this film?", icon=":material/verified:", on_dismiss=_not_yet)
    def ask() -> None:
        try:
            checksum = shown_checksum(room, attempt)
        except PilotError as error:
            show_error(error)
            return
        st.markdown(f"**{film_words(attempt, checksum)}**")
        own = [t for t in room.threads_on(attempt) if is_own(room.grant, t.comment) and not t.comment.deleted_at]
        said = f"- {count(len(own), 'comment')} of yours will lead to no new version.\n" if own else ""
        st.markdown(
            "- This is the version you would publish as it is.\n"
            "- The pilot is completed, and no further version is made.\n"
            f"{said}"
            f"- {len(ticked)} of {len(items)} points are ticked on the checklist.\n"
            "- You can undo it for ten minutes."
        )
        with st.container(horizontal=True):
            if st.button(f"Yes, I approve it as {plain(room.grant.name)}", type="primary", width="stretch"):
                try:
                    number = attempt.attempt_number
                    decide(
                        room.store,
                        room.grant,
                        number,
                        FeedbackLevel.APPROVE,
                        checklist_ids=ticked,
                        approved_sha256=checksum,
                    )
                except PilotError as error:
                    show_error(error)
                else:
                    _not_yet()
                    st.rerun()
            if st.button("Not yet", width="stretch"):
                _not_yet()
                st.rerun()

    ask()


def film_words(attempt: PilotRunAttempt, checksum: str) -> str:
    """Exactly which film: "draft_v2.mp4 of attempt 2, 34 s, checksum 1a2b 3c4d 5e6f", as Markdown."""
    name = (attempt.video_path or "the film").rsplit("/", 1)[-1]
    draft = attempt.final_draft
    long = f", {seconds(draft.duration)}" if draft and draft.duration else ""
    short = " ".join(checksum[at : at + 4] for at in range(0, 12, 4))
    return f"{plain(name)} of attempt {attempt.attempt_number}{plain(long)}, checksum {short}"


def _not_yet() -> None:
    st.session_state.pop(APPROVING, None)


def _changes(room: Room, attempt: PilotRunAttempt, level: str) -> None:
    flags = [flag for flag in catalog.flags() if room.previous or flag != EARLIER]
    raised = st.pills(
        "What is it about?",
        flags,
        selection_mode="multi",
        format_func=lambda flag: catalog.label("flag", flag),
        key=_key(attempt, "flags"),
        wrap=True,
    )
    own = [t for t in room.threads_on(attempt) if is_own(room.grant, t.comment) and not t.comment.deleted_at]
    if own:
        st.caption(f"Your {count(len(own), 'comment')} on the film {'goes' if len(own) == 1 else 'go'} with it.")

    def work(words: str) -> None:
        decide(room.store, room.grant, attempt.attempt_number, level, list(raised or []), words)

    kept_text(
        f"decision {attempt.attempt_id}",
        work,
        label="What would you change first?",
        placeholder="From 0:12 to 0:20 I learn nothing new. Go straight to the result.",
        button=f"Send: {LEVELS[level][0].lower()}",
        may_be_empty=True,
    )
    with st.expander("What makes good feedback", icon=":material/lightbulb:"):
        st.markdown(
            "- Where: the moment in the film, such as 0:12.\n"
            "- What you see or hear there, and why it is a problem.\n"
            "- The most important point first. Three clear points help more than twenty.\n"
            "- What works, so that it stays.\n\n"
            "Hard to use: “It needs more energy.”  \n"
            "Easy to use: “From 0:12 to 0:20 I learn nothing new. Go straight to the result.”"
        )


def _key(attempt: PilotRunAttempt, name: str) -> str:
    return f"{name} {attempt.attempt_id}"
