"""The outcome report, as it stands now."""

import re
from itertools import groupby

import streamlit as st

from pilot_core.documents import render_report
from pilot_core.insight.report import build_report
from pilot_core.models import PilotStatus
from pilot_core.web.downloads import REPORT, REPORT_PAGE, address
from pilot_core.web.pilot_page.state import View


def show(view: View) -> None:
    """Draw it."""
    with st.container(horizontal=True):
        st.link_button("Open to print", address(view.pilot_id, REPORT_PAGE), icon=":material/print:")
        st.link_button("Download as Markdown", address(view.pilot_id, REPORT), icon=":material/download:")
    if view.pilot.status is not PilotStatus.COMPLETED:
        st.caption("The pilot is still open, so this report is what is known today.")
    for wide, text in _parts(render_report(build_report(view.pilot, now=view.now))):
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
