"""Preview the next attempt: the brief it will get, and the feedback that only a person can act on."""

from pilot_core import ids
from pilot_core.catalog import FlagInfo, flags
from pilot_core.domain.attempt import AttemptState, OpenRequests, PilotRunAttempt
from pilot_core.domain.pilot import PilotRun
from pilot_core.rendering.briefing import brief_for, with_files
from pilot_core.review.requests import open_requests_before
from pilot_core.store.pilots import PilotStore
from pilot_core.video.contract import CutBrief


def next_brief(store: PilotStore, pilot: PilotRun) -> CutBrief:
    """Return the brief that a pipeline would get if the next attempt began now, with the files that are here.

    Raises InvalidRequest for an unknown scenario.
    """
    number = max((attempt.attempt_number for attempt in pilot.runs), default=0) + 1
    ahead = PilotRunAttempt(
        attempt_number=number, attempt_id=ids.attempt_id_for(pilot.pilot_id, number), state=AttemptState.QUEUED
    )
    return with_files(store, pilot, brief_for(pilot, ahead, open_requests_before(store, pilot, number)), fetch=False)


def first_brief(pilot: PilotRun) -> CutBrief:
    """Return the brief that a pipeline would get for the first attempt of a pilot that need not be saved.

    Raises InvalidRequest for an unknown scenario.
    """
    ahead = PilotRunAttempt(
        attempt_number=1, attempt_id=ids.attempt_id_for(pilot.pilot_id, 1), state=AttemptState.QUEUED
    )
    return brief_for(pilot.model_copy(update={"runs": []}), ahead, OpenRequests())


def for_a_person(pilot: PilotRun) -> list[FlagInfo]:
    """Return the flags of the latest human review that no pipeline can act on; each names the field to correct."""
    reviews = [review for attempt in sorted(pilot.runs, key=lambda a: a.attempt_number) if (review := attempt.review)]
    known = flags()
    return [known[flag] for flag in (reviews[-1].flags if reviews else []) if flag in known and known[flag].needs]


def unread_words(brief: CutBrief) -> list[str]:
    """Return the texts in a brief that a pipeline which reads only flags does not follow.

    These are the notes of the latest review, comments, and earlier words that were found not addressed.
    """
    notes = [review.feedback.notes for review in brief.reviews[-1:]]
    unmet = [request.words for request in brief.unmet if request.flag is None]
    return [words for words in (*notes, *unmet, *(comment.body for comment in brief.comments)) if words.strip()]
