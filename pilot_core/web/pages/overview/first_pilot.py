"""The overview of an empty store: what will happen, and three ways to begin."""

import streamlit as st

from pilot_core import catalog
from pilot_core.domain.actors import Actor
from pilot_core.domain.brief import Brief
from pilot_core.rendering.begin import begin
from pilot_core.services import pilots
from pilot_core.services.acts import Act
from pilot_core.store.pilots import PilotStore
from pilot_core.web.access import page_guard
from pilot_core.web.access.current_app import app
from pilot_core.web.access.idempotency import form_key
from pilot_core.web.components import links, warnings
from pilot_core.web.components.errors import show_errors

SAMPLE = "sample pilot"
STEPS = """
1. You enter who the founder is and what the video should say.
2. Pilot Ops makes the first video, in about a minute, and checks it against the SLA.
3. You send it to the founder, who watches it and approves it or asks for changes.
4. Each further attempt carries that feedback, until the founder approves or you stop.
5. The outcome report is filed by itself, and the metrics page counts the pilot.
"""


def show(store: PilotStore, actor: Actor) -> None:
    """Draw the page. Viewers only read what will happen."""
    st.title("No pilots yet", anchor=False)
    st.markdown(STEPS)
    if not page_guard.may_change():
        return
    with st.container(horizontal=True, gap="small"):
        if st.button("Create the first pilot", type="primary", icon=":material/add_circle:"):
            st.switch_page(links.NEW_PILOT)
        if st.button("Make a sample pilot", icon=":material/movie:"):
            with show_errors():
                links.open_pilot(_make_sample(store, actor))
    st.caption("The sample pilot is of a made-up company. It shows how a video is made, and can be erased afterwards.")
    st.markdown("To look around among two dozen made-up pilots, stop the server, fill the store, and start it again:")
    st.code("make demo", language="shell")


def _make_sample(store: PilotStore, actor: Actor) -> str:
    """Start a pilot with a scenario's example, and its first attempt. Returns its id."""
    scenario_id, example = next(iter(catalog.examples().items()))
    key = form_key(SAMPLE)
    brief = Brief.model_validate(example.model_dump())
    pilot = pilots.create_pilot("Sam Sample", example.product, scenario_id, brief=brief, now=store.clock())
    pilot = pilots.start_pilot(store, pilot, actor, key=key)
    begun, _ = begin(store, app().launch, pilot.pilot_id, "storyboard", Act(actor, key=f"{key} attempt"))
    warnings.show_later(begun)
    return pilot.pilot_id
