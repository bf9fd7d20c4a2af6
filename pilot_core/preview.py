"""The next attempt before it is made: the brief it will get, and what a pipeline will do about the feedback in it."""

from pilot_core import ids
from pilot_core.catalog import FlagInfo, flags
from pilot_core.models import AttemptState, PilotRun, PilotRunAttempt
from pilot_core.store.pilots import PilotStore
from pilot_core.video.contract import CutBrief


def next_brief(store: PilotStore, pilot: PilotRun) -> CutBrief:
    """What a pipeline would be told if the next attempt began now. Raises InvalidRequest for an unknown scenario."""
    from pilot_core.rendering import brief_for, comments_before

    number = max((attempt.attempt_number for attempt in pilot.runs), default=0) + 1
    ahead = PilotRunAttempt(
        attempt_number=number, attempt_id=ids.attempt_id_for(pilot.pilot_id, number), state=AttemptState.QUEUED
    )
    return brief_for(pilot, ahead, comments_before(store, pilot.pilot_id, number))


def storyboard_changes(brief: CutBrief) -> list[str]:
    """The sentences a storyboard made from this brief would say of its changes: planned in full, drawn not at all."""
    from pilot_core.video.storyboard import revise
    from pilot_core.video.storyboard.palette import palette_of
    from pilot_core.video.storyboard.plan import build

    return revise.changes(brief, build(brief, revise.directed(brief)), palette_of(brief.brand))


def for_a_person(pilot: PilotRun) -> list[FlagInfo]:
    """Flags of the latest human review that no pipeline can answer; each names the field of the brief to correct."""
    reviews = [review for attempt in sorted(pilot.runs, key=lambda a: a.attempt_number) if (review := attempt.review)]
    known = flags()
    return [known[flag] for flag in (reviews[-1].flags if reviews else []) if flag in known and known[flag].needs]
