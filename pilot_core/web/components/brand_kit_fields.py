"""The fields of a brand kit, for the new-pilot form and for a pilot's dialog, and what was given in them."""

import re
from pathlib import Path

import streamlit as st

from pilot_core.domain import limits
from pilot_core.domain.brand_kit import BrandKit
from pilot_core.errors import InvalidRequest
from pilot_core.store.pilots import PilotStore
from pilot_core.video.brand_files import KitFolder
from pilot_core.video.storyboard.fonts import TYPEFACES
from pilot_core.web.components.upload_field import brand_field, uploaded, uploaded_name
from pilot_core.web.routes.uploads import taken_up_brand_file

OF_BRAND = "As the brand preset has it"
IMAGES = "image/png,image/jpeg,image/webp"
FILES = ("logo", "font", "picture")


def brand_kit_fields(prefix: str, kit: BrandKit) -> None:
    """Draw the fields, with the values of ``kit``. Their session keys begin with ``prefix``."""
    brand_field(f"{prefix} logo", "Logo: SVG, PNG, JPEG or WebP", "logo", f".svg,{IMAGES}")
    st.text_input(
        f"Colours, up to {limits.KIT_COLOURS}, as #RRGGBB",
        " ".join(kit.colours),
        key=f"{prefix} colours",
        placeholder="#0F766E #F59E0B",
        help="Without any, they come from the logo.",
    )
    faces = ["", *TYPEFACES]
    st.selectbox(
        "Typeface",
        faces,
        faces.index(kit.typeface) if kit.typeface in faces else 0,
        format_func=lambda name: name or OF_BRAND,
        key=f"{prefix} typeface",
    )
    if len(kit.pictures) < limits.KIT_PICTURES:
        brand_field(f"{prefix} picture", "Add a picture: PNG, JPEG or WebP", "picture", IMAGES)
    brand_field(f"{prefix} font", "A font of their own, instead: TrueType or OpenType", "font", ".ttf,.otf")


def given_kit(store: PilotStore, prefix: str) -> KitFolder:
    """Return what was given in the fields. Raises InvalidRequest for a colour that is none, or a file that is gone."""
    files = {name: taken_up_brand_file(store, uploaded(f"{prefix} {name}")) for name in FILES}
    names = {path: uploaded_name(f"{prefix} {name}") or path.name for name, path in files.items() if path}
    return KitFolder(
        logo=files["logo"],
        font=files["font"],
        pictures=tuple(path for path in (files["picture"],) if path),
        colours=tuple(_colours(st.session_state.get(f"{prefix} colours") or "")),
        typeface="" if files["font"] else st.session_state.get(f"{prefix} typeface") or "",
        names=names,
    )


def uploads_of(given: KitFolder) -> list[Path]:
    """Return the uploaded files of a kit, to be removed once they are stored with a pilot."""
    return [path for path in (given.logo, given.font, *given.pictures) if path]


def _colours(text: str) -> list[str]:
    found = [part for part in re.split(r"[\s,;]+", text) if part]
    if any(not re.fullmatch(r"#[0-9A-Fa-f]{6}", part) for part in found):
        raise InvalidRequest("A colour is written as #RRGGBB, such as #0F766E.", field="brand_kit")
    return found
