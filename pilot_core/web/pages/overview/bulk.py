"""What is done with several pilots of the inbox at once, and its undo for ten minutes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

import streamlit as st

from pilot_core.domain.actors import Actor
from pilot_core.domain.pilot import UNDO_FOR
from pilot_core.errors import NotAllowedNow, PilotError
from pilot_core.formatting import count
from pilot_core.messages import outbox
from pilot_core.services import inbox, judgements, pilots
from pilot_core.settings import Settings
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.inbox import Kind, Need
from pilot_core.web.access import page_guard
from pilot_core.web.components.text import plain

DONE_KEY, REFUSED_KEY = "inbox_done", "inbox_refused"
OWNER, UNTIL, REASON = "inbox_owner", "inbox_until", "inbox_reason"
NOBODY = ""

Undo = Callable[[PilotStore, Actor], object]
"""Takes back what was done to one pilot. Raises PilotError if it cannot be taken back."""


class BulkAct(NamedTuple):
    """An act on each of several pilots. ``past`` says what was done, to precede "3 pilots"."""

    past: str
    do: Callable[[PilotStore, Need, Actor], Undo]


@dataclass(frozen=True)
class Done:
    """What was done last in the inbox, and how each pilot is put back, by company."""

    words: str
    at: datetime
    undos: tuple[tuple[str, Undo], ...]


def pick(need: Need) -> None:
    """Draw the box that selects the pilot."""
    st.checkbox(f"Select {plain(need.company_name)}", key=_box(need.pilot_id), label_visibility="collapsed", width=20)


def show(store: PilotStore, config: Settings, needs: Sequence[Need], owners: Sequence[str], actor: Actor) -> None:
    """Draw what can be done with the selected pilots, and the undo of what was done last."""
    if not page_guard.may_change():
        return
    chosen = [need for need in needs if st.session_state.get(_box(need.pilot_id))]
    with st.popover(
        f"{count(len(chosen), 'pilot')} selected" if chosen else "Select pilots",
        icon=":material/checklist:",
        disabled=not chosen,
        key="inbox_bulk",
    ):
        if chosen:
            _controls(store, config, chosen, owners, actor)
    _undo(store, actor)
    for line in st.session_state.pop(REFUSED_KEY, ()):
        st.warning(plain(line), icon=":material/warning:")


def do(store: PilotStore, chosen: Sequence[Need], act: BulkAct, actor: Actor) -> None:
    """Do the act to each pilot, and keep how it is undone. What is refused is shown on the next run of the page."""
    undos, refused = [], []
    for need in chosen:
        try:
            undos.append((need.company_name, act.do(store, need, actor)))
        except PilotError as error:
            refused.append(f"{need.company_name}: {error}")
        st.session_state.pop(_box(need.pilot_id), None)
    if undos:
        whom = undos[0][0] if len(undos) == 1 else count(len(undos), "pilot")
        st.session_state[DONE_KEY] = Done(act.past.format(whom), store.clock(), tuple(undos))
    st.session_state[REFUSED_KEY] = refused


def undo(store: PilotStore, done: Done, actor: Actor) -> None:
    """Take back what was done, where nothing else happened since. Refused after ten minutes."""
    refused = []
    for company, take_back in done.undos:
        try:
            if store.clock() > done.at + UNDO_FOR:
                raise NotAllowedNow("Ten minutes have passed, so this cannot be undone here.")
            take_back(store, actor)
        except PilotError as error:
            refused.append(f"{company}: {error}")
    st.session_state.pop(DONE_KEY, None)
    st.session_state[REFUSED_KEY] = refused


def set_owner(owner: str | None) -> BulkAct:
    """Make that lead the owner; None for nobody."""

    def assign(store: PilotStore, need: Need, actor: Actor) -> Undo:
        after = inbox.assign(store, need.pilot_id, owner, actor, seen_version=need.version).version
        return lambda store, actor: inbox.assign(store, need.pilot_id, need.owner, actor, seen_version=after)

    return BulkAct(f"{owner} owns {{}} now" if owner else "{} has no owner now", assign)


def snooze(until: datetime | None) -> BulkAct:
    """Leave out of the inbox until then; None ends a snooze."""

    def put_off(store: PilotStore, need: Need, actor: Actor) -> Undo:
        after = inbox.snooze(store, need.pilot_id, until, actor, seen_version=need.version).version
        before = need.snoozed_until if need.snoozed_until and need.snoozed_until > store.clock() else None
        return lambda store, actor: inbox.snooze(store, need.pilot_id, before, actor, seen_version=after)

    return BulkAct("{} snoozed" if until else "Snooze of {} ended", put_off)


def pause(reason: str) -> BulkAct:
    """Pause with that reason."""

    def stop(store: PilotStore, need: Need, actor: Actor) -> Undo:
        after = pilots.pause(store, need.pilot_id, reason, actor, seen_version=need.version).version
        return lambda store, actor: pilots.resume(store, need.pilot_id, actor, seen_version=after)

    return BulkAct("{} paused", stop)


def _remind(store: PilotStore, need: Need, actor: Actor) -> Undo:
    message_id = outbox.remind(store, need.pilot_id, actor)
    return lambda store, actor: outbox.cancel(store, message_id, actor)


def _file(store: PilotStore, need: Need, actor: Actor) -> Undo:
    report_id = judgements.file_report(store, need.pilot_id, actor).report_id
    return lambda store, actor: judgements.withdraw_report(store, report_id, actor, reason="undone")


REMIND = BulkAct("Reminder for {} written", _remind)
FILE = BulkAct("Report of {} filed", _file)


def _box(pilot_id: str) -> str:
    return f"pick_{pilot_id}"


def _controls(store: PilotStore, config: Settings, chosen: list[Need], owners: Sequence[str], actor: Actor) -> None:
    names = list(dict.fromkeys([str(actor), *owners]))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        owner = st.selectbox(
            "Owner",
            [*names, NOBODY],
            format_func=lambda name: name or "Nobody",
            accept_new_options=True,
            key=OWNER,
            width=220,
        )
        _button("Set owner", store, chosen, lambda: set_owner(owner or None), actor)
    today = config.hours.day_of(store.clock())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        until = st.date_input(
            "Snooze until", today + timedelta(days=3), min_value=today + timedelta(days=1), key=UNTIL, width=220
        )
        _button("Snooze", store, chosen, lambda: snooze(config.hours.begins(_day(until, today))), actor)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        reason = st.text_input("Reason for the pause", "Waiting for founder feedback", key=REASON, width=220)
        _button("Pause", store, chosen, lambda: pause(reason or ""), actor)
    with st.container(horizontal=True):
        if any(need.kind is Kind.AWAITING for need in chosen):
            _button("Remind founders", store, chosen, lambda: REMIND, actor)
        _button("File reports", store, chosen, lambda: FILE, actor)
        if any(need.snoozed_until and need.snoozed_until > store.clock() for need in chosen):
            _button("End the snooze", store, chosen, lambda: snooze(None), actor)


def _button(label: str, store: PilotStore, chosen: list[Need], act: Callable[[], BulkAct], actor: Actor) -> None:
    if st.button(label, key=f"bulk {label}"):
        do(store, chosen, act(), actor)
        st.rerun()


def _day(chosen: object, today: date) -> date:
    return chosen if isinstance(chosen, date) else today + timedelta(days=1)


def _undo(store: PilotStore, actor: Actor) -> None:
    done = st.session_state.get(DONE_KEY)
    if not isinstance(done, Done) or store.clock() > done.at + UNDO_FOR:
        return
    st.caption(plain(f"{done.words}."), width="content")
    if st.button("Undo", key="inbox_undo", type="tertiary", icon=":material/undo:"):
        undo(store, done, actor)
        st.rerun()
