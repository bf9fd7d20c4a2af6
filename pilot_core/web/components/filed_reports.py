"""One pilot's filed reports, and the form that files another."""

from collections.abc import Callable
from datetime import UTC, datetime

import streamlit as st

from pilot_core.clock import end_of_day
from pilot_core.domain.actors import Actor
from pilot_core.domain.judgements import FiledLine
from pilot_core.domain.pilot import PilotRun
from pilot_core.formatting import ago
from pilot_core.insight.rules import current_rules
from pilot_core.services.judgements import file_report
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.judgements import filed_reports
from pilot_core.web.access import page_guard
from pilot_core.web.components.text import plain
from pilot_core.web.components.times import exact, viewer_zone
from pilot_core.web.components.verdicts import filed_badge
from pilot_core.web.routes.downloads import filed_address


def form(store: PilotStore, pilot: PilotRun, lead: Actor, file: Callable[[Callable[[], None]], None]) -> None:
    """Draw the form that files a report, for leads. ``file`` is given the act, does it, and shows the result."""
    if not page_guard.may_change():
        return
    key, today = f"{pilot.pilot_id} report as of", store.clock().astimezone(UTC).date()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.date_input(
            "As it was known on",
            today,
            min_value=min(pilot.created_at.astimezone(UTC).date(), today),
            max_value=today,
            key=key,
            format="YYYY-MM-DD",
            help="The end of that day, in UTC; judged by the present rules.",
            width=170,
        )

        def file_now() -> None:
            asked = st.session_state.get(key)
            file_report(store, pilot.pilot_id, lead, as_of=end_of_day(asked) if asked and asked < today else None)

        st.button("File this report", icon=":material/inventory_2:", key=f"{key} now", on_click=file, args=(file_now,))
    st.caption("A filed report is kept as it is. Changed rules or new feedback never rewrite it.")


def show_all(store: PilotStore, pilot_id: str, now: datetime) -> None:
    """Draw the pilot's filed reports, the latest first."""
    lines = filed_reports(store.database, pilot_id)
    if not lines:
        st.markdown(":gray[No report is filed for this pilot yet.]")
    for one in lines:
        with st.container(border=True):
            line(one, now)


def line(one: FiledLine, now: datetime) -> None:
    """Draw one filed report: its recommendation, its day and rules, and links to read it."""
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            filed_badge(one)
            st.markdown(
                f"as of {_day(one.as_of)} &nbsp; [Open]({filed_address(one.report_id, 'html')}) &nbsp; "
                f"[Markdown]({filed_address(one.report_id, 'md')})",
                width="content",
            )
        older = "" if one.rules_version == current_rules().version else " (other than today’s)"
        st.caption(
            f"Rules {plain(one.rules_version)}{older} · filed {ago(one.generated_at, now)} by {plain(one.filed_by)}",
            help=f"As of {exact(one.as_of, viewer_zone())}  \nFiled {exact(one.generated_at, viewer_zone())}",
        )


def _day(value: datetime) -> str:
    return f"{value.day} {value:%b %Y}"
