"""The top of the page: the pilot, its recommendation with the reason, and its lifecycle."""

import streamlit as st

from pilot_core import catalog
from pilot_core.formatting import count
from pilot_core.insight.recommend import State, recommend
from pilot_core.web.components.badges import badge
from pilot_core.web.components.text import plain
from pilot_core.web.components.times import when
from pilot_core.web.components.verdicts import override_badge
from pilot_core.web.pages.pilot import lifecycle, lifecycle_drawing
from pilot_core.web.pages.pilot.actions import dismiss
from pilot_core.web.pages.pilot.view import View, changes_by_people


def show(view: View) -> None:
    """Draw the header, and the changes by others since the lead last saw the pilot."""
    pilot = view.pilot
    result = recommend(pilot)
    provisional = " This can still change." if result.state is State.PROVISIONAL else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(plain(pilot.company_name), anchor=False, width="content")
        badge(result.recommendation, result.words, result.code)
        if view.override:
            override_badge(view.override)
        st.markdown(plain(result.summary + provisional), width="content")
    brand = catalog.label("brand", pilot.brand_preset) if pilot.brand_preset else "no brand preset"
    used = f"{pilot.attempts_used} of {count(pilot.max_attempts, 'attempt')} used"
    facts = [pilot.founder_name, catalog.label("scenario", pilot.scenario_type), brand, used]
    facts += [f"owned by {pilot.owner}"] if pilot.owner else []
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(" · ".join(map(plain, facts)), width="content")
        when(pilot.created_at, "began ")
    line = lifecycle.steps(pilot, view.now)
    st.html(lifecycle_drawing.drawing(line, dark=st.context.theme.type == "dark"))
    _news(view)


def _news(view: View) -> None:
    changes = changes_by_people(view, view.news)
    if not changes:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        lines = ["**Changed since you opened this page**", "", *(f"- {plain(sentence)}" for sentence in changes)]
        st.markdown("\n".join(lines))
        st.button("Go on from the present state", icon=":material/done:", on_click=dismiss, args=(view,))
