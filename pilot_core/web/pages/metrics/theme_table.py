"""The numbers of every theme, and the reviews with text but no flag."""

import pandas as pd
import streamlit as st

from pilot_core.formatting import count
from pilot_core.formulas import neutral
from pilot_core.insight.breakdowns import Themes
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.drilldown import unthemed
from pilot_core.store.queries.metrics_page import MetricsPage
from pilot_core.web.components.numbers import rate_with_n
from pilot_core.web.pages.metrics import drilldown
from pilot_core.web.pages.metrics.filters import Asked
from pilot_core.web.pages.metrics.flag_states import STATES

NOTES = 20
MOST_ROWS = 17
COLUMNS = {
    "Theme": st.column_config.TextColumn(width=195),
    "Of reviewed pilots": st.column_config.TextColumn(width=165),
    **{name: st.column_config.NumberColumn(width=84) for name, _ in STATES.values()},
}


@st.fragment
def show(store: PilotStore, asked: Asked, page: MetricsPage) -> None:
    """Draw the table and, in another tab that loads when it is opened, the notes without a flag."""
    found = page.themes
    numbers, notes = st.tabs(
        ["Themes in numbers", "Notes without a theme"], key="themes", on_change="rerun", bind="query-params"
    )
    with numbers:
        if found.bars:
            st.dataframe(
                table(found),
                column_config=COLUMNS,
                hide_index=True,
                height="content" if len(found.bars) < MOST_ROWS else 35 * MOST_ROWS,
                alt="Themes with the pilots they were raised on",
            )
        else:
            st.caption(found.reading)
    with notes:
        if notes.open:
            _unthemed(store, asked)


def table(found: Themes) -> pd.DataFrame:
    """Return one row per theme: its pilots by state, and their share of those reviewed."""
    states = {name: [bar.by_state[state] for bar in found.bars] for state, (name, _) in STATES.items()}
    return pd.DataFrame(
        {
            "Theme": [neutral(bar.label) for bar in found.bars],
            "Of reviewed pilots": [rate_with_n(bar.prevalence) for bar in found.bars],
            **states,
        }
    )


def _unthemed(store: PilotStore, asked: Asked) -> None:
    notes, total = unthemed(store.database, asked.cohort, as_of=asked.as_of, most=NOTES)
    if not total:
        st.caption("Every review with words has a flag.")
        return
    which = f"The latest {len(notes)} of {count(total, 'note')}" if total > len(notes) else count(total, "note")
    st.caption(f"{which} with words and no flag. Open the pilot and flag what it says, so that it is counted.")
    with st.container(height=360 if len(notes) > 4 else "content", border=len(notes) > 4):
        for note in notes:
            drilldown.quote(note)
