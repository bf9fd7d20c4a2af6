"""The pilots behind a number or a mark, each with a link; and for a flag, the reviews that raised it."""

from collections.abc import Sequence

import streamlit as st

from pilot_core.domain.judgements import Override
from pilot_core.errors import PilotNotFound
from pilot_core.formatting import ago, count, day
from pilot_core.insight.recommend import CODES
from pilot_core.insight.report import build_report
from pilot_core.review.requests import answers_of
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.drilldown import Behind, Note, pilots_behind, theme_quotes
from pilot_core.store.queries.judgements import standing_overrides
from pilot_core.web.components import badges, links, verdicts
from pilot_core.web.components.text import plain
from pilot_core.web.pages.metrics.filters import Asked
from pilot_core.web.pages.metrics.flag_states import STATES
from pilot_core.web.pages.metrics.plot import Drilldown

FIRST, MORE, MOST = 8, 40, 200
QUOTES = 20
OUTCOME_WORDS = {
    "approved": "approved",
    "dropped": "dropped",
    "exhausted": "out of attempts",
    "dropped_external": "dropped for an outside reason",
    "closed": "closed undecided",
    "paused": "paused",
    "open": "open",
}


def show(store: PilotStore, asked: Asked, drilldown: Drilldown, key: str) -> None:
    """Draw the first pilots of the list and a button for more. ``key`` is unique to the place on the page."""
    found, total = pilots_behind(store.database, asked.cohort, drilldown.selection, as_of=asked.as_of, most=MOST)
    st.markdown(f"**{plain(drilldown.heading)}** · {count(total, 'pilot')}")
    wanted, unfolded = f"{key}_more", (key, drilldown)
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
    if drilldown.flag:
        _quotes(store, asked, drilldown)


def quote(note: Note, known: Sequence[str] = ()) -> None:
    """Draw one review: its pilot, decision, what else is ``known`` of it, its date and its text, as typed."""
    facts = [badges.DOTS[note.decision][2], *map(plain, known), day(note.received_at)]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        links.pilot_link(note.pilot_id, plain(f"{note.company_name}, attempt {note.attempt_number}"))
        st.caption(", ".join(facts), width="content")
    st.text(note.text.strip() or "No words, only the flag.")


def _quotes(store: PilotStore, asked: Asked, drilldown: Drilldown) -> None:
    found, total = theme_quotes(
        store.database, asked.cohort, drilldown.flag or "", drilldown.flag_state, as_of=asked.as_of, most=QUOTES
    )
    which = f"the latest {len(found)} of {count(total, 'review')}" if total > len(found) else count(total, "review")
    st.markdown(f"**What they said** · {which}")
    with st.container(height=320 if len(found) > 3 else "content", border=len(found) > 3):
        for quoted in found:
            known = _known(store, asked, quoted.note.pilot_id, drilldown.flag or "")
            quote(quoted.note, [STATES[quoted.state][0].lower(), *known])


def _known(store: PilotStore, asked: Asked, pilot_id: str, flag: str) -> list[str]:
    """Return what was measured of a flag on a pilot, before and after, and what reviewers said of it later."""
    try:
        pilot = store.load(pilot_id)
    except PilotNotFound:  # erased since the list was read
        return []
    report = build_report(pilot, answers_of(store, pilot_id), as_of=asked.as_of, now=store.clock())
    theme = next((theme for theme in report.themes if theme.flag == flag), None)
    return [words for words in (theme.measured, theme.answer) if words] if theme else []


def _row(store: PilotStore, pilot: Behind, override: Override | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        badges.badge(pilot.recommendation, pilot.reason_text or CODES[pilot.reason_code].words, pilot.reason_code)
        if override:
            verdicts.override_badge(override)
        links.pilot_link(pilot.pilot_id, plain(f"{pilot.company_name}, {pilot.founder_name}"))
        st.caption(f"{OUTCOME_WORDS[pilot.pilot_outcome]}, {ago(pilot.at, store.clock())}", width="content")
