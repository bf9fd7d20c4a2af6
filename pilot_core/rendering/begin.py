"""Begin an attempt, or retry a failed one: copy the upload, queue the attempt, launch its render.

Every page and command uses these functions. If anything fails before the attempt is queued, it is undone and raised.
After that nothing is raised: if the render cannot be launched, the pilot gets a warning and the server launches it
later.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pilot_core.domain.attempt import PilotRunAttempt
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.roles import ActKind
from pilot_core.errors import PilotError, reason_of
from pilot_core.rendering.launching import Launcher
from pilot_core.services import pilots
from pilot_core.services.acts import Act, once
from pilot_core.store import permission
from pilot_core.store.pilots import PilotStore

log = logging.getLogger(__name__)

Begun = tuple[PilotRun, PilotRunAttempt]


def begin(
    store: PilotStore, launch: Launcher, pilot_id: str, pipeline: str, act: Act, *, video: Path | None = None
) -> Begun:
    """Queue the pilot's next attempt and launch its render. ``video`` is a finished video for the upload pipeline.

    The video is copied, not moved. If an attempt was already begun with the act's key, that attempt is returned.
    Raises NotAllowedNow when the pilot allows no attempt, InvalidRequest, Conflict, PilotNotFound and StoreError.
    """
    permission.ask(store.database, store.acting(act.actor), ActKind.BEGIN, pilot_id, store.clock())

    def queue(upload: str | None) -> Begun:
        return pilots.queue_attempt(store, pilot_id, pipeline, act, upload_path=upload)

    return once(
        store,
        act.key,
        lambda: _queue_and_launch(store, launch, pilot_id, act, video, queue),
        lambda result: _as_it_is(store, pilot_id, result["attempt_number"]),
    )


def retry(
    store: PilotStore,
    launch: Launcher,
    pilot_id: str,
    act: Act,
    *,
    pipeline: str | None = None,
    video: Path | None = None,
) -> Begun:
    """Queue the failed latest attempt again and launch its render, with the same pipeline unless another is named.

    Without a ``video``, an attempt made from an upload uses the same upload. Raises as :func:`begin`.
    """
    permission.ask(store.database, store.acting(act.actor), ActKind.RETRY, pilot_id, store.clock())

    def queue(upload: str | None) -> Begun:
        return pilots.retry_attempt(store, pilot_id, act, pipeline=pipeline, upload_path=upload)

    return once(
        store,
        act.key,
        lambda: _queue_and_launch(store, launch, pilot_id, act, video, queue),
        lambda result: _as_it_is(store, pilot_id, result["attempt_number"]),
    )


def _queue_and_launch(
    store: PilotStore,
    launch: Launcher,
    pilot_id: str,
    act: Act,
    video: Path | None,
    queue: Callable[[str | None], Begun],
) -> Begun:
    upload = pilots.keep_upload(store, pilot_id, video, act.actor) if video else None
    try:
        pilot, attempt = queue(upload)
    except BaseException:
        if upload:
            # If it cannot be removed, the store check finds it.
            with suppress(PilotError, OSError):
                store.media.remove([upload])
        raise
    try:
        launch(store, pilot_id, attempt.attempt_number)
    except Exception as error:
        log.exception("attempt %s of %s was queued, but its render was not launched", attempt.attempt_number, pilot_id)
        pilot.warnings.append(
            f"Attempt {attempt.attempt_number} is queued, but its render did not start: {reason_of(error)} "
            "The server starts it within a minute."
        )
    return pilot, attempt


def _as_it_is(store: PilotStore, pilot_id: str, attempt_number: int) -> Begun:
    pilot = store.load(pilot_id)
    return pilot, pilot.attempt(attempt_number)
