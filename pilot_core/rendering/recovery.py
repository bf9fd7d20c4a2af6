"""Find attempts that no process renders any more, and fail them or give them back to the workers."""

import logging

from pilot_core.domain.actors import Actor, program
from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.domain.events import EventKind
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.roles import ActKind
from pilot_core.errors import PilotNotFound, reason_of
from pilot_core.rendering.failure import fail_attempt, remove_videos
from pilot_core.rendering.launching import Launcher, by_workers, is_running
from pilot_core.store.pilots import PilotStore
from pilot_core.store.processes import is_alive
from pilot_core.store.queries.renders import queued_without_worker, under_way
from pilot_core.store.tables import renders

log = logging.getLogger(__name__)

MOST_WORKERS = 3
"""An attempt is failed once this many workers have died while rendering it, since it may be the cause."""


def never_began(store: PilotStore, workers_url: str | None = None) -> list[tuple[str, int]]:
    """Return the attempts (pilot id, number) that no process has claimed for half a minute.

    Returns none if workers on the database ``workers_url`` render the attempts, since those may wait any length of
    time. Leaves out an attempt whose subprocess, started by this process, is still starting up.
    """
    if workers_url:
        return []
    found = queued_without_worker(store.database, store.clock())
    return [(pilot_id, number) for pilot_id, number in found if not is_running(store, pilot_id, number)]


def recover_abandoned(store: PilotStore, workers_url: str | None, launch: Launcher | None = None) -> list[str]:
    """Give abandoned attempts back to the workers on the database ``workers_url``, if workers render them.

    Otherwise calls :func:`fail_abandoned`. Returns the ids of the attempts that a process had been rendering.
    """
    if workers_url:
        return give_back_abandoned(store, by_workers(workers_url))
    return fail_abandoned(store, launch)


def fail_unclaimed(store: PilotStore, pilot_id: str, attempt_number: int, why: str) -> None:
    """Fail a queued attempt that no process has claimed. ``why`` completes a sentence. Raises PilotNotFound."""
    attempt = store.load(pilot_id).attempt(attempt_number)
    claimed = {render.attempt_id for render in under_way(store.database)}
    if attempt.state is AttemptState.QUEUED and attempt.attempt_id not in claimed:
        fail_attempt(store, pilot_id, attempt_number, f"The render never began: {why}. Retry it.", program("pipeline"))


def fail_abandoned(store: PilotStore, launch: Launcher | None = None) -> list[str]:
    """Fail every render whose process has ended or never started; returns their attempt ids.

    With ``launch``, a queued attempt whose process never started is launched again instead.
    """
    failed = []
    for pilot_id, number in never_began(store):
        reason = "The render never began: no process took it up. Retry it."
        if launch and store.load(pilot_id).attempt(number).state is AttemptState.QUEUED:
            try:
                launch(store, pilot_id, number)
                continue
            except Exception as error:
                log.exception("attempt %s of %s was not launched", number, pilot_id)
                reason = f"The render could not be started: {reason_of(error)} Retry it."
        pilot = fail_attempt(store, pilot_id, number, reason, program("pipeline"))
        failed.append(pilot.attempt(number).attempt_id)
    for render in under_way(store.database):
        if is_alive(render, store.clock()):
            continue
        for attempt in (
            a for p in store.load_all([render.pilot_id]) for a in p.runs if a.attempt_id == render.attempt_id
        ):
            reason = f"The render stopped at “{render.step}” because its process ended. Retry it."
            fail_attempt(
                store, render.pilot_id, attempt.attempt_number, reason, program(f"pipeline:{attempt.pipeline}")
            )
        _release(store, render.attempt_id)
        failed.append(render.attempt_id)
    return failed


def give_back_abandoned(store: PilotStore, launch: Launcher) -> list[str]:
    """Queue again the attempts whose worker died, and launch each queued one that no worker has claimed.

    Returns the ids of the attempts whose worker died. Fails an attempt when the third worker died on it.
    """
    abandoned = []
    for render in under_way(store.database):
        if not is_alive(render, store.clock()):
            if render.attempt_number is None:
                _release(store, render.attempt_id)
            else:
                _give_back(store, launch, render.pilot_id, render.attempt_number, render.step)
            abandoned.append(render.attempt_id)
    for pilot_id, number in queued_without_worker(store.database, store.clock()):
        _give_back(store, launch, pilot_id, number, "Starting")
    return abandoned


def _give_back(store: PilotStore, launch: Launcher, pilot_id: str, attempt_number: int, step: str) -> None:
    try:
        attempt = store.load(pilot_id).attempt(attempt_number)
    except PilotNotFound:  # the pilot was erased in the meantime, with its renders
        return
    actor = program(f"pipeline:{attempt.pipeline}")
    if attempt.state is AttemptState.RENDERING:
        died = [e.detail["attempt_number"] for e in store.events(pilot_id) if e.kind == EventKind.RENDER_GIVEN_BACK]
        if died.count(attempt_number) + 1 >= MOST_WORKERS:
            reason = f"The render stopped at “{step}”: its worker died, the third one. Look at the workers' logs."
            fail_attempt(store, pilot_id, attempt_number, reason, actor, of=attempt)
        else:
            _queue_again(store, pilot_id, attempt, step, actor)
    _release(store, attempt.attempt_id)
    launch(store, pilot_id, attempt_number)


def _queue_again(store: PilotStore, pilot_id: str, as_begun: PilotRunAttempt, step: str, actor: Actor) -> None:
    number = as_begun.attempt_number

    def queue_again(pilot: PilotRun) -> None:
        attempt = pilot.attempt(number)
        if (attempt.state, attempt.started_at) == (AttemptState.RENDERING, as_begun.started_at):
            attempt.state = AttemptState.QUEUED
            pilot.log(EventKind.RENDER_GIVEN_BACK, store.clock(), attempt_number=number, step=step)

    store.change(pilot_id, queue_again, actor, kind=ActKind.RENDER)
    remove_videos(store.path_in(pilot_id, as_begun.folder or ""))


def _release(store: PilotStore, attempt_id: str) -> None:
    store.database.transaction(lambda connection: renders.release(connection, attempt_id))
