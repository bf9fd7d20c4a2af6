"""What first videos were like that were approved at once: pacing, length, words on screen, opening."""

import pandas as pd
import streamlit as st

from pilot_core.formulas import neutral
from pilot_core.insight.breakdowns import PLAIN_COUNTS_UNDER
from pilot_core.insight.stats import Rate
from pilot_core.insight.word_costs import WordCosts, word_costs
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.first_videos import first_videos
from pilot_core.web.components.numbers import rate_with_n
from pilot_core.web.pages.metrics.filters import Asked


@st.fragment
def show(store: PilotStore, asked: Asked) -> None:
    """Draw the section, read when it is opened."""
    section = st.expander("What goes with first-pass approval?", key="words", on_change="rerun")
    if not section.open:
        return
    found = word_costs(*first_videos(store.database, asked.cohort, as_of=asked.as_of))
    with section:
        st.caption(found.reading)
        if found.groups:
            st.dataframe(
                table(found), hide_index=True, height="content", alt="First-pass approval by what the video was like"
            )


def table(found: WordCosts) -> pd.DataFrame:
    """Return one row per property and value."""
    return pd.DataFrame(
        {
            "First video": [neutral(f"{group.prop}: {group.value}") for group in found.groups],
            "Approved at once": [_share(group.rate) for group in found.groups],
        }
    )


def _share(rate: Rate) -> str:
    """Return the rate, or only the counts where they are too few for one."""
    if rate.denominator < PLAIN_COUNTS_UNDER:
        return f"{rate.numerator} of {rate.denominator}"
    return rate_with_n(rate)
