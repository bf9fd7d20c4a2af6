"""What reviewers asked of earlier versions: each flag, comment and written note, and whether a later version does it.

Reviewers and the team answer by the same function. An answer can be changed as long as the pilot is open.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from pilot_core import catalog, ids
from pilot_core.domain.attempt import OpenRequests, PilotRunAttempt, UnmetRequest
from pilot_core.domain.comments import Comment
from pilot_core.domain.events import EventKind
from pilot_core.domain.feedback import Feedback, FeedbackLevel
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.requests import NOTES, Answer, Request, RequestKind, Standing, id_of_request, parts_of
from pilot_core.domain.reviews import Speaker
from pilot_core.domain.roles import ActKind
from pilot_core.errors import InvalidRequest, NotAllowedNow, PilotError
from pilot_core.review.attachments import titles_of_decisions
from pilot_core.review.comments import Thread, judge_comment, open_comments_before
from pilot_core.store import permission
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import comments as comment_rows
from pilot_core.store.tables import request_answers
from pilot_core.store.tables.events import add_event


class RequestNotFound(PilotError):
    """No decision of this pilot has that flag or note."""


def answers_of(store: PilotStore, pilot_id: str) -> list[Answer]:
    """Return the answers on flags and notes of the pilot's decisions, by attempt and time."""
    ids.checked_pilot_id(pilot_id)
    return store.database.read(lambda connection: request_answers.of_pilot(connection, pilot_id))


def latest_answers(answers: Iterable[Answer]) -> dict[tuple[str, str], Answer]:
    """Return the answer on the latest attempt by feedback id and subject. ``answers`` are in the order of attempts."""
    return {(answer.feedback_id, answer.subject): answer for answer in answers}


def answer_request(
    store: PilotStore, speaker: Speaker, request_id: str, addressed: bool, in_attempt: int
) -> Answer | Comment:
    """Record whether a later ready attempt does what was asked. Giving the same answer again changes nothing.

    Raises NotAllowedNow, RequestNotFound, CommentNotFound, LinkRefused, and InvalidRequest if ``in_attempt`` is not a
    later ready attempt.
    """
    parts = parts_of(request_id)
    if parts is None:
        return judge_comment(store, speaker, request_id, addressed, in_attempt)
    now = store.clock()
    permission.ask(store.database, speaker.actor, ActKind.JUDGE_COMMENT, speaker.pilot_id, now)
    pilot = store.load(speaker.pilot_id)
    asked = _asked(pilot, *parts)
    later = [a for a in pilot.runs if a.state == "ready" and a.attempt_number > asked.attempt_number]
    attempt = next((a for a in later if a.attempt_number == in_attempt), None)
    if attempt is None:
        raise InvalidRequest(
            f"What was asked of version {asked.attempt_number} is answered on a later, ready version; choose one.",
            field="in_attempt",
        )
    answer = Answer(
        *parts,
        pilot_id=pilot.pilot_id,
        attempt_id=attempt.attempt_id,
        attempt_number=in_attempt,
        addressed=addressed,
        answered_by=speaker.name,
        link_id=speaker.link_id,
        answered_at=now,
    )
    return store.database.transaction(lambda connection: _put(connection, speaker, now, answer, asked.attempt_number))


def _put(connection: Connection, speaker: Speaker, now: datetime, answer: Answer, attempt_number: int) -> Answer:
    permission.check(connection, speaker.actor, ActKind.JUDGE_COMMENT, speaker.pilot_id, now)
    reviewable = comment_rows.reviewable(connection, answer.pilot_id)
    if reviewable and reviewable.status == "completed":
        raise NotAllowedNow(f"This pilot is completed ({reviewable.approval_outcome}); its answers stay as they are.")
    known = request_answers.one(connection, answer.feedback_id, answer.subject, answer.attempt_id)
    if known and known.addressed == answer.addressed and (known.link_id or not answer.link_id):
        return known
    request_answers.put(connection, answer)
    kind = EventKind.REQUEST_ADDRESSED if answer.addressed else EventKind.REQUEST_NOT_ADDRESSED
    detail = {"feedback_id": answer.feedback_id, "subject": answer.subject, "attempt_number": attempt_number}
    add_event(connection, answer.pilot_id, now, speaker.actor, kind, **detail, in_attempt=answer.attempt_number)
    return answer


def requests_of(
    attempt: PilotRunAttempt, threads: Iterable[Thread], answers: Sequence[Answer], in_attempt: int
) -> list[Request]:
    """Return what reviewers asked of an attempt: the flags and words of everyone's last decision, and their comments.

    ``answers`` are the pilot's. Each request has the last answer on an attempt up to ``in_attempt``.
    """
    known = latest_answers(a for a in answers if a.attempt_number <= in_attempt)
    found: list[Request] = []
    for given in attempt.last_decisions:
        if given.level is not FeedbackLevel.APPROVE:
            found += [_with_answer(request, known) for request in _parts(attempt, given)]
    for thread in threads:
        comment = thread.comment
        if comment.attempt_number == attempt.attempt_number and not comment.from_team and not comment.deleted_at:
            found.append(_of_comment(thread))
    return found


def open_requests_before(store: PilotStore, pilot: PilotRun, attempt_number: int) -> OpenRequests:
    """Return what people asked of attempts before this one and nobody has found addressed, for its brief."""
    answers = [a for a in answers_of(store, pilot.pilot_id) if a.attempt_number < attempt_number]
    comments = open_comments_before(store, pilot.pilot_id, attempt_number)
    attached = titles_of_decisions(store, pilot.pilot_id)
    return OpenRequests(comments, _unmet(pilot, answers), _still_raised(pilot, answers), attached)


def _unmet(pilot: PilotRun, answers: Iterable[Answer]) -> list[UnmetRequest]:
    latest = latest_answers(answers)
    found = []
    for attempt in sorted(pilot.runs, key=lambda a: a.attempt_number):
        for given in attempt.feedback:
            for request in _parts(attempt, given):
                answer = latest.get((given.feedback_id, request.flag or NOTES))
                if answer and not answer.addressed:
                    found.append(
                        UnmetRequest(
                            attempt_number=attempt.attempt_number,
                            not_addressed_in=answer.attempt_number,
                            flag=request.flag,
                            words=request.words,
                            by=request.by,
                        )
                    )
    return found


def _still_raised(pilot: PilotRun, answers: Iterable[Answer]) -> Mapping[int, list[str]]:
    """Return the flags that were found not addressed, by the attempt in which they were."""
    known = {given.feedback_id: given.flags for attempt in pilot.runs for given in attempt.feedback}
    found: dict[int, list[str]] = {}
    for answer in answers:
        if not answer.addressed and answer.subject in known.get(answer.feedback_id, ()):
            flags = found.setdefault(answer.attempt_number, [])
            if answer.subject not in flags:
                flags.append(answer.subject)
    return found


def _asked(pilot: PilotRun, feedback_id: str, subject: str) -> Request:
    wanted = id_of_request(feedback_id, subject)
    for attempt in pilot.runs:
        for given in attempt.feedback:
            if given.feedback_id == feedback_id:
                for request in _parts(attempt, given):
                    if request.request_id == wanted:
                        return request
    raise RequestNotFound("There is no such request; the decision it belongs to may have been undone.")


def _parts(attempt: PilotRunAttempt, given: Feedback) -> list[Request]:
    """Return the flags and the words of a decision, each as a request."""
    number, by = attempt.attempt_number, given.by or "Someone"
    found = [
        Request(
            id_of_request(given.feedback_id, flag), RequestKind.FLAG, number, by, catalog.label("flag", flag), flag=flag
        )
        for flag in given.flags
    ]
    if given.notes.strip():
        found.append(Request(id_of_request(given.feedback_id, NOTES), RequestKind.WORDS, number, by, given.notes))
    return found


def _with_answer(request: Request, known: Mapping[tuple[str, str], Answer]) -> Request:
    parts = parts_of(request.request_id)
    answer = known.get(parts) if parts else None
    if answer is None:
        return request
    by_reviewer = answer.link_id is not None
    standing = Standing(answer.addressed, answer.attempt_number, answer.answered_by, answer.answered_at, by_reviewer)
    return replace(request, standing=standing)


def _of_comment(thread: Thread) -> Request:
    comment = thread.comment
    standing = None
    if comment.addressed is not None and comment.judged_in and comment.judged_at:
        standing = Standing(
            comment.addressed,
            comment.judged_in,
            comment.judged_by or "Someone",
            comment.judged_at,
            comment.judged_by_reviewer,
        )
    return Request(
        comment.comment_id,
        RequestKind.COMMENT,
        comment.attempt_number,
        comment.author,
        comment.body,
        comment=comment,
        replies=thread.replies,
        standing=standing,
    )
