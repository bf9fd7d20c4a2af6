import streamlit as st

from pilot_core.review.shown import frame_count
from pilot_core.web import access
from pilot_core.web.review_page import decision, earlier, film, head, pulse, reading, thanks, threads
from pilot_core.web.review_page.dock import dock
from pilot_core.web.review_page.room import look
from pilot_core.web.review_page.writing import forget_arrived
from pilot_core.web.stores import store

grant = access.require_grant()
room = look(store(), grant)
head.show(room)
pulse.watch(store(), room.stamp)

if room.newest is None:
    st.info("The film is being made. It will be here, behind this same link, as soon as it is ready.")
    st.stop()

attempt = room.newest
closed = thanks.show(room)
takes_comments = room.takes_comments and not room.next_is_made

left, right = st.columns([5, 4], gap="large")
with left:
    is_here = film.show(room)

if takes_comments:
    with st.bottom:
        asked = dock(
            attempt.attempt_id,
            attempt.attempt_number,
            lambda words, here: threads.add(room, words, here),
            frame_count=frame_count(attempt),
            takes_comments=is_here,
            takes_decision=not closed,
        )
    if asked and not closed:
        decision.begin(room, asked)

with right:
    said = room.threads_on(attempt)
    if said:
        st.subheader("Comments", anchor=False)
        threads.show(room, said, locked=not takes_comments, go_to=film.go_to)
    reading.show(store(), attempt)
    if not closed:
        decision.show(room)
    earlier.show(room)

st.caption(
    "The team sees when you opened this page, how much of the film you watched, your comments and your decision, with "
    "your name and the time. Nothing else is recorded."
)
forget_arrived()
