"""Renders in progress and waiting, whether the server's background work monitors them, and failed attempts."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import streamlit as st

from pilot_core.domain.renders import Render
from pilot_core.formatting import ago, count
from pilot_core.rendering.recovery import never_began
from pilot_core.store.pilots import PilotStore
from pilot_core.store.processes import is_alive
from pilot_core.store.queries.diagnosis import Failure
from pilot_core.store.queries.renders import under_way
from pilot_core.web.components import links
from pilot_core.web.components.text import plain
from pilot_core.web.components.times import when
from pilot_core.web.pages.diagnostics.status import Mark, Status, show_status
from pilot_core.web.server.background import Watch

LONG = timedelta(minutes=30)
SILENT_SECONDS = 120.0
SHOWN = 20
LATELY = timedelta(days=1)


@dataclass(frozen=True)
class Queue:
    """Renders in progress and waiting.

    Renders that a process has claimed, oldest first; those of them whose claim ran out; and attempts (pilot id,
    number) that no process has claimed.
    """

    renders: list[Render]
    gone: list[Render]
    unclaimed: list[tuple[str, int]]


def queue(store: PilotStore, now: datetime, workers_url: str | None) -> Queue:
    """Return the current queue."""
    found = under_way(store.database)
    gone = [render for render in found if not is_alive(render, now)]
    return Queue(found, gone, never_began(store, workers_url))


def status(found: Queue, watch: Watch | None, at_once: int, now: datetime) -> Status:
    """Return the status: whether renders make progress."""
    if watch is None or not watch.is_alive:
        return Status(
            Mark.ACT, "Nobody looks after the renders.", "Start the dashboard again; its log says what went wrong."
        )
    if watch.seconds_since_look > SILENT_SECONDS:
        silent = count(watch.seconds_since_look // 60, "minute")
        todo = "It may be mending what a crash left. If this stays, start the dashboard again."
        return Status(Mark.LOOK, f"The renders were last looked after {silent} ago.", todo)
    making = sum(not render.waiting for render in found.renders)
    waiting = len(found.renders) - making + len(found.unclaimed)
    if not found.renders and not found.unclaimed:
        return Status(Mark.WELL, "No render is under way, and none waits.")
    limit = f"at most {at_once} at once" if at_once else "workers make them"
    sentence = f"{count(making, 'render')} under way, {waiting} waiting; {limit}."
    lost = len(found.gone) + len(found.unclaimed)
    if lost:
        todo = "They are failed within seconds, with the reason, and can be retried then."
        return Status(Mark.LOOK, f"{sentence} {count(lost, 'render')} without a process that is heard from.", todo)
    if any(now - render.started_at > LONG for render in found.renders):
        todo = "If it does not move, end its process; the attempt is then failed and can be retried."
        return Status(Mark.LOOK, f"{sentence} The oldest began {ago(found.renders[0].started_at, now)}.", todo)
    return Status(Mark.WELL, sentence)


def show(status: Status, found: Queue, now: datetime) -> None:
    """Draw the section."""
    st.header("Renders", anchor=False)
    show_status(status)
    with st.container(gap="small"):
        for render in found.renders:
            lost = " Its process has ended, or is silent." if render in found.gone else ""
            step = f"{plain(render.step)}, {render.fraction:.0%}" if not render.waiting else "waiting for a free place"
            _row(
                f"`{render.attempt_id}`: {step}. "
                f"Last heard of {ago(render.heartbeat_at, now)}, process {render.pid}.{lost}",
                render.pilot_id,
                render.started_at,
            )
        for pilot_id, number in found.unclaimed:
            _row(f"Attempt {number} of `{pilot_id}` waits, and no process has taken it up.", pilot_id, None)


def failures_status(found: list[Failure], now: datetime) -> Status:
    """Return the status: whether attempts failed, and how many of them recently."""
    if not found:
        return Status(Mark.WELL, "No attempt stands as failed.")
    many = f"the last {SHOWN} of them" if len(found) == SHOWN else count(len(found), "attempt")
    lately = sum(one.failed_at is not None and now - one.failed_at < LATELY for one in found)
    sentence = f"Failed and not retried: {many}, {lately or 'none'} of them within a day."
    todo = "Open the pilot: the failure is told there in full, beside what retries it." if lately else ""
    return Status(Mark.LOOK if lately else Mark.PLAIN, sentence, todo)


def show_failures(status: Status, found: list[Failure]) -> None:
    """Draw the section."""
    st.header("Failures", anchor=False)
    show_status(status)
    with st.container(gap="small"):
        for one in found:
            _row(
                f"**{plain(one.company_name)}**, attempt {one.attempt_number}: "
                f"{plain(one.failure) or 'no reason is known.'}",
                one.pilot_id,
                one.failed_at,
            )


def _row(words: str, pilot_id: str, moment: datetime | None) -> None:
    with st.container(gap="xxsmall"):
        st.markdown(words)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if moment:
                when(moment)
            links.pilot_link(pilot_id, "Open the pilot")
