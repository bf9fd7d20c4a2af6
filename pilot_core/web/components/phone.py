"""Whether the page is on a phone, where columns lie one above the other and what comes first matters."""

import streamlit as st


def on_a_phone() -> bool:
    """Whether the browser says that it is a phone's: each names itself "Mobile" or "Mobi" in its User-Agent."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")
