"""The cut being made, or what became of it: drawn from the store, so that whoever looks sees the same."""

from datetime import UTC, datetime

import streamlit as st

from pilot_core import catalog, services
from pilot_core.formatting import count, dollars, seconds
from pilot_core.models import AttemptState, PilotRun, PilotRunAttempt
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries import Making, making
from pilot_core.web import access, links
from pilot_core.web.background import start_render
from pilot_core.web.errors import told
from pilot_core.web.player import media_for, player
from pilot_core.web.text import plain

UNDER_WAY = (AttemptState.QUEUED, AttemptState.RENDERING)


def show(store: PilotStore, pilot: PilotRun, actor: str) -> None:
    """Draw how the pilot's latest attempt is getting on, with the one thing to do next."""
    attempt = pilot.latest_attempt
    if attempt is None:
        st.info("No attempt has been started yet. Start it from the pilot's page.")
        links.pilot_link(pilot.pilot_id, "Open the pilot")
    elif attempt.state in UNDER_WAY:
        progress(store, attempt.attempt_id, attempt.attempt_number)
        st.caption("You can leave this page: the work goes on, and this address shows it to anyone on the team.")
        links.pilot_link(pilot.pilot_id, "Open the pilot")
    elif attempt.state is AttemptState.FAILED:
        _failed(store, pilot, attempt, actor)
    else:
        _ready(pilot, attempt)


@st.fragment(run_every="1s")
def progress(store: PilotStore, attempt_id: str, number: int) -> None:
    """Draw how far the making is, every second; when it is over, the whole page runs again."""
    now = making(store.database, attempt_id)
    if now is None or now.state not in UNDER_WAY:
        # The whole page again, which then draws no fragment: that ends the polling.
        st.rerun()
    st.subheader(f"Making attempt {number}", anchor=False)
    st.progress(now.fraction or 0.0, text=_step(now))
    st.caption(_elapsed(now.started_at))


def _step(now: Making) -> str:
    if now.step is None:
        return "Starting"
    if now.waiting and now.ahead:
        return f"Waiting for its turn, after {count(now.ahead, 'other cut')}"
    return plain(now.step)


def _elapsed(started_at: datetime | None) -> str:
    promised = seconds(catalog.sla_limits().first_cut_seconds)
    if started_at is None:
        return f"A first cut is promised within {promised}."
    passed = max(0.0, (datetime.now(UTC) - started_at).total_seconds())
    return f"{passed:.0f} s so far. A first cut is promised within {promised}."


def _failed(store: PilotStore, pilot: PilotRun, attempt: PilotRunAttempt, actor: str) -> None:
    st.error(plain(attempt.failure or "The render failed."), icon=":material/error:")
    st.caption("Nothing else was lost, and a failed render uses up no attempt.")
    with st.container(horizontal=True, vertical_alignment="center"):
        again = access.may_change() and st.button("Retry the render", type="primary", icon=":material/refresh:")
        links.pilot_link(pilot.pilot_id, "Open the pilot")
    if again:
        with told():
            _, queued = services.retry_attempt(store, pilot.pilot_id, actor)
            start_render(store, pilot.pilot_id, queued.attempt_number)
            st.rerun()


def _ready(pilot: PilotRun, attempt: PilotRunAttempt) -> None:
    st.subheader(f"Attempt {attempt.attempt_number} is ready", anchor=False)
    film, facts = st.columns(2, gap="large")
    with film:
        if media := media_for(attempt):
            player(sources=media, key=f"made_{attempt.attempt_id}")
    with facts:
        st.markdown(plain(_measured(attempt)))
        if attempt.sla_violations:
            st.warning("\n".join(["It misses the SLA:", *(f"- {plain(line)}" for line in attempt.sla_violations)]))
        elif attempt.sla_passed:
            st.markdown(":green[✓] It keeps every promise of the SLA.")
        st.markdown(f"Next, put it before {plain(pilot.founder_name)}.")
        links.pilot_link(pilot.pilot_id, "Open the pilot")


def _measured(attempt: PilotRunAttempt) -> str:
    first, cost = seconds(attempt.time_to_first_cut_seconds), dollars(attempt.total_cost_dollars)
    return f"First cut after {first}, {count(attempt.iteration_count, 'iteration')}, cost {cost}."
