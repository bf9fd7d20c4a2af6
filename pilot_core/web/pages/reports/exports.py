"""The export of a cohort's tables: each one as CSV and Parquet, or all of them as a zip."""

import streamlit as st

from pilot_core.formatting import count
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.cohorts import choices
from pilot_core.store.queries.exports import row_counts
from pilot_core.web.pages.reports import filters
from pilot_core.web.routes.downloads import TABLES_ZIP, WORKBOOK, table_address

WORDS = {
    "pilots": ("Pilots", "One a row: whose it is, how it stands, what is recommended and by which rule"),
    "attempts": ("Attempts", "One a row: its video, time-to-first-cut, iterations, cost, and how it kept the SLA"),
    "feedback": ("Feedback", "One a row: who decided what on which attempt, in their words; simulated ones are marked"),
    "feedback_flags": ("Flags", "One a row: which feedback raised it, and whether a person or their words chose it"),
    "comments": ("Comments", "One a row: what was said of which frame, by whom, and whether it is resolved"),
    "request_answers": (
        "Answers",
        "One a row: whether a later attempt does what a flag or note asked, and who said so",
    ),
    "request_marks": (
        "Checklist",
        "One a row: a request that a lead marked as done by hand or not possible, and why",
    ),
    "outcome_reports": ("Filed reports", "One a row: every filed report’s figures, recommendation and rules"),
    "programme_summary": ("Programme", "Approval of the whole cohort, then of each scenario and brand"),
}
"""Each table's title and contents."""


def show(store: PilotStore) -> None:
    """Draw the filters and the tables of the cohort that they select."""
    cohort = filters.ask(choices(store.database), store.clock().date())
    with st.skeleton(height=600):
        counts = row_counts(store.database, cohort)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**Everything** · {count(sum(counts.values()), 'row')} in {len(counts)} tables  \n"
            ":small[:gray[The tables below, with a data dictionary, which says what each column means and in what "
            "unit, and a manifest, which says when they were exported, by which rules and filters, and how many rows "
            "each has. As a zip of CSV files, or as an Excel workbook with one sheet per table.]]"
        )
        st.link_button("Download Excel workbook", table_address(WORKBOOK, cohort), icon=":material/table:")
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
        "In CSV, an apostrophe is added wherever a spreadsheet could begin a formula. The data dictionary says how to "
        "remove it. The Excel workbook and Parquet need none: their cells have types, and text is as it was typed."
    )
