"""The reviewer's decision: recorded like every other feedback, undone within ten minutes.

An approval names the exact file: it holds only if the film in the store still has the checksum of the one shown.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from pilot_core import catalog
from pilot_core.documents.checklists import ChecklistSection, approval_checklist
from pilot_core.errors import InvalidRequest, NotAllowedNow, PilotError
from pilot_core.models import (
    ApprovalOutcome,
    AttemptState,
    Feedback,
    FeedbackLevel,
    FeedbackMode,
    PilotRun,
    PilotRunAttempt,
    PilotStatus,
    parse_level,
)
from pilot_core.review.comments import comments_of, is_own
from pilot_core.review.links import check_alive
from pilot_core.review.shown import film_checksum, newest_attempt, shown_attempt
from pilot_core.review.words import checked_text
from pilot_core.store import outbox, reviews
from pilot_core.store.lease import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.reviews import Grant, Speaker

CHANNEL = "review link"
NOTES_LENGTH = 10_000
UNDO_FOR = timedelta(minutes=10)


class DecisionNotFound(PilotError):
    """No decision made through this reviewer's link has that id."""


def checklist_for(pilot: PilotRun) -> list[ChecklistSection]:
    """What there is to tick before an approval; nothing where the pilot's scenario is not in the catalogue."""
    try:
        return approval_checklist(pilot)
    except InvalidRequest:
        return []


def decide(
    store: PilotStore,
    grant: Grant,
    attempt_number: int,
    level: FeedbackLevel | str,
    flags: Iterable[str] = (),
    notes: str = "",
    checklist_ids: Iterable[str] = (),
    *,
    approved_sha256: str | None = None,
    now: datetime | None = None,
) -> Feedback:
    """Record what the reviewer decided on the newest ready attempt. An approval completes the pilot.

    An approval needs ``approved_sha256``: what :func:`film_checksum` told when the film was shown. Minor and major
    changes need a flag, a sentence, or a comment of this reviewer on the attempt. Said again word for word, after a
    lost connection, it is recorded once. Raises InvalidRequest, NotAllowedNow,
    PilotNotFound for an attempt that is not shown, and LinkRefused.
    """
    now = now or store.clock()
    store.database.read(lambda connection: check_alive(connection, grant, now))
    decision = parse_level(level)
    raised = list(dict.fromkeys(catalog.check_flags(list(flags))))
    words = checked_text(notes, NOTES_LENGTH, "notes", "What you wrote")
    pilot = store.load(grant.pilot_id)
    ticked = _checked_ticks(pilot, checklist_ids)
    shown = shown_attempt(pilot, attempt_number)
    if again := _same_again(shown, grant, decision, words, raised, ticked, approved_sha256):
        return again
    _check_newest(pilot, attempt_number)
    sha256 = None
    if decision is FeedbackLevel.APPROVE:
        sha256 = film_checksum(store, shown)
        if sha256 != approved_sha256:
            raise NotAllowedNow(
                "The film has changed since it was shown to you, so nothing was approved. Watch it once more."
            )
    elif not (raised or words or _has_commented(store, grant, attempt_number)):
        raise InvalidRequest(
            "Say what you would change first: pick a flag, comment on a frame, or write a sentence.", field="notes"
        )

    made: list[Feedback] = []

    def work(pilot: PilotRun) -> Feedback:
        _check_newest(pilot, attempt_number)
        if pilot.attempt(attempt_number).video_path != shown.video_path:
            raise NotAllowedNow("A newer version has arrived; watch that one, then decide.")
        status, reason = pilot.status, pilot.pause_reason
        given = pilot.record_feedback(
            attempt_number, words, decision, raised, FeedbackMode.HUMAN, by=grant.name, channel=CHANNEL, at=now
        )
        given.sha256, given.checklist = sha256, ticked
        pilot.log(
            "review_decision",
            now,
            feedback_id=given.feedback_id,
            attempt_number=attempt_number,
            link_id=grant.link_id,
            sha256=sha256,
            before={"status": status.value, "pause_reason": reason},
        )
        made[:] = [given]
        return given

    def also(connection: Connection) -> None:
        outbox.tell_of_feedback(connection, grant.pilot_id, attempt_number, made[0], now)

    return store.change(grant.pilot_id, work, grant.actor, also=also)[1]


def undo_decision(store: PilotStore, speaker: Speaker, feedback_id: str, now: datetime | None = None) -> PilotRun:
    """Take a decision back within ten minutes: the pilot stands as before it. By whoever made it, or by the team.

    Raises NotAllowedNow when it is too late or something has been built on it, DecisionNotFound and LinkRefused.
    """
    now = now or store.clock()
    detail = _made_here(store, speaker, feedback_id, now)

    def work(pilot: PilotRun) -> None:
        attempt, given = _find(pilot, feedback_id)
        if not _is_theirs(speaker, given, detail):
            raise DecisionNotFound("There is no such decision to undo.")
        if reason := _why_not(pilot, attempt, given, now):
            raise NotAllowedNow(reason)
        attempt.feedback = [f for f in attempt.feedback if f.feedback_id != feedback_id]
        if given.level is FeedbackLevel.APPROVE:
            pilot.status = PilotStatus(detail["before"]["status"])
            pilot.pause_reason = detail["before"]["pause_reason"]
            pilot.approval_outcome = ApprovalOutcome.PENDING
            pilot.decided_at = None
        pilot.log(
            "decision_undone",
            now,
            feedback_id=feedback_id,
            attempt_number=attempt.attempt_number,
            level=given.level.value,
            by=given.by,
        )

    return store.change(speaker.pilot_id, work, speaker.actor)[0]


def undoable(
    store: PilotStore, speaker: Speaker, now: datetime | None = None, *, pilot: PilotRun | None = None
) -> Feedback | None:
    """The latest decision that the speaker could undo now, or None; until when, says :func:`undo_until`.

    ``pilot`` is the speaker's, if it is loaded already. Raises LinkRefused.
    """
    now = now or store.clock()
    pilot = pilot or store.load(speaker.pilot_id)

    def work(connection: Connection) -> Feedback | None:
        check_alive(connection, speaker, now)
        for attempt in sorted(pilot.runs, key=lambda a: -a.attempt_number):
            for given in reversed(attempt.feedback):
                if given.channel != CHANNEL or _why_not(pilot, attempt, given, now):
                    continue
                detail = reviews.decision_detail(connection, pilot.pilot_id, given.feedback_id)
                if detail and _is_theirs(speaker, given, detail):
                    return given
        return None

    return store.database.read(work)


def undo_until(given: Feedback) -> datetime:
    """Until when that decision can be undone (UTC); long past for one whose time is unknown."""
    return (given.received_at or datetime.min.replace(tzinfo=UTC)) + UNDO_FOR


def _check_newest(pilot: PilotRun, attempt_number: int) -> None:
    newest = newest_attempt(pilot)
    if newest and newest.attempt_number != attempt_number:
        raise NotAllowedNow(
            f"A newer version has arrived: attempt {newest.attempt_number}. Watch that one, then decide."
        )
    if any(a.attempt_number > attempt_number and a.state is not AttemptState.FAILED for a in pilot.runs):
        raise NotAllowedNow(
            "The team is already making the next version from what you said; you can decide when it arrives."
        )


def _has_commented(store: PilotStore, grant: Grant, attempt_number: int) -> bool:
    return any(is_own(grant, comment) for comment in comments_of(store, grant.pilot_id, attempt_number))


def _same_again(
    attempt: PilotRunAttempt,
    grant: Grant,
    level: FeedbackLevel,
    words: str,
    flags: list[str],
    ticked: list[str],
    sha256: str | None,
) -> Feedback | None:
    """The decision that stands, if it is this very one."""
    given = attempt.review
    if given is None or (given.by, given.channel) != (grant.name, CHANNEL):
        return None
    known = (given.level, given.notes, given.flags, given.checklist, given.sha256)
    asked = (level, words, flags, ticked, sha256 if level is FeedbackLevel.APPROVE else None)
    return given if known == asked else None


def _checked_ticks(pilot: PilotRun, checklist_ids: Iterable[str]) -> list[str]:
    """The ticked items in the checklist's order. Raises InvalidRequest for an unknown one."""
    known = [item.id for section in checklist_for(pilot) for item in section.items]
    given = set(checklist_ids)
    if unknown := given - set(known):
        raise InvalidRequest(f"“{min(unknown)[:40]}” is not on the approval checklist.", field="checklist")
    return [item for item in known if item in given]


def _made_here(store: PilotStore, speaker: Speaker, feedback_id: str, now: datetime) -> dict[str, Any]:
    """What was noted when the decision was made through a link of this pilot."""

    def work(connection: Connection) -> dict[str, Any] | None:
        check_alive(connection, speaker, now)
        return reviews.decision_detail(connection, speaker.pilot_id, feedback_id)

    detail = store.database.read(work)
    if detail is None:
        raise DecisionNotFound("There is no such decision to undo.")
    return detail


def _find(pilot: PilotRun, feedback_id: str) -> tuple[PilotRunAttempt, Feedback]:
    for attempt in pilot.runs:
        for given in attempt.feedback:
            if given.feedback_id == feedback_id:
                return attempt, given
    raise NotAllowedNow("This decision is undone already.")


def _is_theirs(speaker: Speaker, given: Feedback, detail: dict[str, Any]) -> bool:
    return speaker.link_id is None or (speaker.link_id, speaker.name) == (detail["link_id"], given.by)


def _why_not(pilot: PilotRun, attempt: PilotRunAttempt, given: Feedback, now: datetime) -> str:
    """Why the decision cannot be undone, in a sentence; "" when it can."""
    if now > undo_until(given):
        return "Ten minutes have passed, so this decision stands; tell the team if it was not meant."
    if any(a.attempt_number > attempt.attempt_number for a in pilot.runs):
        return "The next version has been started from this decision, so it stands; decide again on that one."
    if pilot.status is PilotStatus.COMPLETED and given.level is not FeedbackLevel.APPROVE:
        return f"The pilot has been completed meanwhile ({pilot.approval_outcome}), so this decision stands."
    return ""
