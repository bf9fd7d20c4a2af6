"""The feedback on each attempt, the latest first, with simulated and superseded feedback marked."""

from collections.abc import Mapping

import streamlit as st

from pilot_core import catalog
from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.domain.feedback import Feedback, FeedbackLevel, FeedbackMode
from pilot_core.domain.requests import NOTES, Answer
from pilot_core.formatting import ago
from pilot_core.review.attachments import by_owner
from pilot_core.review.requests import answers_of, latest_answers
from pilot_core.web.components.attachments import show_attachment
from pilot_core.web.components.badges import DOTS
from pilot_core.web.components.empty_state import empty_state
from pilot_core.web.components.text import plain
from pilot_core.web.components.times import when
from pilot_core.web.pages.pilot import flag_suggestions
from pilot_core.web.pages.pilot.view import View

CHANNELS = {"call": ", in a call", "meeting": ", in a meeting", "chat": ", in a chat", "other": ""}
SHAPES = {FeedbackLevel.APPROVE: "✓", FeedbackLevel.MINOR_CHANGES: "–", FeedbackLevel.MAJOR_CHANGES: "✗"}


def show(view: View) -> None:
    """Draw the feedback with the flags it suggests."""
    runs = sorted(view.pilot.runs, key=lambda a: a.attempt_number, reverse=True)
    if not any(attempt.feedback for attempt in runs):
        empty_state("Nobody has said anything yet. What the founder says is logged at the top, beside the film.")
    found = flag_suggestions.suggested_flags(view)
    answers = latest_answers(answers_of(view.store, view.pilot_id))
    attached = by_owner(view.store, view.pilot_id)
    for attempt in runs:
        if attempt.feedback:
            st.header(f"Attempt {attempt.attempt_number}", anchor=False)
            for given in reversed(attempt.feedback):
                with st.container(border=True):
                    _feedback(view, attempt, given, found, answers)
                    show_attachment(attached.get(given.feedback_id))
        elif attempt.state is AttemptState.READY and len(runs) > 1:
            st.caption(f"Attempt {attempt.attempt_number} has no feedback.")


def _feedback(
    view: View,
    attempt: PilotRunAttempt,
    given: Feedback,
    found: flag_suggestions.Suggested,
    answers: Mapping[tuple[str, str], Answer],
) -> None:
    colour = DOTS[given.level.value][0]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(f"{SHAPES[given.level]} {given.level.label}", color=colour)
        if given.mode is FeedbackMode.SIMULATED:
            st.badge("Simulated, not counted", color="gray", icon=":material/smart_toy:")
        elif given is not attempt.review:
            st.badge("Said over again later", color="gray", icon=":material/history:")
        how = CHANNELS.get(given.channel, f", by {given.channel}") if given.channel else ""
        st.markdown(plain(f"{given.by or 'Someone unnamed'}{how}"), width="content")
        if given.received_at:
            when(given.received_at)
    waiting = found.waiting.get(given.feedback_id)
    if waiting:
        st.markdown(flag_suggestions.highlighted(given.notes, waiting))
    elif given.notes.strip():
        st.text(given.notes, width="stretch")
    if given.flags:
        st.markdown(" ".join(f":gray-badge[{plain(catalog.label('flag', flag))}]" for flag in given.flags))
    for subject in (*given.flags, NOTES):
        if answer := answers.get((given.feedback_id, subject)):
            st.caption(_answer(view, answer))
    flag_suggestions.show(view, given, found)


def _answer(view: View, answer: Answer) -> str:
    """Return whether a later attempt does what was asked, and who said so."""
    what = "What was written" if answer.subject == NOTES else f"“{catalog.label('flag', answer.subject)}”"
    verdict = "addressed" if answer.addressed else "not addressed"
    said = f"says {answer.answered_by}, {ago(answer.answered_at, view.now)}"
    return plain(f"{what}: {verdict} in attempt {answer.attempt_number}, {said}")
