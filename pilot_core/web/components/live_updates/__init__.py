"""Draw the page anew when others change what it shows, but not while somebody is typing.

The browser asks ``/changes`` for one number while its tab is in view. If the number is another than the one the page
was drawn with, the page runs again. While a text field has the focus, a notice says what changed instead, which moves
nothing, and the page runs again when the field is left.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st

from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.change_number import change_number
from pilot_core.web.components.text import plain

HERE = Path(__file__).parent
LONGEST_NUMBER = 100
REDRAW_EVERY_MS = 5 * 60_000
"""How often to draw the page anew without news, since it says how long ago things were."""

_WATCH = st.components.v2.component(
    "live_updates", html="<span></span>", js=(HERE / "live_updates.js").read_text("utf-8")
)


def present_number(store: PilotStore, pilot_id: str = "") -> str:
    """Return the number of the page's state. Take it before the page reads what it shows."""
    return change_number(store.database, pilot_id)


@st.fragment
def show(number: str, notice: Callable[[], str], pilot_id: str = "") -> None:
    """Watch for changes of the pilot, or of all for "", since ``number``.

    ``notice`` returns what changed, for somebody who is typing; "" if it is nothing to be told.
    """
    address = "/changes" + (f"?{urlencode({'pilot': pilot_id})}" if pilot_id else "")
    data = {"address": address, "number": number, "redraw": REDRAW_EVERY_MS}
    seen = _WATCH(key=f"live updates {pilot_id}", data=data, on_changed_change=_nothing, height=1)
    changed = seen.get("changed")
    if not isinstance(changed, Mapping) or not isinstance(changed.get("number"), str):
        return
    # Each piece of news is answered once, whatever a browser sends again.
    news, key = (changed["number"][:LONGEST_NUMBER], bool(changed.get("typing"))), f"answered news {pilot_id}"
    if st.session_state.get(key) == news:
        return
    st.session_state[key] = news
    if not changed.get("typing"):
        st.rerun()
    if words := notice():
        st.toast(plain(words), icon=":material/sync:")


def _nothing() -> None:
    """Do nothing. Streamlit provides a trigger's attribute only if the trigger has a callback."""
