"""Draw what is due for a pilot, the messages that could not be sent, and the calendar's address."""

from datetime import datetime

import streamlit as st

from pilot_core.domain.messages import KINDS
from pilot_core.formatting import ago, count
from pilot_core.messages import calendar, deadlines, outbox
from pilot_core.messages.deadlines import Due
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables.outbox import count_given_up, count_reminders, given_up
from pilot_core.web.access import page_guard
from pilot_core.web.access.current_app import app
from pilot_core.web.components import links, server_address
from pilot_core.web.components.errors import show_errors
from pilot_core.web.components.text import plain
from pilot_core.web.components.times import exact, viewer_zone

NAMED = 3
CALENDAR_KEY = "calendar address"


def sentence(due: Due, now: datetime) -> str:
    """Return what is due and when: "The founder’s review of attempt 2 is due in 5 h."."""
    if due.is_over(now):
        return f"{due.words} is late: it was due {ago(due.due_at, now)}."
    return f"{due.words} is due {ago(due.due_at, now)}."


def of_pilot(store: PilotStore, pilot_id: str, now: datetime) -> Due | None:
    """Return what is due for the pilot, if anything."""
    return next(iter(deadlines.dues(store.database, app().settings, now, pilot_id)), None)


def pause_reason(store: PilotStore, due: Due) -> str:
    """Return the suggested reason to pause a pilot whose founder does not answer."""
    number = due.attempt_number or 0
    reminders = store.database.read(lambda connection: count_reminders(connection, due.pilot_id, number))
    return deadlines.pause_reason(due, reminders, app().settings.hours)


def show_lost_messages(store: PilotStore) -> None:
    """Draw the messages that could not be sent."""
    lost, many = store.database.read(lambda connection: (given_up(connection, NAMED), count_given_up(connection)))
    if lost:
        st.markdown(f":red[■] {count(many, 'message')} could not be sent.")
    for message, deliveries in lost:
        why = next((d.trouble for d in deliveries if d.trouble), message.reason) or "It is not known why."
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"{plain(message.subject or KINDS[message.kind].label)}: {plain(why)}", width="content")
            if message.pilot_id:
                links.message_link(message.pilot_id)
            elif page_guard.may_change() and st.button("Cancel", key=f"call off {message.message_id}"):
                with show_errors():
                    outbox.cancel(store, message.message_id, page_guard.visitor().actor)
                    st.rerun()


def show_calendar(store: PilotStore) -> None:
    """Draw the controls of a lead's calendar of due dates. Its address is shown once."""
    if not page_guard.may_change():
        return
    with st.popover("Calendar of due dates", icon=":material/calendar_month:", type="tertiary"):
        visitor = page_guard.visitor()
        mine = [feed for feed in calendar.feeds(store) if feed.name.casefold() == visitor.name.casefold()]
        st.markdown("Your calendar program can subscribe to what is due, at an address that is secret.")
        if address := st.session_state.get(CALENDAR_KEY):
            st.code(address, language=None, wrap_lines=True)
            st.caption("Copy it now: it is not shown again.")
        elif mine:
            st.caption(f"You have one, made {exact(mine[0].created_at, viewer_zone())}. A new one ends it.")
        with st.container(horizontal=True, gap="small"):
            if st.button("Make a new address" if mine else "Make an address", key="make calendar"):
                with show_errors():
                    token = calendar.make_feed(store, visitor.actor)
                    st.session_state[CALENDAR_KEY] = f"{server_address.settings_here().address}/calendar/{token}.ics"
                    st.rerun()
            if mine and st.button("End it", key="end calendar"):
                with show_errors():
                    calendar.end_feed(store, visitor.actor)
                    st.session_state.pop(CALENDAR_KEY, None)
                    st.rerun()
