"""What the store holds and takes; and, on demand, whether the database and its folder agree."""

from datetime import datetime
from pathlib import Path

import streamlit as st

from pilot_core.care.check import Finding, check, summary
from pilot_core.care.sizes import Sizes, sizes
from pilot_core.formatting import ago, count
from pilot_core.store.diagnosis import Counts
from pilot_core.store.pilots import PilotStore
from pilot_core.web.diagnostics_page.words import Mark, Told, show, size
from pilot_core.web.text import plain

SCARCE, VERY_SCARCE = 5_000_000_000, 1_000_000_000
"""Bytes of free disk under which somebody should look, or must act: a film takes some 10 MB."""

SHOWN = 30
CHECKED = "diagnostics checked"


@st.cache_data(ttl=60, max_entries=4, show_spinner=False)
def measured(root: str) -> Sizes:
    """The store's sizes, at most a minute old: a large store takes seconds to go through."""
    return sizes(Path(root))


def told(store: PilotStore, found: Sizes) -> Told:
    """Whether the disk will do."""
    sentence = f"The store is in {store.root}; {size(found.free)} of the disk's {size(found.disk)} are free."
    if store.media.place:
        sentence += f" Its films and documents are kept in {store.media.place}."
    if found.free < VERY_SCARCE:
        return Told(Mark.ACT, sentence, "Free some space now: films can no longer be made or taken in safely.")
    if found.free < SCARCE:
        return Told(Mark.LOOK, sentence, "Free some space soon, or move the store to a larger disk.")
    return Told(Mark.WELL, sentence)


def draw(told: Told, found: Sizes, held: Counts) -> None:
    """Draw the section."""
    st.subheader("Store", anchor=False)
    show(told)
    with st.grid(4, min_column_width=150, gap="small"):
        for label, number, meant in (
            (
                "Database",
                found.database + held.bytes_elsewhere,
                "The database, its journal, and the copies kept before upgrades.",
            ),
            ("Films and pictures", found.media, "Drafts, review packs, uploads, posters and thumbnails."),
            ("The rest", found.rest, "Documents, state files, captions and logs."),
            ("Free on the disk", found.free, "What other programs take counts too."),
        ):
            st.metric(label, size(number), help=meant, border=True)
    st.caption(
        f"{count(held.pilots, 'pilot')}, {count(held.attempts, 'attempt')}, {count(held.comments, 'comment')}. "
        f"The database has schema {held.schema}."
    )


def told_of_check(store: PilotStore) -> Told:
    """What the last check of this session found."""
    checked: tuple[datetime, list[Finding]] | None = st.session_state.get(CHECKED)
    if checked is None:
        return Told(Mark.PLAIN, "Whether the database and its folder agree is looked at when you ask for it.")
    when, findings = checked
    todo = "Run `python scripts/run_pilot.py --repair`: it mends what can be mended, and names what is left."
    sentence = f"{summary(findings)} Checked {ago(when, store.clock())}."
    return Told(Mark.LOOK, sentence, todo) if findings else Told(Mark.WELL, sentence)


def draw_check(store: PilotStore, told: Told) -> None:
    """Draw the section."""
    st.subheader("Check", anchor=False)
    show(told)
    findings: list[Finding] = st.session_state.get(CHECKED, (None, []))[1]
    if findings:
        st.markdown("\n".join(f"- {plain(finding.sentence)}" for finding in findings[:SHOWN]))
    if len(findings) > SHOWN:
        st.caption(f"And {len(findings) - SHOWN:,} more; `--check` names them all.")
    if st.button("Check the store now", icon=":material/fact_check:"):
        with st.spinner(
            "Comparing the database with its folder; some seconds for each thousand pilots", show_time=True
        ):
            st.session_state[CHECKED] = (store.clock(), check(store, thorough=False))
        st.rerun()
