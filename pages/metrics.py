from datetime import UTC

import streamlit as st

from pilot_core.metrics import metrics_page
from pilot_core.store.cohorts import choices
from pilot_core.web import access, links
from pilot_core.web.metrics_page import cards, change, compare, filters, questions, verdict
from pilot_core.web.stores import store

visitor = access.require(access.Role.VIEWER)

st.title("Metrics", anchor=False)
known = choices(store().database)
if known.first_day is None:
    st.info("There is nothing to measure yet. The numbers begin with the first pilot.")
    if visitor.may(access.Role.LEAD):
        st.page_link(links.NEW_PILOT, label="New pilot", icon=":material/add_circle:")
    st.stop()

today = store().clock().astimezone(UTC).date()
asked = filters.ask(known, today)
filters.warn(asked)
with st.skeleton(height=900):
    page = metrics_page(store(), asked.cohort, as_of=asked.as_of)
if not page.measures.fates.pilots:
    st.info("No pilot is in this cohort. Take a filter away, or choose other days.", icon=":material/search_off:")
    st.stop()

verdict.show(page)
cards.show(page)
cards.pilots_behind(store(), asked, page)
compare.show(store(), known, asked, page, today)
questions.show(store(), asked, page)
change.show(page.measures.improvement)
