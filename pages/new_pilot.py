from functools import partial

import streamlit as st

from pilot_core import catalog
from pilot_core.domain.roles import Role
from pilot_core.errors import PilotNotFound
from pilot_core.web.access.current_app import app
from pilot_core.web.access.idempotency import form_key
from pilot_core.web.access.page_guard import require
from pilot_core.web.components import drawn_flags, pilot_finder, render_progress, scenario_card
from pilot_core.web.components.text import plain
from pilot_core.web.pages.new_pilot import fields, form

visitor = require(Role.LEAD)

if created := form.created_pilot():
    st.query_params["pilot"] = created

if pilot_id := st.query_params.get("pilot"):
    try:
        pilot = app().store.load(pilot_id)
    except PilotNotFound as error:
        pilot_finder.show_missing(str(error))
        st.stop()
    st.title(plain(f"{pilot.founder_name}, {pilot.company_name}"), anchor=False)
    render_progress.show(app().store, pilot, visitor.actor)
    form.finish()
    st.stop()

form_key(form.FORM)
st.title("New pilot", anchor=False)
left, right = st.columns([3, 2], gap="large")
with left:
    fields.show(partial(form.submit, app().store, visitor.actor))
with right:
    scenario, brand = st.session_state[fields.key("scenario")], st.session_state[fields.key("brand")]
    scenario_card.show(scenario, brand)
    drawn_flags.show(app().store, scenario, catalog.brand(brand).pacing_label)
