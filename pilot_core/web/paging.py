"""What searched and paged lists share: the search field, the page asked for, and the way to the other pages."""

from collections.abc import Callable
from typing import Literal

import streamlit as st


def search_field(key: str, changed: Callable[[], None], width: int | Literal["stretch"] = "stretch") -> str:
    """Draw the field in which pilots are searched; what is typed stands in the address."""
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


def page_asked(key: str) -> int:
    """The page of the list. Its widget is drawn below the rows, so on a first visit only the address knows."""
    told = st.session_state.get(key) or st.query_params.get(key, "")
    return int(told) if str(told).isdecimal() else 1


def other_pages(total: int, per_page: int, key: str) -> None:
    """Draw the way to the other pages, if there are any."""
    if total > per_page:
        st.pagination(-(-total // per_page), key=key, bind="query-params", width="stretch")


def from_the_start(key: str) -> None:
    """Go back to the first page; called back when what is asked for has changed."""
    st.session_state[key] = 1
