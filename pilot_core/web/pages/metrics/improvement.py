"""The change from each pilot's first reviewed attempt to its last, for better and for worse."""

import pandas as pd
import streamlit as st

from pilot_core.formatting import MISSING, count
from pilot_core.insight.results import Change, Improvement


def show(found: Improvement) -> None:
    """Draw the table, or say why there is none."""
    st.header(
        "Do attempts get better?",
        anchor=False,
        help="The last against the first reviewed attempt of each pilot that has two or more. A lower time, fewer "
        "drafts and a lower cost are better.",
    )
    if not found.pilots:
        st.caption("No pilot has two reviewed attempts yet.")
        return
    st.caption(
        f"{count(found.pilots, 'pilot')} with two reviewed attempts or more. Their flags: {found.flags_resolved:,} "
        f"not raised again, {found.flags_persistent:,} recurring, {found.flags_new:,} new."
    )
    st.dataframe(table(found), hide_index=True, height="content", alt="Last against first reviewed attempt")


def table(found: Improvement) -> pd.DataFrame:
    """Return one row per measure: the pilots better, the same and worse, and the median change."""
    rows = {
        "Decision": (found.decision, _levels(found.decision.median)),
        "Time to first cut": (found.ttfc, _times(found.ttfc.median)),
        "Drafts": (found.iterations, _signed(found.iterations.median)),
        "Cost": (found.cost, _signed(found.cost.median, "$")),
    }
    changes: list[Change] = [change for change, _ in rows.values()]
    return pd.DataFrame(
        {
            "Last against first": list(rows),
            "Better": [change.better for change in changes],
            "Same": [change.same for change in changes],
            "Worse": [change.worse for change in changes],
            "n": [change.n for change in changes],
            "Median change": [words for _, words in rows.values()],
        }
    )


def _signed(value: float | None, before: str = "") -> str:
    """Return text such as “up $1.20”. It has no sign, since a spreadsheet would take the saved cell for a formula."""
    if value is None:
        return MISSING
    if not value:
        return "none"
    return f"{'down' if value < 0 else 'up'} {before}{f'{abs(value):.2f}'.rstrip('0').rstrip('.')}"


def _levels(value: float | None) -> str:
    """Return text such as “1 level better”."""
    if not value:
        return MISSING if value is None else "none"
    return f"{count(abs(value), 'level')} {'worse' if value < 0 else 'better'}"


def _times(value: float | None) -> str:
    return MISSING if value is None else f"× {value:.2f}"
