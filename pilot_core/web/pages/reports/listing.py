"""Every pilot with its last filed report, searched, filtered and paged. Choices are stored in the page's address."""

from datetime import datetime

import streamlit as st

from pilot_core.formatting import at_least, count
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.judgements import NOT_FILED, ReportsOfPilot, reports_page
from pilot_core.store.queries.search import COUNTED
from pilot_core.web.access import page_guard
from pilot_core.web.components import badges, filed_reports, links
from pilot_core.web.components.paging import current_page, page_buttons, search_field, to_first_page
from pilot_core.web.components.text import plain

PER_PAGE = 15
SEARCH, FILED, PAGE = "find", "filed", "reports_page"
FILED_WORDS = {mark.word: mark.label for mark in badges.MARKS} | {NOT_FILED: "No report"}


@st.fragment
def show(store: PilotStore) -> None:
    """Draw the search, the filter, and the matching page of the list."""
    search, wanted = _controls()
    with st.skeleton(height=600):
        found = reports_page(store.database, search, wanted, current_page(PAGE), PER_PAGE)
    if not found.pilots and not search and not wanted:
        st.info("There is no pilot yet. A report can be filed as soon as there is one.")
        links.new_pilot_link()
        return
    if not found.pilots:
        st.info("No pilot matches. Try fewer words or remove a filter.", icon=":material/search_off:")
        return
    whole = f"{count(found.pilots, 'pilot')} with {count(found.reports, 'filed report')}"
    st.caption(f"{at_least(COUNTED, 'pilot', more=True) if found.more else whole}. The latest report first.")
    with st.container(gap="xsmall"):
        for line in found.lines:
            _row(line, store.clock())
    # One pilot beyond those counted makes one more page to go to.
    page_buttons(found.pilots + found.more, PER_PAGE, PAGE)


def _controls() -> tuple[str, list[str]]:
    with st.container(horizontal=True, vertical_alignment="center"):
        search = search_field(SEARCH, _to_first_page, 280)
        wanted = st.pills(
            "What the report filed last says",
            list(FILED_WORDS),
            selection_mode="multi",
            format_func=FILED_WORDS.__getitem__,
            key=FILED,
            bind="query-params",
            on_change=_to_first_page,
            label_visibility="collapsed",
        )
    return search, [word for word in wanted if word in FILED_WORDS]


def _row(line: ReportsOfPilot, now: datetime) -> None:
    with st.container(border=True):
        whose, what, ways = st.columns([7, 9, 4], vertical_alignment="center", gap="small")
        with whose, st.container(gap="xxsmall"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f"**{plain(line.company_name)}**", width="content")
                badges.badge(line.recommendation, line.reason_text, line.reason_code)
            st.caption(plain(line.founder_name))
        with what:
            if line.last:
                filed_reports.line(line.last, now)
            else:
                st.markdown(":gray[No report is filed yet.]")
        with ways:
            label = "File a report" if not line.n and page_guard.may_change() else f"All reports ({line.n})"
            if st.button(label, type="tertiary", icon=":material/inventory_2:", key=f"reports of {line.pilot_id}"):
                st.switch_page(links.REPORTS, query_params={"pilot": line.pilot_id})


def _to_first_page() -> None:
    to_first_page(PAGE)
