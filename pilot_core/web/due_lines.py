"""What is due, as small lines of the overview and of a pilot's page; messages given up on; the calendar's address."""

from datetime import datetime

import streamlit as st

from pilot_core.formatting import ago, count
from pilot_core.messages import calendar, clocks, outbox
from pilot_core.messages.clocks import Due
from pilot_core.messages.words import KINDS
from pilot_core.settings import settings
from pilot_core.store.outbox import count_given_up, given_up
from pilot_core.store.pilots import PilotStore
from pilot_core.store.waiting import reminders_since
from pilot_core.web import access, links
from pilot_core.web.errors import told
from pilot_core.web.stores import store as the_store
from pilot_core.web.text import plain
from pilot_core.web.times import exact, viewer_zone

NAMED = 3
CALENDAR_KEY = "calendar address"


def sentence(due: Due, now: datetime) -> str:
    """What a pilot waits for and until when: "The founder’s review of attempt 2 is due in 5 h."."""
    if due.is_over(now):
        return f"{due.words} is late: it was due {ago(due.due_at, now)}."
    return f"{due.words} is due {ago(due.due_at, now)}."


def of_pilot(store: PilotStore, pilot_id: str, now: datetime) -> Due | None:
    """What the pilot waits for, if it is open and not being made."""
    return next(iter(clocks.dues(store.database, settings(), now, pilot_id)), None)


def pause_reason(store: PilotStore, due: Due) -> str:
    """With what reason a silent founder's pilot is offered for pausing."""
    number = due.attempt_number or 0
    reminders = store.database.read(lambda connection: reminders_since(connection, due.pilot_id, number))
    return clocks.pause_reason(due, reminders, settings().hours)


def show_overview(store: PilotStore, now: datetime) -> None:
    """Draw what is late and what is ours today, and the messages that could not be sent."""
    late, today, pause = _late(str(store.root))
    parts = []
    if today:
        parts.append(f"{_named(today)} due from us today")
    if late:
        parts.append(f"{_named(late)} late")
    if pause:
        parts.append(f"{_named(pause)} could be paused, the founder being silent")
    if parts:
        st.caption(f":material/schedule: {' · '.join(parts)}")
    lost, many = store.database.read(lambda connection: (given_up(connection, NAMED), count_given_up(connection)))
    if lost:
        st.markdown(f":red[■] {count(many, 'message')} could not be sent, and nobody tries any more.")
    for message, deliveries in lost:
        why = next((d.trouble for d in deliveries if d.trouble), message.reason) or "It is not known why."
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"{plain(message.subject or KINDS[message.kind])}: {plain(why)}", width="content")
            if message.pilot_id:
                links.message_link(message.pilot_id)
            elif access.may_change() and st.button("Call it off", key=f"call off {message.message_id}"):
                with told():
                    outbox.call_off(store, message.message_id, access.visitor().name)
                    st.rerun()


def show_calendar(store: PilotStore) -> None:
    """Draw the way to a calendar of due dates, for leads: its address is shown once."""
    if not access.may_change():
        return
    with st.popover("Calendar of due dates", icon=":material/calendar_month:", type="tertiary"):
        visitor = access.visitor()
        mine = [feed for feed in calendar.feeds(store) if feed.name.casefold() == visitor.name.casefold()]
        st.markdown("Your calendar program can subscribe to what is due, at an address that is secret.")
        if address := st.session_state.get(CALENDAR_KEY):
            st.code(address, language=None, wrap_lines=True)
            st.caption("Copy it now: it is not shown again.")
        elif mine:
            st.caption(f"You have one, made {exact(mine[0].created_at, viewer_zone())}. A new one ends it.")
        with st.container(horizontal=True, gap="small"):
            if st.button("Make a new address" if mine else "Make an address", key="make calendar"):
                with told():
                    token = calendar.make_feed(store, visitor.name, is_account=visitor.way is access.Way.ACCOUNT)
                    st.session_state[CALENDAR_KEY] = f"{settings().address}/calendar/{token}.ics"
                    st.rerun()
            if mine and st.button("End it", key="end calendar"):
                with told():
                    calendar.end_feed(store, visitor.name)
                    st.session_state.pop(CALENDAR_KEY, None)
                    st.rerun()


@st.cache_data(ttl=60, show_spinner=False, max_entries=4)
def _late(root: str) -> tuple[list[str], list[str], list[str]]:
    """The companies of which something is late, of which something of ours is due today, and that could be paused."""
    config, now = settings(), the_store().clock()
    found = clocks.digest_dues(the_store().database, config, now)
    return (
        [due.company_name for due in found if due.is_over(now) and not due.to_pause],
        [due.company_name for due in found if not due.is_over(now)],
        [due.company_name for due in found if due.to_pause],
    )


def _named(companies: list[str]) -> str:
    """The first few by name, the others by number."""
    more = len(companies) - NAMED
    named = [plain(company) for company in companies[:NAMED]] + ([f"{more} more"] if more > 0 else [])
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
