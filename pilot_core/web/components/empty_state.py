"""The notice in a part of a page that has nothing to show yet."""

import streamlit as st


def empty_state(sentence: str) -> None:
    """Draw a sentence that says what will appear here."""
    with st.container(border=True):
        st.markdown(f":gray[{sentence}]")
