"""Draw the page anew when others change what it shows, but not while somebody is typing.

The browser asks ``/changes`` for one number while its tab is in view. If the number is another than the one the page
was drawn with, it waits until no text field has the focus, and then has the page run again.
"""

from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.change_number import change_number

HERE = Path(__file__).parent
REDRAW_EVERY_MS = 5 * 60_000
"""How often to draw the page anew without news, since it says how long ago things were."""

_WATCH = st.components.v2.component(
    "live_updates", html="<span></span>", js=(HERE / "live_updates.js").read_text("utf-8")
)


def present_number(store: PilotStore, pilot_id: str = "") -> str:
    """Return the number of the page's state. Take it before the page reads what it shows."""
    return change_number(store.database, pilot_id)


@st.fragment
def show(number: str, pilot_id: str = "") -> None:
    """Watch for changes of the pilot, or of all for "", since ``number``."""
    address = "/changes" + (f"?{urlencode({'pilot': pilot_id})}" if pilot_id else "")
    data = {"address": address, "number": number, "redraw": REDRAW_EVERY_MS}
    seen = _WATCH(key=f"live updates {pilot_id}", data=data, on_changed_change=_nothing, height=1)
    if seen.get("changed"):
        st.rerun()


def _nothing() -> None:
    """Do nothing. Streamlit provides a trigger's attribute only if the trigger has a callback."""
