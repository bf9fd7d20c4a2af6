"""The outcome report, as it stands now."""

import re

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
    text = render_report(build_report(view.pilot, now=view.now))
    # One step down: the page has its own title. What people typed never begins a line with a bare #.
    st.markdown(re.sub(r"^#", "##", text, flags=re.MULTILINE), anchors=False)
