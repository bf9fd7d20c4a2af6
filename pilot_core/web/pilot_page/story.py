"""The history: every event, who and when, in plain words, the latest first."""

import pandas as pd
import streamlit as st

from pilot_core.formatting import ago
from pilot_core.web.pilot_page import words
from pilot_core.web.pilot_page.state import View, empty
from pilot_core.web.text import plain
from pilot_core.web.times import exact


def show(view: View) -> None:
    """Draw it."""
    events = list(reversed(view.store.events(view.pilot_id)))
    if not events:
        empty("Nothing is on record for this pilot.")
        return
    table = pd.DataFrame(
        {
            "When": [
                f"{ago(event.at, view.now)}  \n:small[:gray[{plain(exact(event.at, view.zone))}]]" for event in events
            ],
            "Who": [plain(words.who(event.actor)) for event in events],
            "What": [plain(_sentence(words.did(event))) for event in events],
        }
    )
    st.table(table, border="horizontal", hide_index=True, alt="Every event of this pilot, the latest first")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
