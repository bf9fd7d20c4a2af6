"""Search and paging, shared by lists."""

from collections.abc import Callable
from typing import Literal

import streamlit as st


def search_field(key: str, changed: Callable[[], None], width: int | Literal["stretch"] = "stretch") -> str:
    """Draw the search field for pilots; its text is stored in the page's address."""
    search = st.text_input(
        "Search",
        type="search",
        live="300ms",
        placeholder="Founder, company or id",
        key=key,
        bind="query-params",
        on_change=changed,
        label_visibility="collapsed",
        width=width,
    )
    return search or ""


def current_page(key: str) -> int:
    """Return the page of the list. On a first visit the address has it, since its widget is drawn after the rows."""
    page = st.session_state.get(key) or st.query_params.get(key, "")
    return int(page) if str(page).isdecimal() else 1


def page_buttons(total: int, per_page: int, key: str) -> None:
    """Draw the buttons for the other pages, if there are any."""
    if total > per_page:
        st.pagination(-(-total // per_page), key=key, bind="query-params", width="stretch")


def to_first_page(key: str) -> None:
    """Go back to the first page; for the callback of a search or filter."""
    st.session_state[key] = 1
