import streamlit as st

from pilot_core.store.queries import decisions, measures
from pilot_core.web import access, charts, links
from pilot_core.web.stores import store

access.require(access.Role.LEAD)

st.title("Metrics", anchor=False)

with st.skeleton(height=700):
    measured, outcome = measures(store().database), decisions(store().database)
if not measured and not outcome.decided:
    st.info("There is nothing to measure yet. The charts begin with the first cut that is made.")
    st.page_link(links.NEW_PILOT, label="New pilot", icon=":material/add_circle:")
    st.stop()

left, right = st.columns(2, gap="large")
with left:
    st.subheader("Do first cuts come as fast as promised?", anchor=False)
    st.caption(charts.first_cuts_words(measured))
    st.plotly_chart(charts.first_cuts(measured), alt="Time-to-first-cut of each attempt over time, against the promise")
with right:
    st.subheader("Is there less rework?", anchor=False)
    st.caption(charts.iterations_words(measured))
    st.plotly_chart(charts.iterations(measured), alt="Iterations of each attempt over time, with their median")
with left:
    st.subheader("Is approval moving?", anchor=False)
    st.caption(charts.approvals_words(outcome))
    if charts.enough_for_a_trend(outcome.latest):
        st.plotly_chart(
            charts.approvals(outcome.latest), alt="Approval among the last ten decided pilots, with its 95% interval"
        )
    else:
        st.info(f"A trend is drawn from {charts.FEWEST} decided pilots on; there are {outcome.decided}.")
