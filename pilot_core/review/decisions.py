"""A reviewer's decision on an attempt: recorded as feedback, and undoable for ten minutes.

An approval is of one exact file. It is accepted only if the stored video still has the checksum of the one shown.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pilot_core import catalog
from pilot_core.documents.checklists import ChecklistSection, approval_checklist
from pilot_core.domain import limits
from pilot_core.domain.attachments import Attachment
from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.domain.events import EventKind
from pilot_core.domain.feedback import Feedback, FeedbackLevel, FeedbackMode, parse_level
from pilot_core.domain.pilot import UNDO_FOR, ApprovalOutcome, PilotRun, PilotStatus
from pilot_core.domain.reviews import Grant, Speaker
from pilot_core.domain.roles import ActKind
from pilot_core.errors import InvalidRequest, NotAllowedNow, PilotError
from pilot_core.review import attachments
from pilot_core.review.comments import comments_of, is_own
from pilot_core.review.links import check_alive
from pilot_core.review.shown import film_checksum, shown_attempt
from pilot_core.review.words import checked_text
from pilot_core.store import permission
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import attachments as attachment_rows
from pilot_core.store.tables import outbox
from pilot_core.store.tables.events import decision_detail

CHANNEL = "review link"


class DecisionNotFound(PilotError):
    """No decision that this speaker may undo has that id."""


def checklist_for(pilot: PilotRun) -> list[ChecklistSection]:
    """Return the approval checklist, or an empty list if the pilot's scenario is not in the catalogue."""
    try:
        return approval_checklist(pilot)
    except InvalidRequest:
        return []


@dataclass(frozen=True)
class Decision:
    """A reviewer's decision on an attempt.

    An approval needs ``approved_sha256``, the checksum that :func:`film_checksum` gave when the video was shown. Minor
    and major changes need a flag, a note, a file, or a comment by this reviewer on the attempt. ``checklist_ids`` are
    the ticked items of the approval checklist. ``seen`` are the ids of other reviewers' decisions that this reviewer
    has read. Unless ``seen`` is None, an approval is refused while someone else's request for changes is not in it.
    ``accepts_placeholders`` says whether this reviewer approves with the [placeholders] that are left in the video;
    unless it is None, an approval is refused without. ``file`` is a stored file to attach. ``held`` is the id of the
    file of an undone decision, to be sent with this one.
    """

    level: FeedbackLevel | str
    flags: Iterable[str] = ()
    notes: str = ""
    checklist_ids: Iterable[str] = ()
    approved_sha256: str | None = None
    seen: frozenset[str] | None = None
    accepts_placeholders: bool | None = None
    file: Attachment | None = None
    held: str = ""


@dataclass(frozen=True)
class _Checked:
    """A decision whose fields have been validated."""

    level: FeedbackLevel
    flags: list[str]
    notes: str
    checklist: list[str]
    approved_sha256: str | None


def decide(store: PilotStore, grant: Grant, attempt_number: int, decision: Decision) -> Feedback:
    """Record a reviewer's decision on the newest ready attempt. An approval completes the pilot.

    Submitting the same decision again, after a lost connection, records it once. Raises InvalidRequest, NotAllowedNow,
    PilotNotFound for an attempt that reviewers cannot see, and LinkRefused.
    """
    now = store.clock()
    permission.ask(store.database, grant.actor, ActKind.DECIDE, grant.pilot_id, now)
    pilot = store.load(grant.pilot_id)
    checked = _checked(pilot, decision)
    shown = shown_attempt(pilot, attempt_number)
    if again := _same_again(shown, grant, checked):
        store.database.transaction(lambda connection: _add_missing_file(connection, grant, again, decision.file))
        return again
    _check_newest(pilot, attempt_number)
    _check_grounds(store, grant, shown, checked, bool(decision.file or decision.held))
    if checked.level is FeedbackLevel.APPROVE and decision.accepts_placeholders is False:
        _check_placeholders(shown)
    dropped: list[Attachment] = []

    def add_decision(pilot: PilotRun) -> Feedback:
        _check_newest(pilot, attempt_number)
        if pilot.attempt(attempt_number).video_path != shown.video_path:
            raise NotAllowedNow("A newer version has arrived; watch that one, then decide.")
        if checked.level is FeedbackLevel.APPROVE and decision.seen is not None:
            _check_seen(pilot.attempt(attempt_number), grant, decision.seen)
        before = {"status": pilot.status.value, "pause_reason": pilot.pause_reason}
        given = pilot.record_feedback(
            attempt_number, checked.notes, checked.level, checked.flags, by=grant.name, channel=CHANNEL, at=now
        )
        given.sha256, given.checklist = checked.approved_sha256, checked.checklist
        given.original_sha256 = _delivered_sha256(pilot.attempt(attempt_number), checked)
        pilot.log(
            EventKind.REVIEW_DECISION,
            now,
            feedback_id=given.feedback_id,
            attempt_number=attempt_number,
            link_id=grant.link_id,
            sha256=given.sha256,
            original_sha256=given.original_sha256,
            before=before,
        )
        return given

    def add_rows(connection: Connection, pilot: PilotRun, given: Feedback) -> None:
        outbox.enqueue_feedback(connection, grant.pilot_id, attempt_number, given, now)
        if checked.level is FeedbackLevel.APPROVE:
            if decision.file:
                attachment_rows.add(connection, replace(decision.file, feedback_id=given.feedback_id))
        else:
            dropped[:] = attachments.attach(connection, grant, given.feedback_id, decision.file, decision.held)

    given = store.change(grant.pilot_id, add_decision, grant.actor, also=add_rows, kind=ActKind.DECIDE)[1]
    attachments.remove_files(store, dropped)
    return given


def undo_decision(
    store: PilotStore, speaker: Speaker, feedback_id: str, *, seen_version: int | None = None
) -> PilotRun:
    """Undo a decision within ten minutes and restore the pilot's previous state. Its reviewer and the team may do this.

    The team may undo what a lead logged, too.
    A file that came with it is held for the reviewer's next decision.

    Raises NotAllowedNow if it is too late or a later change depends on the decision, DecisionNotFound and LinkRefused.
    """
    now = store.clock()
    detail = _made_here(store, speaker, feedback_id, now)

    def remove_decision(pilot: PilotRun) -> None:
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
            EventKind.DECISION_UNDONE,
            now,
            feedback_id=feedback_id,
            attempt_number=attempt.attempt_number,
            level=given.level.value,
            by=given.by,
        )

    def hold_file(connection: Connection, pilot: PilotRun, _: None) -> None:
        attachment_rows.release(connection, pilot.pilot_id, feedback_id)

    return store.change(
        speaker.pilot_id, remove_decision, speaker.actor, seen_version, also=hold_file, kind=ActKind.UNDO_DECISION
    )[0]


def undoable(store: PilotStore, speaker: Speaker, *, pilot: PilotRun | None = None) -> Feedback | None:
    """Return the latest decision that the speaker can still undo, or None. :func:`undo_until` gives its deadline.

    ``pilot`` is the speaker's pilot, if it is already loaded. Raises LinkRefused.
    """
    now = store.clock()
    pilot = pilot or store.load(speaker.pilot_id)

    def find_undoable(connection: Connection) -> Feedback | None:
        check_alive(connection, speaker, now)
        for attempt in sorted(pilot.runs, key=lambda a: -a.attempt_number):
            for given in reversed(attempt.feedback):
                through_link = given.channel == CHANNEL
                if (speaker.link_id and not through_link) or _why_not(pilot, attempt, given, now):
                    continue
                detail = decision_detail(connection, pilot.pilot_id, given.feedback_id)
                if detail and _is_theirs(speaker, given, detail):
                    return given
        return None

    return store.database.read(find_undoable)


def undo_until(given: Feedback) -> datetime:
    """Return the deadline for undoing the decision (UTC); a time in the past if its date is unknown."""
    return (given.received_at or datetime.min.replace(tzinfo=UTC)) + UNDO_FOR


def _check_newest(pilot: PilotRun, attempt_number: int) -> None:
    newest = pilot.newest_ready_attempt
    if newest and newest.attempt_number != attempt_number:
        raise NotAllowedNow(
            f"A newer version has arrived: version {newest.attempt_number}. Watch that one, then decide."
        )
    if any(a.attempt_number > attempt_number and a.state is not AttemptState.FAILED for a in pilot.runs):
        raise NotAllowedNow(
            "The team is already making the next version from what you said; you can decide when it arrives."
        )


def _checked(pilot: PilotRun, decision: Decision) -> _Checked:
    level = parse_level(decision.level)
    return _Checked(
        level=level,
        flags=list(dict.fromkeys(catalog.check_flags(list(decision.flags)))),
        notes=checked_text(decision.notes, limits.NOTES, "notes", "What you wrote"),
        checklist=_checked_ticks(pilot, decision.checklist_ids),
        approved_sha256=decision.approved_sha256 if level is FeedbackLevel.APPROVE else None,
    )


def _check_grounds(store: PilotStore, grant: Grant, shown: PilotRunAttempt, checked: _Checked, has_file: bool) -> None:
    """Raise unless an approval matches the stored video, and a request for changes says what to change."""
    if checked.level is FeedbackLevel.APPROVE:
        if film_checksum(store, grant.pilot_id, shown) != checked.approved_sha256:
            raise NotAllowedNow(
                "The video has changed since it was shown to you, so nothing was approved. Watch it once more."
            )
    elif not (checked.flags or checked.notes or has_file or _has_commented(store, grant, shown.attempt_number)):
        raise InvalidRequest(
            "Say what you would change first: pick a flag, comment on a frame, or write a sentence.", field="notes"
        )


def _check_placeholders(shown: PilotRunAttempt) -> None:
    if shown.final_draft and (left := shown.final_draft.placeholders):
        raise InvalidRequest(
            f"The video still has placeholders: {', '.join(left)}. Tick that you approve it with them, or ask for "
            "changes.",
            field="placeholders",
        )


def _delivered_sha256(attempt: PilotRunAttempt, checked: _Checked) -> str | None:
    """Return the checksum of the file that the approved video was conformed from. None unless the video is that one."""
    draft = attempt.final_draft
    is_approved = draft is not None and checked.approved_sha256 is not None and draft.sha256 == checked.approved_sha256
    return draft.original_sha256 if draft and is_approved else None


def _add_missing_file(connection: Connection, grant: Grant, given: Feedback, file: Attachment | None) -> None:
    """Attach the file that came with a decision sent again, unless the decision has one."""
    if file and not attachment_rows.has_one(connection, grant.pilot_id, given.feedback_id):
        attachment_rows.add(connection, replace(file, feedback_id=given.feedback_id))


def _check_seen(attempt: PilotRunAttempt, grant: Grant, seen: frozenset[str]) -> None:
    """Raise NotAllowedNow if someone else has requested changes and the reviewer has not read that request."""
    latest = {(f.by, f.channel): f for f in attempt.feedback if f.mode is FeedbackMode.HUMAN}
    latest.pop((grant.name, CHANNEL), None)
    for given in latest.values():
        if given.level is not FeedbackLevel.APPROVE and given.feedback_id not in seen:
            asked = given.level.value.replace("_", " ")
            raise NotAllowedNow(
                f"{given.by or 'Someone'} asked for {asked} on this version. Read that first, then decide again."
            )


def _has_commented(store: PilotStore, grant: Grant, attempt_number: int) -> bool:
    return any(is_own(grant, comment) for comment in comments_of(store, grant.pilot_id, attempt_number))


def _same_again(attempt: PilotRunAttempt, grant: Grant, checked: _Checked) -> Feedback | None:
    """Return the attempt's current decision if it is the same as this one."""
    given = attempt.review
    if given is None or (given.by, given.channel) != (grant.name, CHANNEL):
        return None
    known = _Checked(given.level, given.flags, given.notes, given.checklist, given.sha256)
    return given if known == checked else None


def _checked_ticks(pilot: PilotRun, checklist_ids: Iterable[str]) -> list[str]:
    """Return the ticked items in checklist order. Raises InvalidRequest for an unknown item."""
    known = [item.id for section in checklist_for(pilot) for item in section.items]
    given = set(checklist_ids)
    if unknown := given - set(known):
        raise InvalidRequest(f"“{min(unknown)[:40]}” is not on the approval checklist.", field="checklist")
    return [item for item in known if item in given]


def _made_here(store: PilotStore, speaker: Speaker, feedback_id: str, now: datetime) -> dict[str, Any]:
    """Return the event details of a decision on this pilot."""

    def read_detail(connection: Connection) -> dict[str, Any] | None:
        check_alive(connection, speaker, now)
        return decision_detail(connection, speaker.pilot_id, feedback_id)

    detail = store.database.read(read_detail)
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
    return speaker.link_id is None or (speaker.link_id, speaker.name) == (detail.get("link_id"), given.by)


def _why_not(pilot: PilotRun, attempt: PilotRunAttempt, given: Feedback, now: datetime) -> str:
    """Return the reason why the decision cannot be undone, as a sentence, or "" if it can be."""
    if now > undo_until(given):
        return "Ten minutes have passed, so this decision stands; tell the team if it was not meant."
    if any(a.attempt_number > attempt.attempt_number and a.state is not AttemptState.FAILED for a in pilot.runs):
        return "The next version has been started from this decision, so it stands; decide again on that one."
    if pilot.status is PilotStatus.COMPLETED and given.level is not FeedbackLevel.APPROVE:
        return f"The pilot has been completed meanwhile ({pilot.approval_outcome}), so this decision stands."
    return ""
