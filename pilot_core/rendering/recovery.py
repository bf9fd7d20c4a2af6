"""Find attempts that no process renders any more, and fail them or give them back to the workers."""

import logging
import time

from pilot_core.domain.actors import Actor, program
from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.domain.events import EventKind
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.renders import Render
from pilot_core.domain.roles import ActKind
from pilot_core.errors import reason_of
from pilot_core.rendering.failure import fail_attempt, remove_videos
from pilot_core.rendering.launching import Launcher, by_workers, is_running
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.processes import SILENT_SECONDS, has_ended, is_alive
from pilot_core.store.queries.renders import queued_without_worker, under_way
from pilot_core.store.tables import renders

log = logging.getLogger(__name__)

GRACE_SECONDS = 5.0
"""How long to listen for the holder of a claim that ran out: it may only just have reached the store again."""
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
        reason = f"The render never began: {why}. Retry it."
        # A process may claim and begin it after this look.
        fail_attempt(store, pilot_id, attempt_number, reason, program("pipeline"), of=attempt)


def fail_abandoned(store: PilotStore, launch: Launcher | None = None) -> list[str]:
    """Fail every render whose process has ended or never started; returns their attempt ids.

    With ``launch``, a queued attempt whose process never started is launched again instead.
    """
    failed = []
    for pilot_id, number in never_began(store):
        attempt = store.load(pilot_id).attempt(number)
        if not _is_abandoned(store, attempt.attempt_id):
            continue
        reason = "The render never began: no process took it up. Retry it."
        if launch and attempt.state is AttemptState.QUEUED:
            try:
                launch(store, pilot_id, number)
                continue
            except Exception as error:
                log.exception("attempt %s of %s was not launched", number, pilot_id)
                reason = f"The render could not be started: {reason_of(error)} Retry it."
        fail_attempt(store, pilot_id, number, reason, program("pipeline"), of=attempt)
        failed.append(attempt.attempt_id)
    for render in _run_out(store):
        attempts = [a for p in store.load_all([render.pilot_id]) for a in p.runs if a.attempt_id == render.attempt_id]
        if not _is_abandoned(store, render.attempt_id, render):
            continue
        for attempt in attempts:
            why = "its process ended" if has_ended(render) else f"its process was silent for {SILENT_SECONDS:g} s"
            reason = f"The render stopped at “{render.step}” because {why}. Retry it."
            actor = program(f"pipeline:{attempt.pipeline}")
            fail_attempt(store, render.pilot_id, attempt.attempt_number, reason, actor, of=attempt)
        failed.append(render.attempt_id)
    return failed


def give_back_abandoned(store: PilotStore, launch: Launcher) -> list[str]:
    """Queue again the attempts whose worker died, and launch each queued one that no worker has claimed.

    Returns the ids of the attempts whose worker died. Fails an attempt when the third worker died on it.
    """
    abandoned = []
    for render in _run_out(store):
        if _give_back(store, launch, render.pilot_id, render):
            abandoned.append(render.attempt_id)
    for pilot_id, number in queued_without_worker(store.database, store.clock()):
        _give_back(store, launch, pilot_id, number)
    return abandoned


def _run_out(store: PilotStore) -> list[Render]:
    """Return the claims that ran out. Whoever was heard from since keeps its claim: see ``renders.release``."""
    found = [render for render in under_way(store.database) if not is_alive(render, store.clock())]
    if not all(has_ended(render) for render in found):
        time.sleep(GRACE_SECONDS)
    return found


def _give_back(store: PilotStore, launch: Launcher, pilot_id: str, of: Render | int) -> bool:
    """Give an attempt back: that of a dead claim, or one of that number without a claim. False if it is held now."""
    claim, number = (of, of.attempt_number) if isinstance(of, Render) else (None, of)
    # The attempt is read before the claim is released: nobody can have begun it in between.
    pilot = next(iter(store.load_all([pilot_id])), None)
    attempt = next((a for a in pilot.runs if a.attempt_number == number), None) if pilot else None
    attempt_id = attempt.attempt_id if attempt else claim.attempt_id if claim else ""
    if not _is_abandoned(store, attempt_id, claim):
        return False
    if attempt is None:  # the pilot was erased in the meantime, or the attempt is gone
        return True
    actor, step = program(f"pipeline:{attempt.pipeline}"), claim.step if claim else "Starting"
    if attempt.state is AttemptState.RENDERING:
        died = [e.detail["attempt_number"] for e in store.events(pilot_id) if e.kind == EventKind.RENDER_GIVEN_BACK]
        if died.count(attempt.attempt_number) + 1 >= MOST_WORKERS:
            reason = f"The render stopped at “{step}”: its worker died, the third one. Look at the workers' logs."
            fail_attempt(store, pilot_id, attempt.attempt_number, reason, actor, of=attempt)
            return True
        _queue_again(store, pilot_id, attempt, step, actor)
    if attempt.state.is_under_way:
        launch(store, pilot_id, attempt.attempt_number)
    return True


def _queue_again(store: PilotStore, pilot_id: str, as_begun: PilotRunAttempt, step: str, actor: Actor) -> None:
    number = as_begun.attempt_number

    def queue_again(pilot: PilotRun) -> None:
        attempt = pilot.attempt(number)
        if (attempt.state, attempt.started_at) == (AttemptState.RENDERING, as_begun.started_at):
            attempt.state = AttemptState.QUEUED
            pilot.log(EventKind.RENDER_GIVEN_BACK, store.clock(), attempt_number=number, step=step)

    store.change(pilot_id, queue_again, actor, kind=ActKind.RENDER)
    remove_videos(store.path_in(pilot_id, as_begun.folder or ""))


def _is_abandoned(store: PilotStore, attempt_id: str, claim: Render | None = None) -> bool:
    """Whether nobody holds the attempt. A dead ``claim`` is released, if it still stands as it was seen.

    The lists above are read before: meanwhile a worker may have claimed an attempt or have been heard from again.
    """

    def look(connection: Connection) -> bool:
        return renders.release(connection, claim) if claim else not renders.is_claimed(connection, attempt_id)

    return store.database.transaction(look)
