import streamlit as st

from pilot_core.web import access, cards, due_lines, erasing, links, needs, overview, pilot_list
from pilot_core.web.stores import store

visitor = access.require(access.Role.VIEWER)


@st.fragment(run_every="20s")
def today() -> None:
    with st.skeleton(height=420):
        seen = overview.look(store(), visitor.name, needs.opened())
    st.title(needs.headline(seen.standing, seen.now), anchor=False)
    due_lines.show_overview(store(), seen.now)
    st.subheader("Needs you today", anchor=False)
    if seen.needs:
        with st.container(gap="small"):
            needs.rows(store(), seen.needs, seen.now, visitor.name)
    else:
        st.markdown(":green[✓] Nothing needs you now.")
    st.space("small")
    cards.show(seen.headlines)


erasing.show_done()
if overview.is_empty(store()):
    st.title("No pilots yet", anchor=False)
    if not visitor.may(access.Role.LEAD):
        st.stop()
    st.markdown(
        "Create the first pilot. Its first cut is made while you watch, and then goes to the founder for review."
    )
    if st.button("Create the first pilot", type="primary", icon=":material/add_circle:"):
        st.switch_page(links.NEW_PILOT)
    st.stop()

today()
due_lines.show_calendar(store())
st.subheader("All pilots", anchor=False)
pilot_list.show(store())
