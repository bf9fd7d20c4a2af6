"""The outcome report: what is recommended and why, the report as it stands now, and the reports that were filed."""

import re
from collections.abc import Callable
from itertools import groupby

import streamlit as st

from pilot_core.documents import render_report
from pilot_core.insight.report import build_report
from pilot_core.models import PilotStatus
from pilot_core.web.downloads import REPORT, REPORT_PAGE, address
from pilot_core.web.pilot_page import verdict
from pilot_core.web.pilot_page.state import View, judge, show_refusal
from pilot_core.web.reports_page import filed

PLACE = "filing"
SECTION = re.compile(r"^(?=## )", re.MULTILINE)


def show(view: View) -> None:
    """Draw it."""
    why, acts = st.columns([3, 2], gap="large")
    with why:
        verdict.show(view)
    with acts, st.container(border=True):
        verdict.override(view)
    with st.container(border=True):
        st.markdown("**Filed reports**")
        filed.form(view.store, view.pilot, view.lead, _filing(view))
        show_refusal(view, PLACE)
        filed.listed(view.store, view.pilot_id, view.now)
    _document(view)


def _filing(view: View) -> Callable[[Callable[[], None]], None]:
    def file(act: Callable[[], None]) -> None:
        judge(view, PLACE, act, "The report is filed.")

    return file


def _document(view: View) -> None:
    """The report as it stands now, but for the recommendation, which is above."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.link_button("Open to print", address(view.pilot_id, REPORT_PAGE), icon=":material/print:")
        st.link_button("Download as Markdown", address(view.pilot_id, REPORT), icon=":material/download:")
        if view.pilot.status is not PilotStatus.COMPLETED:
            st.caption("The pilot is still open, so this report is what is known today.", width="content")
    report = render_report(build_report(view.pilot, now=view.now))
    sections = [part for part in SECTION.split(report) if not part.startswith("## Recommendation")]
    for wide, text in _parts("".join(sections)):
        if wide:
            # On a phone a table scrolls by itself, and the page stays as wide as the screen.
            with st.container(horizontal=True, wrap=False):
                st.markdown(text, width="content")
        else:
            # One step down: the page has its own title. What people typed never begins a line with a bare #.
            st.markdown(re.sub(r"^#", "##", text, flags=re.MULTILINE), anchors=False)


def _parts(report: str) -> list[tuple[bool, str]]:
    """The report cut at its tables; each part with whether it is one. Only our tables begin a line with a bare bar."""
    blocks = groupby(report.split("\n"), lambda line: line.startswith("|"))
    parts = [(wide, "\n".join(lines)) for wide, lines in blocks]
    return [(wide, text) for wide, text in parts if text.strip()]
