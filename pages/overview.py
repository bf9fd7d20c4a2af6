import streamlit as st

from pilot_core.domain.roles import Role
from pilot_core.store.queries.overview import is_empty
from pilot_core.web.access.current_app import app
from pilot_core.web.access.page_guard import require
from pilot_core.web.components import deadline_lines, erasure_notice, links
from pilot_core.web.pages.overview import cards, inbox, pilot_list, summary

visitor = require(Role.VIEWER)


@st.fragment(run_every="20s")
def today() -> None:
    with st.skeleton(height=420):
        seen = summary.load_view(app().store, visitor.name, inbox.opened())
    st.title(inbox.headline(seen.counts, seen.now), anchor=False)
    deadline_lines.show_overview(app().store, seen.now)
    st.subheader("Needs you today", anchor=False)
    if seen.needs:
        with st.container(gap="small"):
            inbox.rows(app().store, seen.needs, seen.now, visitor.actor)
    else:
        st.markdown(":green[✓] Nothing needs you now.")
    st.space("small")
    cards.show(seen.headlines)


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
