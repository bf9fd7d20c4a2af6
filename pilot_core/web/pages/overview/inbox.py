"""The “Needs you today” list: each pilot that needs someone to act, with the reason and the next action."""

from datetime import datetime

import streamlit as st

from pilot_core.domain.actors import Actor
from pilot_core.domain.feedback import FeedbackLevel
from pilot_core.formatting import all_used, count
from pilot_core.rendering.begin import retry
from pilot_core.services import pilots
from pilot_core.services.acts import Act
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.inbox import Kind, Need, PilotCounts
from pilot_core.web.access import page_guard
from pilot_core.web.access.current_app import app
from pilot_core.web.access.idempotency import form_key
from pilot_core.web.components import links, warnings
from pilot_core.web.components.errors import show_errors
from pilot_core.web.components.text import plain
from pilot_core.web.components.times import exact, viewer_zone

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


def headline(counts: PilotCounts, now: datetime) -> str:
    """Return the state of all pilots in one line."""
    parts = [f"{count(counts.active, 'pilot')} active"]
    if counts.rendering:
        parts.append(f"{count(counts.rendering, 'cut')} being made")
    if counts.awaiting:
        waits = "cut waits for its founder" if counts.awaiting == 1 else "cuts wait for founders"
        longest = "" if counts.awaiting == 1 else ", the longest"
        parts.append(f"{counts.awaiting:,} {waits}{longest} for {_span(counts.longest_waiting, now)}")
    if counts.paused:
        parts.append(f"{counts.paused:,} paused")
    return " · ".join(parts)


def sentence(need: Need, now: datetime) -> str:
    """Return why the pilot needs someone to act, as Markdown."""
    company, founder, number = plain(need.company_name), plain(need.founder_name), need.attempt_number
    by = plain(need.said_by or need.founder_name)
    decided = f"{by} {FeedbackLevel(need.decision).verb} attempt {number}" if need.decision else ""
    span = _span(need.since, now)
    what = {
        Kind.AWAITING: f"attempt {number} has waited for {founder} for {span}.",
        Kind.FEEDBACK: f"{decided}, {span} ago.",
        Kind.SLA_MISSED: f"attempt {number} misses the SLA. {plain(need.detail or '')}",
        Kind.FAILED: f"the render of attempt {number} failed {span} ago. {plain(need.detail or '')}",
        Kind.AT_LIMIT: f"{decided}. {all_used(need.max_attempts)}.",
        Kind.NEXT_DUE: f"{decided}, and attempt {(number or 0) + 1} has not begun."
        if decided
        else "no attempt has begun.",
        Kind.STALE: f"nothing new for {span}. " + (f"{decided}." if decided else _waiting(need)),
        Kind.PAUSED: f"paused for {span}. {plain(need.detail or '')}",
    }[need.kind]
    return f"{ICONS[need.kind]} **{company}**: {what}"


def rows(store: PilotStore, needs: list[Need], now: datetime, actor: Actor) -> None:
    """Draw the rows. If there are more of a kind, a button after its last row shows them."""
    shown: dict[Kind, int] = {}
    for need in needs:
        _row(store, need, now, actor)
        shown[need.kind] = shown.get(need.kind, 0) + 1
        more = need.alike - shown[need.kind]
        if more and need.kind not in opened() and shown[need.kind] == sum(other.kind is need.kind for other in needs):
            label = f"Show {more:,} more {ALIKE[need.kind]}"
            st.button(label, key=f"more_{need.kind}", type="tertiary", on_click=_open, args=(need.kind,))


def opened() -> tuple[Kind, ...]:
    """Return the kinds for which all rows are shown."""
    return tuple(st.session_state.get(MORE_KEY, ()))


def _open(kind: Kind) -> None:
    st.session_state[MORE_KEY] = (*opened(), kind)


def _row(store: PilotStore, need: Need, now: datetime, actor: Actor) -> None:
    words, action = st.columns([4, 1], gap="xxsmall", vertical_alignment="center")
    words.markdown(sentence(need, now), help=f"Since {exact(need.since, viewer_zone())}")
    with action:
        if need.kind in (Kind.FAILED, Kind.PAUSED) and not page_guard.may_change():
            links.pilot_link(need.pilot_id, "Look")
        elif need.kind is Kind.FAILED:
            if st.button("Retry", key=f"retry_{need.pilot_id}", icon=":material/refresh:"):
                key = f"{form_key('retry')} {need.pilot_id} {need.since}"
                with show_errors():
                    retried, _ = retry(store, app().launch, need.pilot_id, Act(actor, key=key))
                    warnings.show_later(retried)
                    st.rerun()
        elif need.kind is Kind.PAUSED:
            if st.button("Resume", key=f"resume_{need.pilot_id}", icon=":material/play_arrow:"):
                with show_errors():
                    warnings.show_later(pilots.resume(store, need.pilot_id, actor))
                    st.rerun()
        else:
            links.pilot_link(need.pilot_id, _action(need))


def _action(need: Need) -> str:
    following = f"Start attempt {_next(need)}"
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


def _next(need: Need) -> int:
    return (need.attempt_number or 0) + 1


def _waiting(need: Need) -> str:
    if need.attempt_number is None:
        return "No attempt has begun."
    return f"Attempt {need.attempt_number} waits for {plain(need.founder_name)}."


def _span(value: datetime | None, now: datetime) -> str:
    """Return the time since ``value`` as text: "under a minute", "20 min", "3 h", "1 day", "11 days"."""
    minutes = int((now - value).total_seconds() // 60) if value else 0
    if minutes < 1:
        return "under a minute"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"
