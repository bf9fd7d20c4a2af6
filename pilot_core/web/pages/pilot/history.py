"""Every event of the pilot as text, latest first."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from pilot_core.clock import as_utc
from pilot_core.domain.events import actor_name, describe
from pilot_core.formatting import ago
from pilot_core.insight.waits import sentence
from pilot_core.store.queries.waits import pilot_waits
from pilot_core.web.components.empty_state import empty_state
from pilot_core.web.components.text import plain
from pilot_core.web.pages.pilot.view import View


def show(view: View) -> None:
    """Draw the history."""
    events = list(reversed(view.store.events(view.pilot_id)))
    if not events:
        empty_state("Nothing is on record for this pilot.")
        return
    if waited := sentence(pilot_waits(view.store.database, view.pilot_id, view.now)):
        st.markdown(waited)
    st.caption(f"The latest first. Times are in {plain(view.zone.replace('_', ' '))}.")
    table = pd.DataFrame(
        {
            "When": [
                f"{_unbroken(ago(e.at, view.now))}  \n:small[:gray[{_unbroken(_there(e.at, view.zone))}]]"
                for e in events
            ],
            "Who": [plain(actor_name(event.actor)) for event in events],
            "What": [plain(_sentence(describe(event))) for event in events],
        }
    )
    st.table(table, border="horizontal", hide_index=True, alt="Every event of this pilot, the latest first")


def _there(moment: datetime, zone: str) -> str:
    there = as_utc(moment).astimezone(ZoneInfo(zone))
    return f"{there.day} {there:%b %Y, %H:%M}"


def _unbroken(text: str) -> str:
    return plain(text).replace(" ", "\u00a0")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
