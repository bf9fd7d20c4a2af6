"""The inbox: what a lead can move first, then who is waited for. Each row is a pilot with its reason and one action."""

from datetime import datetime, timedelta

import streamlit as st

from pilot_core.domain.actors import Actor
from pilot_core.domain.feedback import FeedbackLevel
from pilot_core.domain.stages import Stage, stage_label
from pilot_core.formatting import all_used, count
from pilot_core.insight.rules import current_rules
from pilot_core.rendering.begin import retry
from pilot_core.services import pilots
from pilot_core.services.acts import Act
from pilot_core.settings import Settings
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.inbox import WAITING, Inbox, Kind, Need, PilotCounts
from pilot_core.store.queries.overview import Overview
from pilot_core.web.access import page_guard
from pilot_core.web.access.current_app import app
from pilot_core.web.access.idempotency import form_key
from pilot_core.web.components import links, warnings
from pilot_core.web.components.errors import show_errors
from pilot_core.web.components.text import plain
from pilot_core.web.components.times import exact, viewer_zone
from pilot_core.web.pages.overview import bulk

VIEW_KEY, MORE_KEY = "inbox", "needs_more"

VIEWS = {
    Inbox.EVERYONE: "All",
    Inbox.MINE: "Mine",
    Inbox.UNOWNED: "No owner",
    Inbox.LATE: "Late",
    Inbox.SNOOZED: "Snoozed",
}
NOTHING = {
    Inbox.EVERYONE: "Nothing needs you now.",
    Inbox.MINE: "Nothing that you own needs you now.",
    Inbox.UNOWNED: "Nothing without an owner needs you now.",
    Inbox.LATE: "Nothing on our side is late.",
    Inbox.SNOOZED: "Nothing that is snoozed needs you.",
}
ICONS = {
    Kind.FAILED: ":red[:material/error:]",
    Kind.FEEDBACK: ":primary[:material/forum:]",
    Kind.READY: ":primary[:material/outgoing_mail:]",
    Kind.OUT_OF_ATTEMPTS: ":orange[:material/last_page:]",
    Kind.UNFILED: ":material/inventory_2:",
    Kind.BEGIN: ":material/play_arrow:",
    Kind.APPROVED: ":green[:material/check_circle:]",
    Kind.AWAITING: ":material/hourglass_top:",
    Kind.PAUSED: ":gray[:material/pause_circle:]",
}
ALIKE = {
    Kind.FAILED: "with a failed render",
    Kind.FEEDBACK: "with feedback",
    Kind.READY: "ready to send",
    Kind.OUT_OF_ATTEMPTS: "out of attempts",
    Kind.UNFILED: "without a filed report",
    Kind.BEGIN: "without an attempt",
    Kind.APPROVED: "approved",
    Kind.AWAITING: "waiting for a founder",
    Kind.PAUSED: "paused",
}


def headline(counts: PilotCounts, now: datetime) -> str:
    """Return the state of all pilots in one line."""
    parts = [f"{counts.open:,} open"]
    parts += [f"{counts.out_of_attempts:,} out of attempts"] if counts.out_of_attempts else []
    parts += [f"{counts.paused:,} paused"] if counts.paused else []
    if counts.rendering:
        parts.append(f"{count(counts.rendering, 'video')} being made")
    if counts.unsent:
        parts.append(f"{counts.unsent:,} not sent")
    if counts.awaiting:
        waits = "video is with its founder" if counts.awaiting == 1 else "videos are with founders"
        longest = "" if counts.awaiting == 1 else ", the longest"
        parts.append(f"{counts.awaiting:,} {waits}{longest} for {span(counts.longest_waiting, now)}")
    return " · ".join(parts)


def sentence(need: Need, now: datetime) -> str:
    """Return why the pilot is in the inbox, as Markdown."""
    founder, number, since = plain(need.founder_name), need.attempt_number, span(need.since, now)
    by = plain(need.said_by or need.founder_name)
    decided = f"{by} {FeedbackLevel(need.decision).verb} attempt {number}" if need.decision else ""
    failed = f"Attempt {number} failed to render"
    detail = f" {plain(need.detail)}" if need.detail else ""
    what = {
        Kind.FAILED: f"{failed} {since} ago.{detail}",
        Kind.FEEDBACK: f"{decided}, {since} ago.",
        Kind.READY: f"Attempt {number} has been ready for {since} and is not sent.{detail}",
        # A further attempt, from before the limit was lowered, may have failed.
        Kind.OUT_OF_ATTEMPTS: f"{decided or failed}, {since} ago. {all_used(need.max_attempts)}.",
        Kind.UNFILED: f"Approved {since} ago. No outcome report is filed.",
        Kind.BEGIN: f"Created {since} ago. No attempt has begun.",
        Kind.APPROVED: f"{decided or 'Approved'}, {since} ago.",
        Kind.AWAITING: f"{founder} has had attempt {number} for {since}. {_seen(need)}",
        Kind.PAUSED: f"Paused for {since}.{detail}",
    }[need.kind]
    if need.is_stale and need.kind is Kind.AWAITING:
        what += f" No activity for {current_rules().stale_days:g} days: consider pausing."
    return what


def _seen(need: Need) -> str:
    """Return what is known of the founder's viewing."""
    stage = Stage(need.stage) if need.stage else None
    if stage in (Stage.OPENED, Stage.WATCHED):
        return f"{stage_label(stage, need.watched)}, not decided."
    return "Not opened yet." if stage is Stage.SENT else ""


def marks(need: Need, config: Settings, now: datetime) -> str:
    """Return what stands behind the sentence, as Markdown: how late, whether new, the owner, the end of a snooze."""
    found = []
    if need.is_late:
        hours = config.review_hours if need.kind is Kind.AWAITING else config.answer_hours
        found.append(f":orange-badge[{span(config.hours.after(need.since, hours), now)} late]")
    if need.is_new:
        found.append(":primary-badge[New]")
    if need.snoozed_until and need.snoozed_until > now:
        day = config.hours.day_of(need.snoozed_until)
        found.append(f":gray-badge[Snoozed until {day.day} {day:%b}]")
    if need.owner:
        found.append(f":gray[{plain(need.owner)}]")
    return " ".join(found)


def chosen_view() -> Inbox:
    """Return the view in the page's address."""
    label = st.session_state.get(VIEW_KEY) or st.query_params.get(VIEW_KEY)
    return next((view for view, word in VIEWS.items() if label in (view, word)), Inbox.EVERYONE)


def show(store: PilotStore, config: Settings, seen: Overview, actor: Actor) -> None:
    """Draw the inbox: its views, what can be done with several pilots, and the rows."""
    counts, needs = seen.counts.by_view, seen.needs
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.pills(
            "Inbox",
            list(VIEWS),
            default=Inbox.EVERYONE,
            required=True,
            format_func=VIEWS.__getitem__,
            key=VIEW_KEY,
            bind="query-params",
            label_visibility="collapsed",
            width="content",
        )
        bulk.show(store, config, needs, seen.owners, actor)
    for waiting, title in ((False, "Needs you"), (True, "Waiting for others")):
        group = [need for need in needs if (need.kind in WAITING) is waiting]
        if group or not waiting:
            st.header(_title(title, group), anchor=False)
        if group:
            with st.container(gap="xxsmall"):
                _rows(store, config, group, seen.asked.now, actor)
        elif not waiting:
            st.markdown(f":green[✓] {NOTHING[seen.asked.show]}")
    snoozed = counts.get(Inbox.SNOOZED, 0)
    if snoozed and seen.asked.show is not Inbox.SNOOZED:
        st.caption(f"{count(snoozed, 'pilot')} snoozed.")


def _title(title: str, group: list[Need]) -> str:
    kinds = {need.kind: need for need in group}.values()
    late = sum(need.late for need in kinds)
    many = sum(need.alike for need in kinds)
    return title + (f" · {many:,}" if many else "") + (f", {late:,} late" if late else "")


def _rows(store: PilotStore, config: Settings, needs: list[Need], now: datetime, actor: Actor) -> None:
    """Draw the rows. If there are more of a kind, a button after its last row shows them."""
    for place, need in enumerate(needs):
        _row(store, config, need, now, actor)
        shown = sum(other.kind is need.kind for other in needs)
        last = place + 1 == len(needs) or needs[place + 1].kind is not need.kind
        if last and need.alike > shown and need.kind not in opened():
            label = f"Show {need.alike - shown:,} more {ALIKE[need.kind]}"
            st.button(label, key=f"more_{need.kind}", type="tertiary", on_click=_open, args=(need.kind,))


def opened() -> tuple[Kind, ...]:
    """Return the kinds for which all rows are shown."""
    return tuple(st.session_state.get(MORE_KEY, ()))


def _open(kind: Kind) -> None:
    st.session_state[MORE_KEY] = (*opened(), kind)


def _row(store: PilotStore, config: Settings, need: Need, now: datetime, actor: Actor) -> None:
    acts = page_guard.may_change()
    # Columns lie one above the other on a phone.
    who, why, action = st.columns([5, 10, 4], gap="small", vertical_alignment="center")
    with who, st.container(horizontal=True, vertical_alignment="center", gap="small", wrap=False):
        if acts:
            bulk.pick(need)
        _company(need)
    why.markdown(f"{sentence(need, now)} {marks(need, config, now)}")
    if acts:
        with action:
            _action(store, need, actor)


def _company(need: Need) -> None:
    label = f"{ICONS[need.kind]} **{plain(need.company_name)}**"
    tip = f"{plain(need.company_name)}, since {exact(need.since, viewer_zone())}"
    links.pilot_link(need.pilot_id, label, None, help=tip)


def _action(store: PilotStore, need: Need, actor: Actor) -> None:
    """Draw the row's one action, which acts here or opens the pilot where it is done."""
    label = action_label(need)
    clicked = st.button(label, key=f"act_{need.pilot_id}", width="stretch")
    if not clicked:
        return
    with show_errors():
        if need.kind is Kind.FAILED:
            key = f"{form_key('retry')} {need.pilot_id} {need.since}"
            warnings.show_later(retry(store, app().launch, need.pilot_id, Act(actor, key=key))[0])
        elif need.kind is Kind.PAUSED:
            warnings.show_later(pilots.resume(store, need.pilot_id, actor))
        elif need.kind is Kind.AWAITING:
            bulk.do(store, [need], bulk.REMIND, actor)
        elif need.kind is Kind.UNFILED:
            bulk.do(store, [need], bulk.FILE, actor)
        else:
            links.open_pilot(need.pilot_id)
        st.rerun()


def action_label(need: Need) -> str:
    """Return the label of the row's action: a verb and what it acts on."""
    following = f"Start attempt {(need.attempt_number or 0) + 1}"
    first_name = plain(need.founder_name.split()[0])
    return {
        Kind.FAILED: "Retry the render",
        Kind.FEEDBACK: "Close the pilot" if need.decision == "approve" else following,
        Kind.READY: f"Send to {first_name}",
        Kind.OUT_OF_ATTEMPTS: "Decide how it ends",
        Kind.UNFILED: "File the report",
        Kind.BEGIN: following,
        Kind.APPROVED: "Read the report",
        Kind.AWAITING: f"Remind {first_name}",
        Kind.PAUSED: "Resume the pilot",
    }[need.kind]


def span(value: datetime | None, now: datetime) -> str:
    """Return the time since ``value`` as text: "under a minute", "20 min", "3 h", "1 day", "11 days"."""
    passed = now - value if value else timedelta()
    minutes = int(passed.total_seconds() // 60)
    if minutes < 1:
        return "under a minute"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"
