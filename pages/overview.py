import streamlit as st

from pilot_core.domain.roles import Role
from pilot_core.store.queries.headlines import headlines
from pilot_core.store.queries.overview import is_empty
from pilot_core.web.access.current_app import app
from pilot_core.web.access.page_guard import require
from pilot_core.web.components import deadline_lines, erasure_notice, links, live_updates
from pilot_core.web.pages.overview import cards, inbox, pilot_list, summary

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
    st.title("No pilots yet", anchor=False)
    if not visitor.may(Role.LEAD):
        st.stop()
    st.markdown(
        "Create the first pilot. Its first cut is made while you watch, and then goes to the founder for review."
    )
    if st.button("Create the first pilot", type="primary", icon=":material/add_circle:"):
        st.switch_page(links.NEW_PILOT)
    st.stop()

today()
deadline_lines.show_calendar(app().store)
st.subheader("All pilots", anchor=False)
pilot_list.show(app().store)
live_updates.show(number, lambda: "Pilots have changed. The page is updated when you leave the field.")
