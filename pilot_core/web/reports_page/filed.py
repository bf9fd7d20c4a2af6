"""One pilot's filed reports: another one filed, for today or a day gone by, and every earlier one as it was filed."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import streamlit as st

from pilot_core.formatting import ago
from pilot_core.insight.rules import current_rules
from pilot_core.judgement import file_report
from pilot_core.models import PilotRun
from pilot_core.store.judgements import FiledLine, filed_reports
from pilot_core.store.pilots import PilotStore
from pilot_core.web import access
from pilot_core.web.downloads import filed_address
from pilot_core.web.text import plain
from pilot_core.web.times import exact, viewer_zone
from pilot_core.web.verdicts import filed_badge


def form(store: PilotStore, pilot: PilotRun, lead: str, file: Callable[[Callable[[], None]], None]) -> None:
    """Draw what files a report, for a lead; ``file`` is called back with the act, and says how it went."""
    if not access.may_change():
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

        def act() -> None:
            asked = st.session_state.get(key)
            file_report(store, pilot.pilot_id, lead, as_of=_end_of(asked) if asked and asked < today else None)

        st.button("File this report", icon=":material/inventory_2:", key=f"{key} now", on_click=file, args=(act,))
    st.caption("A filed report is kept as it is. Changed rules or new feedback never rewrite it.")


def listed(store: PilotStore, pilot_id: str, now: datetime) -> None:
    """Draw the pilot's filed reports, the latest first."""
    lines = filed_reports(store.database, pilot_id)
    if not lines:
        st.markdown(":gray[No report is filed for this pilot yet.]")
    for one in lines:
        with st.container(border=True):
            line(one, now)


def line(one: FiledLine, now: datetime) -> None:
    """Draw one filed report: what it says, as of when, by which rules; and the ways to read it."""
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


def _end_of(asked: date) -> datetime:
    return datetime.combine(asked + timedelta(days=1), datetime.min.time(), UTC) - timedelta(microseconds=1)
