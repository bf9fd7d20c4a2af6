"""Addresses of pages, and links to them."""

from typing import NoReturn
from urllib.parse import urlencode

import streamlit as st

from pilot_core.settings import ROOT
from pilot_core.web.access import page_guard

PAGES = ROOT / "pages"
OVERVIEW = PAGES / "overview.py"
NEW_PILOT = PAGES / "new_pilot.py"
PILOT = PAGES / "pilot.py"
METRICS = PAGES / "metrics.py"
REPORTS = PAGES / "reports.py"
DIAGNOSTICS = PAGES / "diagnostics.py"
PREVIEW = PAGES / "review.py"
MESSAGES = "Messages"
SECTION = "section"


def pilot_address(pilot_id: str) -> str:
    """Return the address of a pilot's page on this server."""
    return f"/pilot?{urlencode({'pilot': pilot_id})}"


def open_pilot(pilot_id: str) -> NoReturn:
    """Switch to a pilot's page; works in a callback too."""
    st.switch_page(PILOT, query_params={"pilot": pilot_id})


def new_pilot_link() -> None:
    """Draw a link to the form for a new pilot, for visitors who may create one."""
    if page_guard.may_change():
        st.page_link(NEW_PILOT, label="New pilot", icon=":material/add_circle:")


def pilot_link(
    pilot_id: str, label: str, icon: str | None = ":material/arrow_forward:", *, help: str | None = None
) -> None:
    """Draw a link to a pilot's page. Text in ``label`` that people typed must have gone through ``plain``."""
    st.page_link(PILOT, label=label, icon=icon, help=help, query_params={"pilot": pilot_id})


def preview_address(pilot_id: str) -> str:
    """Return the address of the page that shows the review room as the pilot's founder sees it."""
    return f"/preview?{urlencode({'pilot': pilot_id})}"


def message_link(pilot_id: str) -> None:
    """Draw a link to a pilot's messages."""
    address = {"pilot": pilot_id, SECTION: MESSAGES}
    st.page_link(PILOT, label="See the message", icon=":material/arrow_forward:", query_params=address)
