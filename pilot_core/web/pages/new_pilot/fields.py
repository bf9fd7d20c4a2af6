"""The fields of the new-pilot form, each with its error below it."""

from collections.abc import Callable
from typing import Any, Literal

import streamlit as st

from pilot_core import catalog, ids
from pilot_core.domain import limits
from pilot_core.video.pipelines import PIPELINES
from pilot_core.web.components.focus_field import focus_field
from pilot_core.web.components.pipeline_choice import label, pipelines
from pilot_core.web.components.text import plain
from pilot_core.web.components.upload_field import upload_field, uploaded
from pilot_core.web.pages.new_pilot import checks

FAULTS = "new_pilot_faults"
"""The session key of the errors of the last submission: by field, "" for one of no field, a sentence."""

FOCUSED = "new_pilot_focused"
"""The session key of the submission whose first error was given the focus."""

TEXTS = ("founder", "company", "product", "message", "proof_points", "call_to_action", "link")
CHOICES = ("scenario", "brand", "pipeline", "max_attempts", "max_iterations_per_attempt")
VIDEO = "video"


def key(field: str) -> str:
    """Return the session key of a field."""
    return f"new_pilot_{field}"


def typed() -> dict[str, Any]:
    """Return what was typed and chosen, by field."""
    session = st.session_state
    return {name: session.get(key(name)) for name in (*TEXTS, *CHOICES)} | {VIDEO: uploaded(key(VIDEO))}


def faults() -> dict[str, str]:
    """Return the errors that are shown: by field, a sentence."""
    found: dict[str, str] = st.session_state.get(FAULTS, {})
    return found


def show_faults(found: dict[str, str]) -> None:
    """Show these errors at their fields from now on, and focus the first text field among them."""
    st.session_state[FAULTS] = found
    st.session_state[FOCUSED] = ids.new_id("focus")


def show(submit: Callable[[], None]) -> None:
    """Draw the fields and the button that calls ``submit`` back."""
    _names()
    _scenario_and_brand()
    _brief()
    _first_attempt()
    st.button("Create pilot and start attempt 1", type="primary", icon=":material/movie:", on_click=submit)
    show_other_fault()
    first = next((field for field in TEXTS if field in faults()), None)
    if first:
        focus_field(key(first), st.session_state[FOCUSED])


def show_other_fault() -> None:
    """Show the errors that belong to no field."""
    for field, sentence in faults().items():
        if field not in (*TEXTS, *CHOICES, VIDEO):
            st.error(plain(sentence), icon=":material/error:")


def _check_again() -> None:
    """Remove the errors that were mended since."""
    now = checks.faults(typed())
    st.session_state[FAULTS] = {field: now[field] for field in faults() if field in now}


def _names() -> None:
    founder, company = st.columns(2)
    with founder:
        _text("Founder (required)", "founder", max_chars=limits.NAME, placeholder="Alice Chen")
    with company:
        _text("Company (required)", "company", max_chars=limits.NAME, placeholder="Northbeam AI")


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
    st.header("Brief (optional)", anchor=False)
    st.caption("Empty fields show as [placeholders] in the video.")
    _text("Product", "product", max_chars=limits.PRODUCT, placeholder=example.product)
    _text("One-line message", "message", max_chars=limits.BRIEF_MESSAGE, placeholder=example.message)
    st.text_area(
        f"Proof points: one per line, up to {limits.PROOF_POINTS}, {limits.PROOF_POINT} characters each",
        key=key("proof_points"),
        height=110,
        placeholder="\n".join(example.proof_points),
        on_change=_on_change("proof_points"),
        persist_state="session",
    )
    _fault("proof_points")
    _text("Call to action", "call_to_action", max_chars=limits.CALL_TO_ACTION, placeholder=example.call_to_action)
    _text("Link", "link", max_chars=limits.LINK, placeholder=example.link)


def _first_attempt() -> None:
    st.header("Attempt 1", anchor=False)
    pipeline = st.radio("Made by", pipelines(), format_func=label, key=key("pipeline"), persist_state="session")
    _fault("pipeline")
    if PIPELINES[pipeline].takes_upload:
        upload_field(key(VIDEO))
        _fault(VIDEO)
    attempts, iterations = st.columns(2, vertical_alignment="bottom")
    with attempts:
        st.number_input("Max attempts", 1, limits.ATTEMPTS, 5, key=key("max_attempts"), on_change="ignore")
        _fault("max_attempts")
    with iterations:
        st.number_input(
            "Max drafts per attempt",
            1,
            limits.DRAFTS,
            3,
            key=key("max_iterations_per_attempt"),
            on_change="ignore",
        )
        _fault("max_iterations_per_attempt")


def _text(label: str, field: str, **options: Any) -> None:
    """Draw a text field whose value is kept when the visitor leaves the page."""
    st.text_input(label, key=key(field), on_change=_on_change(field), persist_state="session", **options)
    _fault(field)


def _on_change(field: str) -> Callable[[], None] | Literal["ignore"]:
    """Run the page after a change only to remove the field's error."""
    return _check_again if field in faults() else "ignore"


def _fault(field: str) -> None:
    if sentence := faults().get(field):
        st.error(plain(sentence), icon=":material/error:")
