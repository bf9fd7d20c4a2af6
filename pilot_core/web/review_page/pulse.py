"""Looks now and then whether the open page should show something else, or may show nothing any more."""

from contextlib import suppress

import streamlit as st

from pilot_core.errors import StoreError
from pilot_core.review.comments import comments_of
from pilot_core.store.pilots import PilotStore
from pilot_core.web import access

EVERY = "20s"


def state(store: PilotStore, pilot_id: str) -> str:
    """Changes whenever the pilot, its attempts or what was said of them change."""
    comments = comments_of(store, pilot_id)
    said = max((c.judged_at or c.edited_at or c.created_at for c in comments), default=None)
    return f"{store.load(pilot_id).version} {len(comments)} {said}"


@st.fragment(run_every=EVERY)
def watch(store: PilotStore, shown: str) -> None:
    """Run the whole page again when ``shown`` is no longer the state, or the grant has ended."""
    grant = access.visitor().grant
    with suppress(StoreError):  # busy; the next look will do
        if grant is None or state(store, grant.pilot_id) != shown:
            st.rerun()
