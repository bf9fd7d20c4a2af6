"""Addresses of the pages, and how to go there."""

from typing import NoReturn
from urllib.parse import urlencode

import streamlit as st

from pilot_core.settings import ROOT

PAGES = ROOT / "pages"
OVERVIEW = PAGES / "overview.py"
NEW_PILOT = PAGES / "new_pilot.py"
PILOT = PAGES / "pilot.py"
METRICS = PAGES / "metrics.py"
REVIEW = PAGES / "review.py"


def pilot_address(pilot_id: str) -> str:
    """The address of a pilot's page on this server."""
    return f"/pilot?{urlencode({'pilot': pilot_id})}"


def open_pilot(pilot_id: str) -> NoReturn:
    """Leave for a pilot's page; from a callback too."""
    st.switch_page(PILOT, query_params={"pilot": pilot_id})


def pilot_link(pilot_id: str, label: str, icon: str = ":material/arrow_forward:") -> None:
    """Draw a link to a pilot's page. ``label`` is ours, not a person's text."""
    st.page_link(PILOT, label=label, icon=icon, query_params={"pilot": pilot_id})
