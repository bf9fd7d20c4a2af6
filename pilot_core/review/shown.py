"""What a reviewer is shown of a pilot: its ready attempts, and of the newest the exact film."""

from fractions import Fraction
from math import ceil

from pilot_core.errors import NotAllowedNow, PilotNotFound, StoreError
from pilot_core.models import AttemptState, PilotRun, PilotRunAttempt
from pilot_core.store.pilots import PilotStore

ASSUMED_RATE = Fraction(30)
FRAME_LIMIT = 10_000_000


def shown_attempts(pilot: PilotRun) -> list[PilotRunAttempt]:
    """The attempts that are ready, the newest first. All but the first are locked."""
    ready = (attempt for attempt in pilot.runs if attempt.state is AttemptState.READY)
    return sorted(ready, key=lambda attempt: -attempt.attempt_number)


def newest_attempt(pilot: PilotRun) -> PilotRunAttempt | None:
    """The one attempt that takes comments and decisions, or None while none is ready."""
    return next(iter(shown_attempts(pilot)), None)


def shown_attempt(pilot: PilotRun, attempt_number: int) -> PilotRunAttempt:
    """The attempt of that number, if reviewers are shown it. Raises PilotNotFound."""
    for attempt in shown_attempts(pilot):
        if attempt.attempt_number == attempt_number:
            return attempt
    raise PilotNotFound(f"There is no attempt {attempt_number} to watch.")


def rate_of(attempt: PilotRunAttempt) -> Fraction:
    """The frame rate of the attempt's film; 30 where it was never measured or cannot be."""
    draft = attempt.final_draft
    try:
        rate = Fraction((draft and draft.frame_rate) or "")
    except (ValueError, ZeroDivisionError):
        return ASSUMED_RATE
    return rate if 1 <= rate <= 240 else ASSUMED_RATE


def frame_count(attempt: PilotRunAttempt) -> int | None:
    """How many frames the attempt's film has, or None where its length is unknown."""
    draft = attempt.final_draft
    if draft and draft.frame_count:
        return draft.frame_count
    return max(1, round(draft.duration * rate_of(attempt))) if draft and draft.duration else None


def whole_seconds(attempt: PilotRunAttempt) -> int | None:
    """How many seconds of the film have begun by its end; None where its length is unknown."""
    count = frame_count(attempt)
    return ceil(count / rate_of(attempt)) if count else None


def film_checksum(store: PilotStore, attempt: PilotRunAttempt) -> str:
    """The SHA-256 (hex) of the attempt's film as it lies in the store now: what an approval is of.

    Raises NotAllowedNow when there is no film to approve.
    """
    try:
        return store.media.checksum(attempt.video_path or "")
    except (OSError, StoreError, ValueError) as error:
        raise NotAllowedNow(
            f"The film of attempt {attempt.attempt_number} cannot be read just now, so it cannot be approved. "
            "Tell the team; nothing was changed."
        ) from error
