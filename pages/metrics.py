from datetime import UTC

import streamlit as st

from pilot_core.domain.roles import Role
from pilot_core.store.queries.cohorts import choices
from pilot_core.store.queries.metrics_page import metrics_page
from pilot_core.web.access.current_app import app
from pilot_core.web.access.page_guard import require
from pilot_core.web.components import links
from pilot_core.web.pages.metrics import cards, compare, filters, improvement, questions, verdict, whose_clock, words

visitor = require(Role.VIEWER)

st.title("Metrics", anchor=False)
known = choices(app().store.database)
if known.first_day is None:
    st.info("There is nothing to measure yet. The numbers begin with the first pilot.")
    if visitor.may(Role.LEAD):
        st.page_link(links.NEW_PILOT, label="New pilot", icon=":material/add_circle:")
    st.stop()

today = app().store.clock().astimezone(UTC).date()
asked = filters.ask(known, today)
filters.warn(asked)
with st.skeleton(height=900):
    page = metrics_page(app().store, asked.cohort, as_of=asked.as_of)
if not page.measures.outcomes.pilots:
    st.info("No pilot is in this cohort. Take a filter away, or choose other days.", icon=":material/search_off:")
    st.stop()

verdict.show(app().store, asked, page)
cards.show(app().store, page, asked.words)
cards.pilots_behind(app().store, asked, page)
compare.show(app().store, known, asked, page, today)
questions.show(app().store, asked, page)
improvement.show(page.measures.improvement)
words.show(app().store, asked)
whose_clock.show(app().store, asked)
