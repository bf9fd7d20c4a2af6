"""The state files in the store's folder that were not taken in, each with its field and reason."""

from collections.abc import Sequence

import streamlit as st

from pilot_core.formatting import count
from pilot_core.maintenance.findings import Finding
from pilot_core.web.components.text import plain
from pilot_core.web.pages.diagnostics.status import Mark, Status, show_status

SHOWN = 30


def status(found: Sequence[Finding]) -> Status:
    """Return the status: whether every state file in the folder is of a pilot."""
    if not found:
        return Status(Mark.WELL, "Every state file in the store’s folder belongs to a pilot.")
    verb = "is" if len(found) == 1 else "are"
    return Status(
        Mark.LOOK,
        f"{count(len(found), 'state file')} in the store’s folder {verb} not taken in.",
        "Correct the file and take it in with `python scripts/run_pilot.py --import-state FILE`, or move it elsewhere.",
    )


def show(status: Status, found: Sequence[Finding]) -> None:
    """Draw the section."""
    st.header("State files", anchor=False)
    show_status(status)
    if found:
        st.markdown("\n".join(f"- {plain(one.sentence)}" for one in found[:SHOWN]))
    if len(found) > SHOWN:
        st.caption(f"And {len(found) - SHOWN:,} more; `--check` names them all.")
