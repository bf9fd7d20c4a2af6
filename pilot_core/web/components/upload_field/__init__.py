"""Fields that upload a finished video or a file of a brand kit, straight to disk, with their progress."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from pilot_core.video.attached import MOST_BYTES
from pilot_core.web.access import page_guard
from pilot_core.web.access.current_app import app
from pilot_core.web.routes.uploads import BRAND_FILES, MAX_UPLOAD_MB, VIDEOS, ticket

HERE = Path(__file__).parent
_FIELD = st.components.v2.component(
    "upload_field",
    html=(HERE / "field.html").read_text("utf-8"),
    css=(HERE / "field.css").read_text("utf-8"),
    js=(HERE / "field.js").read_text("utf-8"),
)


def upload_field(key: str, *, note: str = "") -> None:
    """Draw the field for a video.

    Its value is in the session state under ``key``: ``{"upload": {"id": …, "name": …}}``.
    """
    data = {
        "label": "The finished video: MP4, MOV, M4V, WebM or MKV",
        "note": note or f"At most {MAX_UPLOAD_MB} MB",
        "limit": MAX_UPLOAD_MB * 1_000_000,
        "address": VIDEOS,
        "accept": "video/*,.mp4,.mov,.m4v,.webm,.mkv,.MP4,.MOV,.M4V,.WEBM,.MKV",
        "choose": "Choose a film",
        "what": "The film",
        "checking": "Checking that it plays…",
    }
    _draw(key, data)


def brand_field(key: str, label: str, kind: str, accept: str) -> None:
    """Draw the field for a "logo", a "picture" or a "font" of a brand kit; its value is as that of a video's."""
    data = {
        "label": label,
        "note": f"At most {MOST_BYTES // 1_000_000} MB",
        "limit": MOST_BYTES,
        "address": f"{BRAND_FILES}/{kind}",
        "accept": accept,
        "choose": f"Choose a {kind}",
        "what": "The file",
        "checking": "Checking it…",
    }
    _draw(key, data)


def _draw(key: str, data: dict[str, object]) -> None:
    told = data | {"ticket": ticket(app().settings, page_guard.visitor().name)}
    _FIELD(key=key, data=told, on_upload_change=lambda: None)


def uploaded(key: str) -> str | None:
    """Return the id of what was uploaded with the field of that key, or None."""
    return _told(key, "id")


def uploaded_name(key: str) -> str:
    """Return what the file was called that was uploaded with the field of that key, or ""."""
    return _told(key, "name") or ""


def _told(key: str, name: str) -> str | None:
    # A browser may send anything.
    value = st.session_state.get(key)
    upload = value.get("upload") if isinstance(value, Mapping) else None
    found = upload.get(name) if isinstance(upload, Mapping) else None
    return found if isinstance(found, str) else None
