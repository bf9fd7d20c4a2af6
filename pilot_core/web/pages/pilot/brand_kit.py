"""The dialog of a pilot's brand kit: its logo, colours, typeface and pictures."""

import streamlit as st

from pilot_core.domain.brand_kit import BrandKit
from pilot_core.domain.pilot import PilotRun
from pilot_core.services import brand_kits
from pilot_core.video.prepared_kit import prepared_kit
from pilot_core.web.components.brand_kit_fields import brand_kit_fields, given_kit, uploads_of
from pilot_core.web.components.text import plain
from pilot_core.web.pages.pilot.actions import Action, act_button
from pilot_core.web.pages.pilot.view import View
from pilot_core.web.routes.uploads import forget


def show(view: View) -> None:
    """Draw what the kit has, and the fields to change it."""
    kit = view.pilot.brief.brand_kit
    st.caption(
        "It holds from the next attempt on, and replaces the preset’s colours, typeface and end card. "
        "Contrast is corrected where words could not be read; the hue stays."
    )
    if not kit.is_empty:
        st.markdown(f"Now: {plain(', '.join(kit.parts))}")
    brand_kit_fields(view.key("kit"), kit)
    if kit.pictures:
        st.multiselect(
            "Pictures",
            [picture.path for picture in kit.pictures],
            [picture.path for picture in kit.pictures],
            format_func=lambda path: next(p.name for p in kit.pictures if p.path == path),
            key=view.key(_pictures(kit)),
        )
    if kit.logo or kit.font:
        st.checkbox("Take the logo and the font of their own out", key=view.key("kit out"))
    act_button(
        view, "Save the brand kit", Action(lambda seen: _save(view, seen), "The brand kit is saved."), in_dialog=True
    )


def _pictures(kit: BrandKit) -> str:
    """Return the name of the field of pictures, which changes with their number."""
    return f"kit pictures {len(kit.pictures)}"


def _save(view: View, seen: int) -> PilotRun:
    present = view.pilot.brief.brand_kit
    kept = st.session_state.get(view.key(_pictures(present)))
    taken_out = bool(st.session_state.get(view.key("kit out")))
    start = present.model_copy(
        update={
            "colours": [],
            "typeface": "",
            "logo": "" if taken_out else present.logo,
            "font": "" if taken_out else present.font,
            "pictures": [picture for picture in present.pictures if kept is None or picture.path in kept],
        }
    )
    given = given_kit(view.store, view.key("kit"))
    with prepared_kit(given) as files:
        pilot = brand_kits.change_kit(view.store, view.pilot_id, files, view.lead, seen_version=seen, present=start)
    for path in uploads_of(given):
        forget(path)
    return pilot
