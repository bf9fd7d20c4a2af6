"""Moves the browser's focus to a field, such as the first one with an error, and scrolls it into view."""

from pathlib import Path

import streamlit as st

_FOCUS = st.components.v2.component("focus_field", js=(Path(__file__).parent / "focus_field.js").read_text("utf-8"))


def focus_field(key: str, once: str) -> None:
    """Focus the text field with that widget key, once for each value of ``once``, however often the page runs."""
    _FOCUS(key="focus_field", data={"key": key, "once": once})
