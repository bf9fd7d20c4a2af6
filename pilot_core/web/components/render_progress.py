"""The progress of a render and its result, read from the store, so that every visitor sees the same."""

from datetime import UTC, datetime

import streamlit as st

from pilot_core import catalog
from pilot_core.domain.actors import Actor
from pilot_core.domain.attempt import UNDER_WAY, AttemptState, PilotRunAttempt
from pilot_core.domain.pilot import PilotRun
from pilot_core.formatting import count, dollars, seconds
from pilot_core.rendering.begin import retry
from pilot_core.services.acts import Act
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.renders import RenderProgress, progress_of
from pilot_core.web.access import page_guard
from pilot_core.web.access.current_app import app
from pilot_core.web.access.idempotency import form_key
from pilot_core.web.components import links, warnings
from pilot_core.web.components.errors import show_errors
from pilot_core.web.components.player import media_for, player
from pilot_core.web.components.text import plain


def show(store: PilotStore, pilot: PilotRun, actor: Actor) -> None:
    """Draw the state of the pilot's latest attempt, with the next action."""
    attempt = pilot.latest_attempt
    if attempt is None:
        st.info("No attempt has been started yet. Start it from the pilot's page.")
        links.pilot_link(pilot.pilot_id, "Open the pilot")
    elif attempt.state.is_under_way:
        progress(store, attempt.attempt_id, attempt.attempt_number)
        st.caption("You can leave this page: the work goes on, and this address shows it to anyone on the team.")
        links.pilot_link(pilot.pilot_id, "Open the pilot")
    elif attempt.state is AttemptState.FAILED:
        _failed(store, pilot, attempt, actor)
    else:
        _ready(pilot, attempt)


@st.fragment(run_every="1s")
def progress(store: PilotStore, attempt_id: str, number: int) -> None:
    """Draw the progress of a render every second; when the render is over, the whole page runs again."""
    now = progress_of(store.database, attempt_id)
    if now is None or now.state not in UNDER_WAY:
        # The page then does not draw this fragment, which ends the polling.
        st.rerun()
    st.header(f"Making attempt {number}", anchor=False)
    st.progress(now.fraction or 0.0, text=_step(now))
    st.caption(_elapsed(now.started_at))


def _step(now: RenderProgress) -> str:
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


def _failed(store: PilotStore, pilot: PilotRun, attempt: PilotRunAttempt, actor: Actor) -> None:
    st.error(plain(attempt.failure or "The render failed."), icon=":material/error:")
    st.caption("Nothing else was lost, and a failed render uses up no attempt.")
    with st.container(horizontal=True, vertical_alignment="center"):
        again = page_guard.may_change() and st.button("Retry the render", type="primary", icon=":material/refresh:")
        links.pilot_link(pilot.pilot_id, "Open the pilot")
    if again:
        key = f"{form_key('retry')} {attempt.attempt_id} {pilot.version}"
        with show_errors():
            retried, _ = retry(store, app().launch, pilot.pilot_id, Act(actor, key=key))
            warnings.show_later(retried)
            st.rerun()


def _ready(pilot: PilotRun, attempt: PilotRunAttempt) -> None:
    st.header(f"Attempt {attempt.attempt_number} is ready", anchor=False)
    film, facts = st.columns(2, gap="large")
    with film:
        if media := media_for(attempt):
            player(media, f"made_{attempt.attempt_id}")
    with facts:
        st.markdown(plain(_measured(attempt)))
        if attempt.final_draft and attempt.final_draft.conform_note:
            st.caption(plain(attempt.final_draft.conform_note))
        if attempt.sla_violations:
            st.warning("\n".join(["It misses the SLA:", *(f"- {plain(line)}" for line in attempt.sla_violations)]))
        elif attempt.sla_passed:
            st.markdown(":green[✓] It keeps every promise of the SLA.")
        st.markdown(f"Next: send it to {plain(pilot.founder_name)}.")
        links.pilot_link(pilot.pilot_id, "Open the pilot")


def _measured(attempt: PilotRunAttempt) -> str:
    first, cost = seconds(attempt.time_to_first_cut_seconds), dollars(attempt.total_cost_dollars)
    return f"First cut after {first}, {count(attempt.iteration_count, 'iteration')}, cost {cost}."
