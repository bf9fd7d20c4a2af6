"""What was said of each attempt, the latest first; simulated feedback is marked, and so is what was said over again."""

import streamlit as st

from pilot_core import catalog
from pilot_core.models import AttemptState, Feedback, FeedbackLevel, FeedbackMode, PilotRunAttempt
from pilot_core.web.badges import DOTS
from pilot_core.web.pilot_page import suggested
from pilot_core.web.pilot_page.state import View, empty
from pilot_core.web.pilot_page.words import LEVEL_WORDS
from pilot_core.web.text import plain
from pilot_core.web.times import when

CHANNELS = {"call": ", in a call", "meeting": ", in a meeting", "chat": ", in a chat", "other": ""}
SHAPES = {FeedbackLevel.APPROVE: "✓", FeedbackLevel.MINOR_CHANGES: "–", FeedbackLevel.MAJOR_CHANGES: "✗"}


def show(view: View) -> None:
    """Draw it."""
    runs = sorted(view.pilot.runs, key=lambda a: a.attempt_number, reverse=True)
    if not any(attempt.feedback for attempt in runs):
        empty("Nobody has said anything yet. What the founder says is logged at the top, beside the film.")
    found = suggested.of(view)
    for attempt in runs:
        if attempt.feedback:
            st.subheader(f"Attempt {attempt.attempt_number}", anchor=False)
            for given in reversed(attempt.feedback):
                _one(view, attempt, given, found)
        elif attempt.state is AttemptState.READY and len(runs) > 1:
            st.caption(f"Attempt {attempt.attempt_number} has no feedback.")


def _one(view: View, attempt: PilotRunAttempt, given: Feedback, found: suggested.Suggested) -> None:
    colour = DOTS[given.level.value][0]
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(f"{SHAPES[given.level]} {LEVEL_WORDS[given.level]}", color=colour)
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
            st.markdown(suggested.words(given.notes, waiting))
        elif given.notes.strip():
            st.text(given.notes, width="stretch")
        if given.flags:
            st.markdown(" ".join(f":gray-badge[{plain(catalog.label('flag', flag))}]" for flag in given.flags))
        suggested.show(view, given, found)
