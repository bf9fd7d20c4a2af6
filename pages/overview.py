import streamlit as st

from pilot_core.domain.roles import Role
from pilot_core.store.queries.headlines import headlines
from pilot_core.store.queries.overview import is_empty
from pilot_core.web.access.current_app import app
from pilot_core.web.access.page_guard import require
from pilot_core.web.components import deadline_lines, erasure_notice, live_updates, pilot_list
from pilot_core.web.pages.overview import cards, first_pilot, inbox, summary

visitor = require(Role.VIEWER)


@st.fragment
def today() -> None:
    store, config = app().store, app().settings
    with st.skeleton(height=420):
        seen = summary.load_view(store, config, visitor.name, inbox.chosen_view(), inbox.opened())
    st.title(inbox.headline(seen.counts, seen.asked.now), anchor=False)
    deadline_lines.show_lost_messages(store)
    inbox.show(store, config, seen, visitor.actor)
    st.space("small")
    cards.show(headlines(store.database, seen.asked.now))


number = live_updates.present_number(app().store)
erasure_notice.show_done()
if is_empty(app().store.database):
    first_pilot.show(app().store, visitor.actor)
    live_updates.show(number, lambda: "")
    st.stop()

today()
deadline_lines.show_calendar(app().store)
st.header("All pilots", anchor=False)
pilot_list.show(app().store)
live_updates.show(number, lambda: "Pilots have changed. The page is updated when you leave the field.")
