"""After the decision: thanks, what was said, what follows, and for ten minutes a way back."""

import streamlit as st

from pilot_core import catalog
from pilot_core.formatting import moment
from pilot_core.models import ApprovalOutcome, Feedback, FeedbackLevel, PilotStatus
from pilot_core.review.decisions import undo_decision, undo_until
from pilot_core.web.errors import told
from pilot_core.web.review_page.countdown import countdown
from pilot_core.web.review_page.decision import LEVELS, film_words
from pilot_core.web.review_page.room import Room
from pilot_core.web.text import plain


def show(room: Room) -> bool:
    """Draw it, if there is nothing left to decide; returns whether there is not."""
    given = room.own_decision
    if given:
        _own(room, given)
    elif room.pilot.status is PilotStatus.COMPLETED:
        _completed(room)
    elif room.next_is_made:
        st.info("The team is making the next version. It will be here, behind this same link.", icon=":material/movie:")
    else:
        return False
    return True


def _own(room: Room, given: Feedback) -> None:
    attempt = room.newest
    assert attempt is not None
    with st.container(border=True):
        st.subheader(f"Thank you, {plain(room.grant.name)}.", anchor=False)
        if given.level is FeedbackLevel.APPROVE:
            st.markdown(f"You approved **{film_words(attempt, given.sha256 or '')}**. The pilot is completed.")
        else:
            word = LEVELS[given.level.value][0].lower()
            coming = (
                "The next version is being made" if room.next_is_made else "The team reads it and makes the next one"
            )
            st.markdown(
                f"You asked for **{word}** on attempt {attempt.attempt_number}. "
                f"{coming}; it will be here, behind this same link."
            )
            if given.flags:
                st.markdown(" ".join(f":gray-badge[{plain(catalog.label('flag', flag))}]" for flag in given.flags))
            if given.notes:
                st.text(given.notes, width="stretch")
        if room.undoable and room.undoable.feedback_id == given.feedback_id:
            left = undo_until(given) - room.now
            if countdown(left, key=f"undo {given.feedback_id}"):
                with told():
                    undo_decision(room.store, room.grant, given.feedback_id)
                    st.rerun()
        else:
            st.caption("Something to add? Answer the message that brought you here.")


def _completed(room: Room) -> None:
    pilot = room.pilot
    approved = next(
        (a for a in room.attempts if a.review and a.review.level is FeedbackLevel.APPROVE),
        None,
    )
    if pilot.approval_outcome is ApprovalOutcome.APPROVED and approved and approved.review:
        by = plain(approved.review.by or "Someone")
        words = f"{by} approved attempt {approved.attempt_number}, {moment(approved.review.received_at)}."
    else:
        words = "This pilot has ended, so nothing is to be decided any more."
    st.info(f"{words} Everything stays here to be watched and read.", icon=":material/verified:")
