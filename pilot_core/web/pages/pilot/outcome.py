"""The outcome report: the recommendation, the current report, and the filed reports."""

import re
from collections.abc import Callable
from itertools import groupby

import streamlit as st

from pilot_core.documents.report import render_report
from pilot_core.domain.pilot import PilotStatus
from pilot_core.insight.report import build_report
from pilot_core.review.requests import answers_of
from pilot_core.web.components import filed_reports
from pilot_core.web.pages.pilot import verdict
from pilot_core.web.pages.pilot.actions import act_on_any_version, show_refusal_at
from pilot_core.web.pages.pilot.view import View
from pilot_core.web.routes.downloads import REPORT, REPORT_PAGE, address

PLACE = "filing"
SECTION = re.compile(r"^(?=## )", re.MULTILINE)


def show(view: View) -> None:
    """Draw the recommendation, the filed reports and the current report."""
    why, acts = st.columns([3, 2], gap="large")
    with why:
        verdict.show(view)
    with acts, st.container(border=True):
        verdict.override(view)
    with st.container(border=True):
        st.markdown("**Filed reports**")
        filed_reports.form(view.store, view.pilot, view.lead, _filing(view))
        show_refusal_at(view, PLACE)
        filed_reports.show_all(view.store, view.pilot_id, view.now)
    _document(view)


def _filing(view: View) -> Callable[[Callable[[], None]], None]:
    def file(save: Callable[[], None]) -> None:
        act_on_any_version(view, PLACE, save, "The report is filed.")

    return file


def _document(view: View) -> None:
    """Draw the current report without the recommendation, which is above."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.link_button("Open to print", address(view.pilot_id, REPORT_PAGE), icon=":material/print:")
        st.link_button("Download as Markdown", address(view.pilot_id, REPORT), icon=":material/download:")
        if view.pilot.status is not PilotStatus.COMPLETED:
            st.caption("The pilot is still open, so this report is what is known today.", width="content")
    report = render_report(build_report(view.pilot, answers_of(view.store, view.pilot_id), now=view.now))
    sections = [part for part in SECTION.split(report) if not part.startswith("## Recommendation")]
    for wide, text in _parts("".join(sections)):
        if wide:
            # On a phone a wide table scrolls in its own container, so the page does not.
            with st.container(horizontal=True, wrap=False):
                st.markdown(text, width="content")
        else:
            # Lower the headings by one level, since the page has a title. Typed text never begins a line with a bare #.
            st.markdown(re.sub(r"^#", "##", text, flags=re.MULTILINE), anchors=False)


def _parts(report: str) -> list[tuple[bool, str]]:
    """Split the report at its tables; each part with whether it is a table. Only our tables begin a line with a bar."""
    blocks = groupby(report.split("\n"), lambda line: line.startswith("|"))
    parts = [(wide, "\n".join(lines)) for wide, lines in blocks]
    return [(wide, text) for wide, text in parts if text.strip()]
