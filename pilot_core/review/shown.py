"""What reviewers can see of a pilot: its ready attempts, and the exact video of the newest."""

from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import NotAllowedNow, PilotNotFound, StoreError
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import pilots

FRAME_LIMIT = 10_000_000


def shown_attempts(pilot: PilotRun) -> list[PilotRunAttempt]:
    """Return the ready attempts, newest first. All but the first are locked."""
    ready = (attempt for attempt in pilot.runs if attempt.state is AttemptState.READY)
    return sorted(ready, key=lambda attempt: -attempt.attempt_number)


def shown_attempt(pilot: PilotRun, attempt_number: int) -> PilotRunAttempt:
    """Return the attempt with that number. Raises PilotNotFound if reviewers cannot see it."""
    for attempt in shown_attempts(pilot):
        if attempt.attempt_number == attempt_number:
            return attempt
    raise _nothing_to_watch(attempt_number)


def ready_attempt(connection: Connection, pilot_id: str, attempt_number: int) -> PilotRunAttempt:
    """Return that attempt as it is in the store now, without its feedback. Raises as :func:`shown_attempt` does."""
    found = pilots.attempt(connection, pilot_id, attempt_number)
    if found is None or found.state is not AttemptState.READY:
        raise _nothing_to_watch(attempt_number)
    return found


def _nothing_to_watch(attempt_number: int) -> PilotNotFound:
    return PilotNotFound(f"There is no version {attempt_number} to watch.")


def film_checksum(store: PilotStore, pilot_id: str, attempt: PilotRunAttempt) -> str:
    """Return the SHA-256 (hex) of the attempt's video as stored now. An approval refers to this checksum.

    Raises NotAllowedNow if there is no video to approve.
    """
    try:
        return store.media.checksum(attempt.video_path or "", of=pilot_id)
    except (OSError, StoreError, ValueError) as error:
        raise NotAllowedNow(
            f"The video of version {attempt.attempt_number} cannot be read just now, so it cannot be approved. "
            "Tell the team; nothing was changed."
        ) from error
