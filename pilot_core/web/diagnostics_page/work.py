"""Renders under way and waiting, whether they are looked after, and the ones that failed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import streamlit as st

from pilot_core.formatting import ago, count
from pilot_core.rendering import never_began
from pilot_core.store import renders
from pilot_core.store.diagnosis import Failure
from pilot_core.store.pilots import PilotStore
from pilot_core.store.renders import Render
from pilot_core.web import links
from pilot_core.web.background import Watch
from pilot_core.web.diagnostics_page.words import Mark, Told, show
from pilot_core.web.text import plain
from pilot_core.web.times import when

LONG = timedelta(minutes=30)
SILENT_SECONDS = 120.0
SHOWN = 20
LATELY = timedelta(days=1)


@dataclass(frozen=True)
class Queue:
    """Renders that a process has claimed, oldest first, those of them whose process is gone, and attempts (pilot,
    number) that no process has taken up.
    """

    renders: list[Render]
    gone: list[Render]
    unclaimed: list[tuple[str, int]]


def queue(store: PilotStore, now: datetime) -> Queue:
    """The queue as it is now."""
    found = renders.under_way(store.database)
    gone = [render for render in found if not renders.is_alive(render, now)]
    return Queue(found, gone, never_began(store))


def told(found: Queue, watch: Watch | None, at_once: int, now: datetime) -> Told:
    """How the renders get on."""
    if watch is None or not watch.is_alive:
        return Told(
            Mark.ACT, "Nobody looks after the renders.", "Start the dashboard again; its log says what went wrong."
        )
    if watch.seconds_since_look > SILENT_SECONDS:
        silent = count(watch.seconds_since_look // 60, "minute")
        todo = "It may be mending what a crash left. If this stays, start the dashboard again."
        return Told(Mark.LOOK, f"The renders were last looked after {silent} ago.", todo)
    making = sum(not render.waiting for render in found.renders)
    waiting = len(found.renders) - making + len(found.unclaimed)
    if not found.renders and not found.unclaimed:
        return Told(Mark.WELL, "No render is under way, and none waits.")
    limit = f"at most {at_once} at once" if at_once else "workers make them"
    sentence = f"{count(making, 'render')} under way, {waiting} waiting; {limit}."
    lost = len(found.gone) + len(found.unclaimed)
    if lost:
        todo = "They are failed within seconds, with the reason, and can be retried then."
        return Told(Mark.LOOK, f"{sentence} {count(lost, 'render')} without a process.", todo)
    if any(now - render.started_at > LONG for render in found.renders):
        todo = "If it does not move, end its process; the attempt is then failed and can be retried."
        return Told(Mark.LOOK, f"{sentence} The oldest began {ago(found.renders[0].started_at, now)}.", todo)
    return Told(Mark.WELL, sentence)


def draw(told: Told, found: Queue, now: datetime) -> None:
    """Draw the section."""
    st.subheader("Renders", anchor=False)
    show(told)
    with st.container(gap="small"):
        for render in found.renders:
            lost = " Its process is gone." if render in found.gone else ""
            step = f"{plain(render.step)}, {render.fraction:.0%}" if not render.waiting else "waiting for a free place"
            _row(
                f"`{render.attempt_id}`: {step}. "
                f"Last heard of {ago(render.heartbeat_at, now)}, process {render.pid}.{lost}",
                render.pilot_id,
                render.started_at,
            )
        for pilot_id, number in found.unclaimed:
            _row(f"Attempt {number} of `{pilot_id}` waits, and no process has taken it up.", pilot_id, None)


def told_of_failures(found: list[Failure], now: datetime) -> Told:
    """Whether attempts failed."""
    if not found:
        return Told(Mark.WELL, "No attempt stands as failed.")
    many = f"the last {SHOWN} of them" if len(found) == SHOWN else count(len(found), "attempt")
    lately = sum(one.failed_at is not None and now - one.failed_at < LATELY for one in found)
    sentence = f"Failed and not retried: {many}, {lately or 'none'} of them within a day."
    todo = "Open the pilot: the failure is told there in full, beside what retries it." if lately else ""
    return Told(Mark.LOOK if lately else Mark.PLAIN, sentence, todo)


def draw_failures(told: Told, found: list[Failure]) -> None:
    """Draw the section."""
    st.subheader("Failures", anchor=False)
    show(told)
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
