"""Looks now and then whether the open page should show something else, or may show nothing any more."""

from contextlib import suppress

import streamlit as st

from pilot_core.errors import StoreError
from pilot_core.store.comments import stamp
from pilot_core.store.pilots import PilotStore
from pilot_core.web import access
from pilot_core.web.stores import is_fragment

EVERY = "20s"


@st.fragment(run_every=EVERY)
def watch(store: PilotStore, shown: str) -> None:
    """Run the whole page again when ``shown`` is no longer the pilot's stamp, or the grant has ended."""
    # While the page itself is drawn, running it again would drop the words that someone just sent.
    if not is_fragment():
        return
    grant = access.visitor().grant
    with suppress(StoreError):  # busy; the next look will do
        if grant is None or store.database.read(lambda connection: stamp(connection, grant.pilot_id)) != shown:
            st.rerun()
