"""The upload field for a finished video. The upload is written straight to disk, and the field shows its progress."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from pilot_core.web.access import page_guard
from pilot_core.web.access.current_app import app
from pilot_core.web.routes.uploads import MAX_UPLOAD_MB, ticket

HERE = Path(__file__).parent
_FIELD = st.components.v2.component(
    "upload_field",
    html=(HERE / "field.html").read_text("utf-8"),
    css=(HERE / "field.css").read_text("utf-8"),
    js=(HERE / "field.js").read_text("utf-8"),
)


def upload_field(key: str, *, note: str = "") -> None:
    """Draw the field. Its value is in the session state under ``key``: ``{"upload": {"id": …, "name": …}}``."""
    data = {
        "label": "The finished video: MP4, MOV, M4V, WebM or MKV",
        "note": note or f"At most {MAX_UPLOAD_MB} MB",
        "limit": MAX_UPLOAD_MB * 1_000_000,
        "ticket": ticket(app().settings, page_guard.visitor().name),
    }
    _FIELD(key=key, data=data, on_upload_change=lambda: None)


def uploaded(key: str) -> str | None:
    """Return the id of the video uploaded with the field of that key, or None."""
    # A browser may send anything.
    value = st.session_state.get(key)
    upload = value.get("upload") if isinstance(value, Mapping) else None
    found = upload.get("id") if isinstance(upload, Mapping) else None
    return found if isinstance(found, str) else None
