"""The size of the store, and a button that checks whether the database and its folder agree."""

from datetime import datetime
from pathlib import Path

import streamlit as st

from pilot_core.formatting import ago, count
from pilot_core.maintenance.check import check, summary
from pilot_core.maintenance.findings import Finding
from pilot_core.maintenance.sizes import Sizes, sizes
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.diagnosis import Counts
from pilot_core.web.components.text import plain
from pilot_core.web.pages.diagnostics.status import Mark, Status, show_status, size

SCARCE, VERY_SCARCE = 5_000_000_000, 1_000_000_000
"""Free disk space in bytes below which someone should act soon, or now. A video takes about 10 MB."""

SHOWN = 30
CHECKED = "diagnostics checked"


@st.cache_data(ttl=60, max_entries=4, show_spinner=False)
def cached_sizes(root: str) -> Sizes:
    """Return the store's sizes, at most a minute old: measuring a large store takes seconds."""
    return sizes(Path(root))


def status(store: PilotStore, found: Sizes) -> Status:
    """Return the status: whether the disk has enough free space."""
    sentence = f"The store is in {store.root}; {size(found.free)} of the disk's {size(found.disk)} are free."
    if store.media.bucket:
        sentence += f" Its films and documents are kept in {store.media.bucket}."
    if found.free < VERY_SCARCE:
        return Status(Mark.ACT, sentence, "Free some space now: films can no longer be made or taken in safely.")
    if found.free < SCARCE:
        return Status(Mark.LOOK, sentence, "Free some space soon, or move the store to a larger disk.")
    return Status(Mark.WELL, sentence)


def show(status: Status, found: Sizes, held: Counts) -> None:
    """Draw the section."""
    st.header("Store", anchor=False)
    show_status(status)
    with st.grid(4, min_column_width=150, gap="small"):
        for label, number, meant in (
            (
                "Database",
                found.database + held.server_bytes,
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


def check_status(store: PilotStore) -> Status:
    """Return the status: what the last check of this session found."""
    checked: tuple[datetime, list[Finding]] | None = st.session_state.get(CHECKED)
    if checked is None:
        return Status(Mark.PLAIN, "Whether the database and its folder agree is looked at when you ask for it.")
    when, findings = checked
    todo = "Run `python scripts/run_pilot.py --repair`: it mends what can be mended, and names what is left."
    sentence = f"{summary(findings)} Checked {ago(when, store.clock())}."
    return Status(Mark.LOOK, sentence, todo) if findings else Status(Mark.WELL, sentence)


def show_check(store: PilotStore, status: Status, workers_url: str | None) -> None:
    """Draw the section."""
    st.header("Check", anchor=False)
    show_status(status)
    findings: list[Finding] = st.session_state.get(CHECKED, (None, []))[1]
    if findings:
        st.markdown("\n".join(f"- {plain(finding.sentence)}" for finding in findings[:SHOWN]))
    if len(findings) > SHOWN:
        st.caption(f"And {len(findings) - SHOWN:,} more; `--check` names them all.")
    if st.button("Check the store now", icon=":material/fact_check:"):
        with st.spinner(
            "Comparing the database with its folder; some seconds for each thousand pilots", show_time=True
        ):
            st.session_state[CHECKED] = (store.clock(), check(store, thorough=False, workers_url=workers_url))
        st.rerun()
