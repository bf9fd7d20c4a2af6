"""The pilots behind a number or a mark, each a link; and the words people said, where a theme was chosen."""

import streamlit as st

from pilot_core.formatting import ago, count, day
from pilot_core.insight.recommend import CODES
from pilot_core.store.drilldown import Behind, Note, pilots_behind, theme_quotes
from pilot_core.store.judgements import Override, standing_overrides
from pilot_core.store.pilots import PilotStore
from pilot_core.web import badges, links, verdicts
from pilot_core.web.metrics_page.drawing import Picked
from pilot_core.web.metrics_page.filters import Asked
from pilot_core.web.metrics_page.splits import STATES
from pilot_core.web.text import plain

FIRST, MORE, MOST = 8, 40, 200
QUOTES = 20
FATES = {
    "approved": "approved",
    "dropped": "dropped",
    "exhausted": "out of attempts",
    "dropped_external": "dropped for an outside reason",
    "closed": "closed undecided",
    "paused": "paused",
    "open": "open",
}


def show(store: PilotStore, asked: Asked, picked: Picked, key: str) -> None:
    """Draw the list, a few first; ``key`` is the place's own."""
    found, total = pilots_behind(store.database, asked.cohort, picked.selection, as_of=asked.as_of, most=MOST)
    st.markdown(f"**{plain(picked.heading)}** · {count(total, 'pilot')}")
    wanted, unfolded = f"{key}_more", (key, picked)
    open_now = st.session_state.get(wanted, (None, FIRST))
    most = open_now[1] if open_now[0] == unfolded else FIRST
    overrides = standing_overrides(store.database, [pilot.pilot_id for pilot in found[:most]])
    for pilot in found[:most]:
        _row(store, pilot, overrides.get(pilot.pilot_id))
    if total > most and len(found) > most:
        st.button(
            f"Show {min(MORE, len(found) - most)} more of {total:,}",
            key=f"{key}_unfold",
            type="tertiary",
            icon=":material/expand_more:",
            on_click=st.session_state.update,
            args=({wanted: (unfolded, most + MORE)},),
        )
    elif total > len(found):
        st.caption(f"The latest {len(found)} of {total:,} are listed; narrow the filters to see others.")
    if picked.flag:
        _quotes(store, asked, picked)


def quote(note: Note, state: str = "") -> None:
    """One review: who, on what, when, and what was said, as typed."""
    told = [badges.DOTS[note.decision][2], *([state] if state else []), day(note.received_at)]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        links.pilot_link(note.pilot_id, plain(f"{note.company_name}, attempt {note.attempt_number}"))
        st.caption(", ".join(told), width="content")
    st.text(note.text.strip() or "No words, only the flag.")


def _quotes(store: PilotStore, asked: Asked, picked: Picked) -> None:
    found, total = theme_quotes(
        store.database, asked.cohort, picked.flag or "", picked.flag_state, as_of=asked.as_of, most=QUOTES
    )
    which = f"the latest {len(found)} of {count(total, 'review')}" if total > len(found) else count(total, "review")
    st.markdown(f"**What they said** · {which}")
    with st.container(height=320 if len(found) > 3 else "content", border=len(found) > 3):
        for said in found:
            quote(said.note, STATES[said.state][0].lower())


def _row(store: PilotStore, pilot: Behind, override: Override | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        badges.badge(pilot.recommendation, pilot.reason_text or CODES[pilot.reason_code].words)
        if override:
            verdicts.override_badge(override)
        links.pilot_link(pilot.pilot_id, plain(f"{pilot.company_name}, {pilot.founder_name}"))
        st.caption(f"{FATES[pilot.fate]}, {ago(pilot.at, store.clock())}", width="content")
