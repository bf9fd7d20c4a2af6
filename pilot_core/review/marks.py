"""What a lead says was done about a request on the checklist: done by hand, or not possible, and why.

A mark is of one attempt. It can be changed while that attempt is the newest and the pilot is open.
"""

from datetime import datetime

from pilot_core.domain import limits
from pilot_core.domain.events import EventKind
from pilot_core.domain.requests import Mark, MarkKind
from pilot_core.domain.reviews import TeamMember
from pilot_core.domain.roles import ActKind
from pilot_core.errors import InvalidRequest, NotAllowedNow
from pilot_core.review.checklist import checklist_of
from pilot_core.review.requests import RequestNotFound
from pilot_core.review.words import checked_text
from pilot_core.store import permission
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import comments as comment_rows
from pilot_core.store.tables import request_marks
from pilot_core.store.tables.events import add_event


def mark_request(
    store: PilotStore, speaker: TeamMember, request_id: str, kind: MarkKind, note: str, in_attempt: int
) -> Mark:
    """Mark a request as done by hand, or as not possible for the reason in ``note``, in the newest ready attempt.

    Raises InvalidRequest without a reason, or if the measured videos contradict that it was done; RequestNotFound if
    it is not on the checklist; and NotAllowedNow for another attempt or a completed pilot.
    """
    now = store.clock()
    permission.ask(store.database, speaker.actor, ActKind.MARK_REQUEST, speaker.pilot_id, now)
    words = checked_text(note, limits.NOTES, "note", "What you wrote")
    listed = checklist_of(store, store.load(speaker.pilot_id))
    item = next((i for i in (listed.items if listed else ()) if i.request.request_id == request_id), None)
    if listed is None or item is None:
        raise RequestNotFound("This request is not on the checklist; the decision it belongs to may have been undone.")
    if kind is MarkKind.NOT_POSSIBLE and not words:
        raise InvalidRequest("Say why it is not possible; the founder reads it.", field="note")
    if kind is MarkKind.DONE and not item.can_be_done:
        raise InvalidRequest(
            f"“{item.request.words}” cannot be marked as done: {item.measured}. Say why it is not possible, or make "
            "another attempt.",
            field="note",
        )
    mark = Mark(
        request_id, speaker.pilot_id, listed.attempt.attempt_id, in_attempt, kind, words, str(speaker.name), now
    )

    def put(connection: Connection) -> Mark:
        _check_newest(connection, speaker, in_attempt, now)
        known = request_marks.one(connection, request_id, mark.attempt_id)
        if known and (known.kind, known.note) == (kind, words):
            return known
        request_marks.put(connection, mark)
        detail = {"request_id": request_id, "as": str(kind), "attempt_number": item.request.attempt_number}
        add_event(
            connection, speaker.pilot_id, now, speaker.actor, EventKind.REQUEST_MARKED, **detail, in_attempt=in_attempt
        )
        return mark

    return store.database.transaction(put)


def unmark_request(store: PilotStore, speaker: TeamMember, request_id: str, in_attempt: int) -> None:
    """Remove the mark on a request in the newest ready attempt, if there is one. Raises NotAllowedNow."""
    now = store.clock()
    attempt = store.load(speaker.pilot_id).attempt(in_attempt)

    def remove(connection: Connection) -> None:
        _check_newest(connection, speaker, in_attempt, now)
        if request_marks.one(connection, request_id, attempt.attempt_id):
            request_marks.remove(connection, request_id, attempt.attempt_id)
            detail = {"request_id": request_id, "in_attempt": in_attempt}
            add_event(connection, speaker.pilot_id, now, speaker.actor, EventKind.REQUEST_UNMARKED, **detail)

    store.database.transaction(remove)


def _check_newest(connection: Connection, speaker: TeamMember, in_attempt: int, now: datetime) -> None:
    permission.check(connection, speaker.actor, ActKind.MARK_REQUEST, speaker.pilot_id, now)
    reviewable = comment_rows.reviewable(connection, speaker.pilot_id)
    if reviewable and reviewable.status == "completed":
        raise NotAllowedNow(f"This pilot is completed ({reviewable.approval_outcome}). Its checklist stays as it is.")
    if reviewable is None or reviewable.newest != in_attempt:
        raise NotAllowedNow(f"A newer attempt than attempt {in_attempt} is ready. Use its checklist instead.")
