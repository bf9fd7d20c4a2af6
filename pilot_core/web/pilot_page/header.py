"""The top of the page: whose pilot it is, what is recommended and why, where it stands in its lifecycle."""

import streamlit as st

from pilot_core import catalog
from pilot_core.formatting import count
from pilot_core.insight.recommend import State, recommend
from pilot_core.web.badges import badge
from pilot_core.web.pilot_page import lifecycle, standing
from pilot_core.web.pilot_page.state import View, put_away, told_by_others
from pilot_core.web.text import plain
from pilot_core.web.times import when
from pilot_core.web.verdicts import override_badge


def show(view: View) -> None:
    """Draw it, and what others did since the lead last looked."""
    pilot = view.pilot
    result = recommend(pilot)
    provisional = " This can still change." if result.state is State.PROVISIONAL else ""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(plain(pilot.company_name), anchor=False, width="content")
        badge(result.recommendation, result.words)
        if view.override:
            override_badge(view.override)
        st.markdown(plain(result.summary + provisional), width="content")
    brand = catalog.label("brand", pilot.brand_preset) if pilot.brand_preset else "no brand preset"
    used = f"{pilot.attempts_used} of {count(pilot.max_attempts, 'attempt')} used"
    facts = (pilot.founder_name, catalog.label("scenario", pilot.scenario_type), brand, used)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(" · ".join(map(plain, facts)), width="content")
        when(pilot.created_at, "began ")
    line = standing.steps(pilot, view.now)
    dark = st.context.theme.type == "dark"
    st.image(lifecycle.svg(line, dark=dark), width="stretch", alt=lifecycle.words(line))
    _news(view)


def _news(view: View) -> None:
    told = told_by_others(view, view.news)
    if not told:
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        lines = ["**Changed since you opened this page**", "", *(f"- {plain(sentence)}" for sentence in told)]
        st.markdown("\n".join(lines))
        st.button("Go on from the present state", icon=":material/done:", on_click=put_away, args=(view,))
