"""*Needs you today*: each pilot that needs someone as one sentence and the one action that moves it on."""

from datetime import datetime

import streamlit as st

from pilot_core import services
from pilot_core.formatting import count
from pilot_core.store.attention import Kind, Need, Standing
from pilot_core.store.pilots import PilotStore
from pilot_core.web import access, links
from pilot_core.web.background import start_render
from pilot_core.web.errors import told
from pilot_core.web.text import plain
from pilot_core.web.times import exact, viewer_zone

MORE_KEY = "needs_more"

ICONS = {
    Kind.AWAITING: ":material/hourglass_top:",
    Kind.FEEDBACK: ":primary[:material/forum:]",
    Kind.SLA_MISSED: ":orange[:material/rule:]",
    Kind.FAILED: ":red[:material/error:]",
    Kind.AT_LIMIT: ":orange[:material/last_page:]",
    Kind.NEXT_DUE: ":material/skip_next:",
    Kind.STALE: ":gray[:material/bedtime:]",
    Kind.PAUSED: ":gray[:material/pause_circle:]",
}
ASKED = {
    "approve": "approved",
    "minor_changes": "asked for minor changes on",
    "major_changes": "asked for major changes on",
}
ALIKE = {
    Kind.AWAITING: "waiting for a founder",
    Kind.FEEDBACK: "with new feedback",
    Kind.SLA_MISSED: "missing the SLA",
    Kind.FAILED: "with a failed render",
    Kind.AT_LIMIT: "at the limit",
    Kind.NEXT_DUE: "with the next attempt to begin",
    Kind.STALE: "with nothing new",
    Kind.PAUSED: "paused",
}


def headline(standing: Standing, now: datetime) -> str:
    """How things stand, in one line."""
    told_of = [f"{count(standing.active, 'pilot')} active"]
    if standing.in_the_making:
        told_of.append(f"{count(standing.in_the_making, 'cut')} being made")
    if standing.awaiting:
        waits = "cut waits for its founder" if standing.awaiting == 1 else "cuts wait for founders"
        longest = "" if standing.awaiting == 1 else ", the longest"
        told_of.append(f"{standing.awaiting:,} {waits}{longest} for {_span(standing.longest_waiting, now)}")
    if standing.paused:
        told_of.append(f"{standing.paused:,} paused")
    return " · ".join(told_of)


def sentence(need: Need, now: datetime) -> str:
    """Why the pilot needs someone, as Markdown."""
    company, founder, number = plain(need.company_name), plain(need.founder_name), need.attempt_number
    by = plain(need.said_by or need.founder_name)
    said = f"{by} {ASKED[need.decision]} attempt {number}" if need.decision else ""
    span = _span(need.since, now)
    what = {
        Kind.AWAITING: f"attempt {number} has waited for {founder} for {span}.",
        Kind.FEEDBACK: f"{said}, {span} ago.",
        Kind.SLA_MISSED: f"attempt {number} misses the SLA. {plain(need.detail or '')}",
        Kind.FAILED: f"the render of attempt {number} failed {span} ago. {plain(need.detail or '')}",
        Kind.AT_LIMIT: f"all {need.max_attempts} attempts are used, and {said}.",
        Kind.NEXT_DUE: f"{said}, and attempt {(number or 0) + 1} has not begun." if said else "no attempt has begun.",
        Kind.STALE: f"nothing new for {span}. " + (f"{said}." if said else _waiting(need)),
        Kind.PAUSED: f"paused for {span}. {plain(need.detail or '')}",
    }[need.kind]
    return f"{ICONS[need.kind]} **{company}**: {what}"


def rows(store: PilotStore, needs: list[Need], now: datetime, actor: str) -> None:
    """Draw them, and below the last of a kind of which there are more, the way to see those."""
    shown: dict[Kind, int] = {}
    for need in needs:
        _row(store, need, now, actor)
        shown[need.kind] = shown.get(need.kind, 0) + 1
        more = need.alike - shown[need.kind]
        if more and need.kind not in opened() and shown[need.kind] == sum(other.kind is need.kind for other in needs):
            label = f"Show {more:,} more {ALIKE[need.kind]}"
            st.button(label, key=f"more_{need.kind}", type="tertiary", on_click=_open, args=(need.kind,))


def opened() -> tuple[Kind, ...]:
    """The kinds of which more are shown."""
    return tuple(st.session_state.get(MORE_KEY, ()))


def _open(kind: Kind) -> None:
    st.session_state[MORE_KEY] = (*opened(), kind)


def _row(store: PilotStore, need: Need, now: datetime, actor: str) -> None:
    said, act = st.columns([4, 1], gap="xxsmall", vertical_alignment="center")
    said.markdown(sentence(need, now), help=f"Since {exact(need.since, viewer_zone())}")
    with act:
        if need.kind in (Kind.FAILED, Kind.PAUSED) and not access.may_change():
            links.pilot_link(need.pilot_id, "Look")
        elif need.kind is Kind.FAILED:
            if st.button("Retry", key=f"retry_{need.pilot_id}", icon=":material/refresh:"):
                with told():
                    _, attempt = services.retry_attempt(store, need.pilot_id, actor)
                    start_render(store, need.pilot_id, attempt.attempt_number)
                    st.rerun()
        elif need.kind is Kind.PAUSED:
            if st.button("Resume", key=f"resume_{need.pilot_id}", icon=":material/play_arrow:"):
                with told():
                    services.resume(store, need.pilot_id, actor)
                    st.rerun()
        else:
            links.pilot_link(need.pilot_id, _action(need))


def _action(need: Need) -> str:
    following = f"Start attempt {(need.attempt_number or 0) + 1}"
    if need.kind is Kind.FEEDBACK:
        if need.decision == "approve":
            return "Read the report"
        return following if need.attempts_used < need.max_attempts else "Decide"
    return {
        Kind.AWAITING: "Log feedback",
        Kind.SLA_MISSED: "See the checks",
        Kind.AT_LIMIT: "Decide",
        Kind.NEXT_DUE: following,
        Kind.STALE: "Take it up or drop it",
    }[need.kind]


def _waiting(need: Need) -> str:
    if need.attempt_number is None:
        return "No attempt has begun."
    return f"Attempt {need.attempt_number} waits for {plain(need.founder_name)}."


def _span(value: datetime | None, now: datetime) -> str:
    """A length of time as a sentence holds it: "under a minute", "20 min", "3 h", "1 day", "11 days"."""
    minutes = int((now - value).total_seconds() // 60) if value else 0
    if minutes < 1:
        return "under a minute"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"
