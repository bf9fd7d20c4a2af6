"""Whose clock: the time to approval, split by whom the pilots waited for."""

import plotly.graph_objects as go
import streamlit as st

from pilot_core.insight.waits import LABELS, Party, Waits, long, reading
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.waits import approved_waits
from pilot_core.web.pages.metrics.filters import Asked
from pilot_core.web.pages.metrics.plot import canvas


@st.fragment
def show(store: PilotStore, asked: Asked) -> None:
    """Draw the section, read when it is opened."""
    section = st.expander("Whose clock: who do approved pilots wait for?", key="whose_clock", on_change="rerun")
    if not section.open:
        return
    until = asked.as_of or store.clock()
    found = approved_waits(store.database, asked.cohort, until, as_of=asked.as_of)
    with section:
        st.caption(reading(found))
        if found.total:
            st.plotly_chart(figure(found), config={"displayModeBar": False}, alt=reading(found))


def figure(waits: Waits) -> go.Figure:
    """Return one bar, split by party."""
    drawn = canvas(x_title="Mean days per approved pilot", height=150, legend=True)
    for party in Party:
        days = waits.by_party[party].total_seconds() / 86_400 / waits.pilots
        if days:
            drawn.add_bar(
                x=[days],
                y=[""],
                name=LABELS[party],
                orientation="h",
                hovertemplate=f"{LABELS[party]}: {long(waits.by_party[party] / waits.pilots)}<extra></extra>",
            )
    drawn.update_layout(barmode="stack")
    return drawn
