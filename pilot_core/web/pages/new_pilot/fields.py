"""The fields of the new-pilot form, each with its error below it."""

import contextlib
from collections.abc import Callable
from typing import Any, Literal

import streamlit as st

from pilot_core import catalog, ids
from pilot_core.domain import limits
from pilot_core.domain.brand_kit import BrandKit
from pilot_core.domain.brief import BRIEF_LABELS, BRIEF_LENGTHS, BRIEF_TITLES, LANGUAGES
from pilot_core.errors import InvalidRequest
from pilot_core.rendering.preview import first_brief
from pilot_core.services import pilots
from pilot_core.video.pipelines import PIPELINES
from pilot_core.video.storyboard.plan import fill_of
from pilot_core.web.components.brand_kit_fields import brand_kit_fields
from pilot_core.web.components.focus_field import focus_field
from pilot_core.web.components.pipeline_choice import label, pipelines
from pilot_core.web.components.text import plain
from pilot_core.web.components.upload_field import upload_field, uploaded
from pilot_core.web.pages.new_pilot import checks

FAULTS = "new_pilot_faults"
"""The session key of the errors of the last submission: by field, "" for one of no field, a sentence."""

FOCUSED = "new_pilot_focused"
"""The session key of the submission whose first error was given the focus."""

TEXTS = ("founder", "company", *BRIEF_LABELS)
CHOICES = ("scenario", "brand", "pipeline", "max_attempts", "max_iterations_per_attempt")
VIDEO = "video"
KIT = "brand_kit"


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
    with st.expander("Brand kit (optional): logo, colours, typeface, pictures", icon=":material/palette:"):
        st.caption("It replaces the preset’s colours, typeface and end card.")
        brand_kit_fields(key(KIT), BrandKit())
        _fault("brand_kit")
    _first_attempt()
    st.button("Create pilot and start attempt 1", type="primary", icon=":material/movie:", on_click=submit)
    show_other_fault()
    first = next((field for field in TEXTS if field in faults()), None)
    if first:
        focus_field(key(first), st.session_state[FOCUSED])


def show_other_fault() -> None:
    """Show the errors that belong to no field."""
    for field, sentence in faults().items():
        if field not in (*TEXTS, *CHOICES, VIDEO, KIT):
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
    scenario = st.session_state[key("scenario")]
    example = catalog.examples()[scenario]
    st.header("Brief (optional)", anchor=False)
    st.caption(
        "The video says what stands here and nothing else. Without a product or a message it shows a [placeholder]; "
        "what else is empty is left out."
    )
    for field in checks.brief_fields(scenario):
        if field == "proof_points":
            st.text_area(
                f"Proof points: one per line, up to {limits.PROOF_POINTS}, {limits.PROOF_POINT} characters each",
                key=key(field),
                height=110,
                placeholder="\n".join(example.proof_points),
                on_change=_check_again,
                persist_state="session",
            )
            _fault(field)
        elif field == "language":
            st.selectbox(
                "Language of these words",
                list(LANGUAGES),
                format_func=LANGUAGES.__getitem__,
                key=key(field),
                help="In another language than English the video shows these words alone, without words of ours.",
                persist_state="session",
            )
        else:
            _text(BRIEF_TITLES[field], field, max_chars=BRIEF_LENGTHS[field], placeholder=getattr(example, field))
    _fill()


def _fill() -> None:
    """Say what the brief fills of its video, before anything is made."""
    given = typed()
    with contextlib.suppress(InvalidRequest):
        brief = checks.brief_of(given)
        if not brief.given():
            return
        pilot = pilots.create_pilot(
            given["founder"] or "Founder", given["company"] or "Company", given["scenario"], given["brand"], brief=brief
        )
        st.caption(f":material/timelapse: {fill_of(first_brief(pilot)).sentence}")


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
    """Run the page after a change of the brief, and else only to remove the field's error."""
    return _check_again if field in faults() or field in BRIEF_LABELS else "ignore"


def _fault(field: str) -> None:
    if sentence := faults().get(field):
        st.error(plain(sentence), icon=":material/error:")
