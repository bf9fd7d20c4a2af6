import streamlit as st

from pilot_core import catalog
from pilot_core.errors import PilotNotFound
from pilot_core.models import Brief
from pilot_core.web import access, making, new_pilot_form, scenario_card
from pilot_core.web.new_pilot_form import EXAMPLES, PIPELINES, key, problem, text
from pilot_core.web.once import token
from pilot_core.web.pilot_page import finder
from pilot_core.web.stores import store
from pilot_core.web.text import plain
from pilot_core.web.upload_field import upload_field

visitor = access.require(access.Role.LEAD)

if created := new_pilot_form.sent():
    st.query_params["pilot"] = created

if pilot_id := st.query_params.get("pilot"):
    try:
        pilot = store().load(pilot_id)
    except PilotNotFound as error:
        finder.show_missing(str(error))
        st.stop()
    st.title(plain(f"{pilot.founder_name}, {pilot.company_name}"), anchor=False)
    making.show(store(), pilot, visitor.name)
    new_pilot_form.done()
    st.stop()

token(new_pilot_form.FORM)
st.title("New pilot", anchor=False)
form, card = st.columns([3, 2], gap="large")

with form:
    founder, company = st.columns(2)
    with founder:
        text("Founder", "founder", max_chars=200, placeholder="Alice Chen")
    with company:
        text("Company", "company", max_chars=200, placeholder="Northbeam AI")
    scenarios, brands = catalog.scenarios(), catalog.brands()
    st.radio(
        "Scenario",
        list(scenarios),
        format_func=lambda name: scenarios[name].label,
        captions=[
            f"{s.description}, {s.min_seconds:.0f}–{s.max_seconds:.0f} s. {s.explanation}" for s in scenarios.values()
        ],
        key=key("scenario"),
        persist_state="session",
    )
    st.radio(
        "Brand",
        list(brands),
        index=list(brands).index(catalog.default_brand().id),
        format_func=lambda name: brands[name].label,
        captions=[b.explanation for b in brands.values()],
        key=key("brand"),
        persist_state="session",
    )
    example = EXAMPLES.get(st.session_state[key("scenario")], Brief())
    st.subheader("The brief", anchor=False)
    st.caption("Optional. Where a line is empty, the scenario's own wording stands in, in brackets.")
    text("Product", "product", max_chars=80, placeholder=example.product)
    text("The message, in one line", "message", max_chars=160, placeholder=example.message)
    st.text_area(
        "Proof points, one a line: up to five, of 120 characters",
        key=key("proof_points"),
        height=110,
        placeholder="\n".join(example.proof_points),
        on_change="ignore",
        persist_state="session",
    )
    problem("proof_points")
    text("Call to action", "call_to_action", max_chars=60, placeholder=example.call_to_action)
    text("Link", "link", max_chars=200, placeholder=example.link)
    st.subheader("The first cut", anchor=False)
    pipeline = st.radio(
        "How it is made",
        new_pilot_form.pipelines(),
        format_func=PIPELINES.__getitem__,
        key=key("pipeline"),
        persist_state="session",
    )
    problem("pipeline")
    if pipeline == "upload":
        upload_field(key("video"))
        problem("video")
    attempts, iterations = st.columns(2, vertical_alignment="bottom")
    with attempts:
        st.number_input("Attempts at most", 1, 50, 5, key=key("max_attempts"), on_change="ignore")
        problem("max_attempts")
    with iterations:
        st.number_input(
            "Iterations an attempt at most", 1, 20, 3, key=key("max_iterations_per_attempt"), on_change="ignore"
        )
        problem("max_iterations_per_attempt")
    st.button(
        "Create the pilot and make its first cut",
        type="primary",
        icon=":material/movie:",
        on_click=new_pilot_form.send,
        args=(store(), visitor.name),
    )
    new_pilot_form.problem_elsewhere()

with card:
    scenario_card.show(st.session_state[key("scenario")], st.session_state[key("brand")])
