"""The field for a film that is brought by hand: it goes straight to the disk, with its progress shown."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from pilot_core.web import access
from pilot_core.web.uploads import MAX_UPLOAD_MB, ticket

HERE = Path(__file__).parent
_FIELD = st.components.v2.component(
    "upload_field",
    html=(HERE / "field.html").read_text("utf-8"),
    css=(HERE / "field.css").read_text("utf-8"),
    js=(HERE / "field.js").read_text("utf-8"),
)


def upload_field(key: str, *, note: str = "") -> None:
    """Draw it. Its value is in the session's state under ``key``: ``{"upload": {"id": …, "name": …}}``."""
    data = {
        "label": "The finished film, an mp4",
        "note": note or f"At most {MAX_UPLOAD_MB} MB",
        "limit": MAX_UPLOAD_MB * 1_000_000,
        "ticket": ticket(access.visitor().name),
    }
    _FIELD(key=key, data=data, on_upload_change=lambda: None)


def uploaded(key: str) -> str | None:
    """The id of the film that was brought with the field of that key."""
    # A browser may send anything.
    value = st.session_state.get(key)
    upload = value.get("upload") if isinstance(value, Mapping) else None
    found = upload.get("id") if isinstance(upload, Mapping) else None
    return found if isinstance(found, str) else None
