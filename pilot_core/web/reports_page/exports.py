"""The tables of a cohort, to take out: each with its rows counted, as CSV and as Parquet, and all as one zip."""

import streamlit as st

from pilot_core.export.snapshot import row_counts
from pilot_core.formatting import count
from pilot_core.store.cohorts import choices
from pilot_core.store.pilots import PilotStore
from pilot_core.web.downloads import TABLES_ZIP, table_address
from pilot_core.web.reports_page import filters

WORDS = {
    "pilots": ("Pilots", "One a row: whose it is, how it stands, what is recommended and by which rule"),
    "attempts": ("Attempts", "One a row: its video, time-to-first-cut, iterations, cost, and how it kept the SLA"),
    "feedback": ("Feedback", "One a row: who decided what on which attempt, in their words; simulated ones are marked"),
    "feedback_flags": ("Flags", "One a row: which feedback raised it, and whether a person or their words chose it"),
    "comments": ("Comments", "One a row: what was said of which frame, by whom, and whether it is resolved"),
    "outcome_reports": ("Filed reports", "One a row: every filed report’s figures, recommendation and rules"),
    "programme_summary": ("Programme", "Approval of the whole cohort, then of each scenario and brand"),
}
"""Each table's name and what is in it."""


def show(store: PilotStore) -> None:
    """Draw the filters and the tables of the cohort they ask for."""
    cohort = filters.ask(choices(store.database), store.clock().date())
    with st.skeleton(height=600):
        counts = row_counts(store, cohort)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**Everything** · {count(sum(counts.values()), 'row')} in {len(counts)} tables  \n"
            ":small[:gray[The tables below as CSV, with `data_dictionary.csv`, which says what each column means and "
            "in what unit, and `manifest.json`, which says when it was made, by which rules and filters, and how many "
            "rows each table has.]]"
        )
        st.link_button(
            "Download all, one zip", table_address(TABLES_ZIP, cohort), type="primary", icon=":material/folder_zip:"
        )
    with st.container(gap="xsmall"):
        for name, number in counts.items():
            title, words = WORDS[name]
            with st.container(border=True, horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{title}** · {count(number, 'row')}  \n:small[:gray[{words}]]", width="content")
                st.space("stretch")
                for suffix, label in (("csv", "CSV"), ("parquet", "Parquet")):
                    st.link_button(
                        label,
                        table_address(f"{name}.{suffix}", cohort),
                        key=f"{name} {suffix}",
                        icon=":material/download:",
                        help=f"{name}.{suffix}",
                    )
    st.caption(
        "In CSV, text that a spreadsheet would run as a formula begins with an added apostrophe; numbers stay numbers. "
        "The data dictionary says how to take it away. Parquet is for programs: typed columns, texts as typed."
    )
