"""What reviewers can see of a pilot: its ready attempts, and the exact video of the newest."""

from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import NotAllowedNow, PilotNotFound, StoreError
from pilot_core.store.pilots import PilotStore

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
    raise PilotNotFound(f"There is no version {attempt_number} to watch.")


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
