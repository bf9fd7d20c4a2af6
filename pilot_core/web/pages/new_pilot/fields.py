"""The fields of the new-pilot form, each with its error below it."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from pilot_core import catalog
from pilot_core.domain import limits
from pilot_core.video.pipelines import PIPELINES
from pilot_core.web.components.pipeline_choice import label, pipelines
from pilot_core.web.components.text import plain
from pilot_core.web.components.upload_field import upload_field

PROBLEM = "new_pilot_problem"
"""The session key of the error of the last submission: the field, or "", and a sentence."""

TEXTS = ("founder", "company", "product", "message", "proof_points", "call_to_action", "link")
CHOICES = ("scenario", "brand", "pipeline", "max_attempts", "max_iterations_per_attempt")
VIDEO = "video"


def key(field: str) -> str:
    """Return the session key of a field."""
    return f"new_pilot_{field}"


def show(submit: Callable[[], None]) -> None:
    """Draw the fields and the button that calls ``submit`` back."""
    _names()
    _scenario_and_brand()
    _brief()
    _first_cut()
    st.button("Create the pilot and make its first cut", type="primary", icon=":material/movie:", on_click=submit)
    show_other_problem()


def show_other_problem() -> None:
    """Show an error that belongs to no field."""
    found = st.session_state.get(PROBLEM)
    if found and found[0] not in (*TEXTS, *CHOICES, VIDEO):
        st.error(plain(found[1]), icon=":material/error:")


def _names() -> None:
    founder, company = st.columns(2)
    with founder:
        _text("Founder", "founder", max_chars=limits.NAME, placeholder="Alice Chen")
    with company:
        _text("Company", "company", max_chars=limits.NAME, placeholder="Northbeam AI")


def _scenario_and_brand() -> None:
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


def _brief() -> None:
    example = catalog.examples()[st.session_state[key("scenario")]]
    st.subheader("The brief", anchor=False)
    st.caption("Optional. Where a line is empty, the scenario's own wording stands in, in brackets.")
    _text("Product", "product", max_chars=limits.PRODUCT, placeholder=example.product)
    _text("The message, in one line", "message", max_chars=limits.BRIEF_MESSAGE, placeholder=example.message)
    st.text_area(
        "Proof points, one a line: up to five, of 120 characters",
        key=key("proof_points"),
        height=110,
        placeholder="\n".join(example.proof_points),
        on_change="ignore",
        persist_state="session",
    )
    _problem("proof_points")
    _text("Call to action", "call_to_action", max_chars=limits.CALL_TO_ACTION, placeholder=example.call_to_action)
    _text("Link", "link", max_chars=limits.LINK, placeholder=example.link)


def _first_cut() -> None:
    st.subheader("The first cut", anchor=False)
    pipeline = st.radio("How it is made", pipelines(), format_func=label, key=key("pipeline"), persist_state="session")
    _problem("pipeline")
    if PIPELINES[pipeline].takes_upload:
        upload_field(key(VIDEO))
        _problem(VIDEO)
    attempts, iterations = st.columns(2, vertical_alignment="bottom")
    with attempts:
        st.number_input("Attempts at most", 1, limits.ATTEMPTS, 5, key=key("max_attempts"), on_change="ignore")
        _problem("max_attempts")
    with iterations:
        st.number_input(
            "Iterations an attempt at most",
            1,
            limits.DRAFTS,
            3,
            key=key("max_iterations_per_attempt"),
            on_change="ignore",
        )
        _problem("max_iterations_per_attempt")


def _text(label: str, field: str, **options: Any) -> None:
    """Draw a text field whose value is kept when the visitor leaves the page."""
    st.text_input(label, key=key(field), on_change="ignore", persist_state="session", **options)
    _problem(field)


def _problem(field: str) -> None:
    found = st.session_state.get(PROBLEM)
    if found and found[0] == field:
        st.error(plain(found[1]), icon=":material/error:")
