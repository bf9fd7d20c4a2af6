"""The history: every event, who and when, in plain words, the latest first."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from pilot_core.clock import as_utc
from pilot_core.formatting import ago
from pilot_core.web.pilot_page import words
from pilot_core.web.pilot_page.state import View, empty
from pilot_core.web.text import plain


def show(view: View) -> None:
    """Draw it."""
    events = list(reversed(view.store.events(view.pilot_id)))
    if not events:
        empty("Nothing is on record for this pilot.")
        return
    st.caption(f"The latest first. Times are in {plain(view.zone.replace('_', ' '))}.")
    table = pd.DataFrame(
        {
            "When": [
                f"{_unbroken(ago(e.at, view.now))}  \n:small[:gray[{_unbroken(_there(e.at, view.zone))}]]"
                for e in events
            ],
            "Who": [plain(words.who(event.actor)) for event in events],
            "What": [plain(_sentence(words.did(event))) for event in events],
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
