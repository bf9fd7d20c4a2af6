"""Addresses of the pages, and how to go there."""

from typing import NoReturn
from urllib.parse import urlencode

import streamlit as st

from pilot_core.settings import ROOT
from pilot_core.web import access

PAGES = ROOT / "pages"
OVERVIEW = PAGES / "overview.py"
NEW_PILOT = PAGES / "new_pilot.py"
PILOT = PAGES / "pilot.py"
METRICS = PAGES / "metrics.py"
REPORTS = PAGES / "reports.py"
DIAGNOSTICS = PAGES / "diagnostics.py"
REVIEW = PAGES / "review.py"
MESSAGES = "Messages"
SECTION = "section"


def pilot_address(pilot_id: str) -> str:
    """The address of a pilot's page on this server."""
    return f"/pilot?{urlencode({'pilot': pilot_id})}"


def open_pilot(pilot_id: str) -> NoReturn:
    """Leave for a pilot's page; from a callback too."""
    st.switch_page(PILOT, query_params={"pilot": pilot_id})


def new_pilot_link() -> None:
    """Draw a link to the form for a new pilot, for those who may make one."""
    if access.may_change():
        st.page_link(NEW_PILOT, label="New pilot", icon=":material/add_circle:")


def pilot_link(pilot_id: str, label: str, icon: str = ":material/arrow_forward:") -> None:
    """Draw a link to a pilot's page. ``label`` is ours, not a person's text."""
    st.page_link(PILOT, label=label, icon=icon, query_params={"pilot": pilot_id})


def message_link(pilot_id: str) -> None:
    """Draw a link to a pilot's messages."""
    address = {"pilot": pilot_id, SECTION: MESSAGES}
    st.page_link(PILOT, label="See the message", icon=":material/arrow_forward:", query_params=address)
