"""Timecoded comments: said of exact frames, answered, corrected by their author, judged in a later attempt.

Reviewers and the team use the same verbs, as a ``Grant`` or a ``TeamMember``; each reaches one pilot. Only the newest
ready attempt of an open pilot takes words; earlier ones are locked and can only be judged. Events name a comment and
never hold its words.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from pilot_core import ids
from pilot_core.errors import InvalidRequest, NotAllowedNow, PilotError, PilotNotFound
from pilot_core.models import PilotRunAttempt
from pilot_core.review.links import check_alive
from pilot_core.review.shown import FRAME_LIMIT, frame_count, rate_of
from pilot_core.review.words import checked_text
from pilot_core.store import comments as kept
from pilot_core.store import reviews
from pilot_core.store.comments import Comment, Counts, Shape
from pilot_core.store.lease import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.reviews import Speaker

__all__ = ["Comment", "Counts", "Shape"]

COMMENT_LENGTH = 2_000

T = TypeVar("T")


class CommentNotFound(PilotError):
    """No comment of this pilot has that id, or it was deleted."""


@dataclass(frozen=True)
class Thread:
    """A comment and the replies to it, the oldest first."""

    comment: Comment
    replies: tuple[Comment, ...] = ()


def add_comment(
    store: PilotStore,
    speaker: Speaker,
    attempt_number: int,
    frame: int,
    body: str,
    *,
    end_frame: int | None = None,
    shape: Shape | None = None,
    now: datetime | None = None,
) -> Comment:
    """Say something of a frame of the newest ready attempt, or of the frames up to ``end_frame`` (inclusive).

    Raises InvalidRequest, NotAllowedNow, PilotNotFound for an unknown attempt, and LinkRefused.
    """
    now = now or store.clock()
    attempt = store.load(speaker.pilot_id).attempt(attempt_number)
    first, last = _checked_frames(attempt, frame, end_frame)
    comment = Comment(
        comment_id=ids.new_id("comment"),
        pilot_id=speaker.pilot_id,
        attempt_id=attempt.attempt_id,
        attempt_number=attempt_number,
        parent_id=None,
        frame=first,
        end_frame=last,
        rate=rate_of(attempt),
        shape=_checked_shape(shape),
        body=_checked_body(body),
        author=speaker.name,
        link_id=speaker.link_id,
        created_at=now,
    )

    def work(connection: Connection) -> Comment:
        _check_takes_words(connection, comment)
        kept.add(connection, comment)
        _note(connection, speaker, now, "comment_added", comment, frame=comment.frame)
        return comment

    return _transaction(store, speaker, now, work)


def reply(store: PilotStore, speaker: Speaker, comment_id: str, body: str, *, now: datetime | None = None) -> Comment:
    """Answer a comment; an answer to an answer joins the same thread.

    Raises InvalidRequest, NotAllowedNow, CommentNotFound and LinkRefused.
    """
    now = now or store.clock()
    words = _checked_body(body)
    new_id = ids.new_id("comment")

    def work(connection: Connection) -> Comment:
        to = _found(connection, speaker, comment_id)
        _check_takes_words(connection, to)
        answer = Comment(
            comment_id=new_id,
            pilot_id=to.pilot_id,
            attempt_id=to.attempt_id,
            attempt_number=to.attempt_number,
            parent_id=to.parent_id or to.comment_id,
            frame=to.frame,
            end_frame=to.end_frame,
            rate=to.rate,
            shape=None,
            body=words,
            author=speaker.name,
            link_id=speaker.link_id,
            created_at=now,
        )
        kept.add(connection, answer)
        _note(connection, speaker, now, "comment_answered", answer, parent_id=answer.parent_id)
        return answer

    return _transaction(store, speaker, now, work)


def edit_comment(
    store: PilotStore, speaker: Speaker, comment_id: str, body: str, *, now: datetime | None = None
) -> Comment:
    """Put other words in place of one's own. Raises InvalidRequest, NotAllowedNow, CommentNotFound and LinkRefused."""
    now = now or store.clock()
    words = _checked_body(body)

    def work(connection: Connection) -> Comment:
        comment = _own(connection, speaker, comment_id)
        _check_takes_words(connection, comment)
        if words == comment.body:
            return comment
        edited = replace(comment, body=words, edited_at=now)
        kept.update(connection, edited)
        _note(connection, speaker, now, "comment_edited", edited)
        return edited

    return _transaction(store, speaker, now, work)


def delete_comment(store: PilotStore, speaker: Speaker, comment_id: str, *, now: datetime | None = None) -> None:
    """Take back one's own words; they are gone from the store. Raises NotAllowedNow, CommentNotFound, LinkRefused."""
    now = now or store.clock()

    def work(connection: Connection) -> None:
        comment = _own(connection, speaker, comment_id)
        _check_takes_words(connection, comment)
        kept.update(connection, replace(comment, body="", shape=None, deleted_at=now))
        _note(connection, speaker, now, "comment_deleted", comment)

    _transaction(store, speaker, now, work)


def judge_comment(
    store: PilotStore,
    speaker: Speaker,
    comment_id: str,
    addressed: bool,
    in_attempt: int,
    *,
    now: datetime | None = None,
) -> Comment:
    """Say whether a later, ready attempt has addressed a comment. The team and any reviewer of the pilot may.

    Raises InvalidRequest when ``in_attempt`` is not a later ready attempt, NotAllowedNow, CommentNotFound, LinkRefused.
    """
    now = now or store.clock()
    ready = {a.attempt_number for a in store.load(speaker.pilot_id).runs if a.state == "ready"}

    def work(connection: Connection) -> Comment:
        comment = _found(connection, speaker, comment_id)
        _check_open(connection, comment)
        if comment.parent_id:
            raise InvalidRequest("An answer is not judged by itself; judge the comment it belongs to.", field="comment")
        if in_attempt <= comment.attempt_number or in_attempt not in ready:
            raise InvalidRequest(
                f"A comment on attempt {comment.attempt_number} is judged by a later, ready attempt; choose one.",
                field="in_attempt",
            )
        judged = replace(comment, addressed=addressed, judged_in=in_attempt, judged_by=speaker.name, judged_at=now)
        kept.update(connection, judged)
        kind = "comment_addressed" if addressed else "comment_not_addressed"
        _note(connection, speaker, now, kind, comment, in_attempt=in_attempt)
        return judged

    return _transaction(store, speaker, now, work)


def is_own(speaker: Speaker, comment: Comment) -> bool:
    """Whether the speaker may edit and delete it: said through the same link under the same name, or by that member."""
    return (comment.pilot_id, comment.link_id, comment.author) == (speaker.pilot_id, speaker.link_id, speaker.name)


def threads_of(
    store: PilotStore,
    pilot_id: str,
    attempt_number: int | None = None,
    *,
    resolved: bool | None = None,
    author: str | None = None,
) -> list[Thread]:
    """The pilot's comments with their replies, by attempt, frame and time; all attempts if None.

    ``resolved`` keeps the resolved ones (True) or the open ones (False); ``author`` those with a word of that person.
    A deleted comment is left out unless replies hang on it.
    """
    ids.checked_pilot_id(pilot_id)
    found = threads(store.database.read(lambda connection: kept.comments(connection, pilot_id)))
    return [
        thread
        for thread in found
        if attempt_number in (None, thread.comment.attempt_number)
        and resolved in (None, bool(thread.comment.addressed))
        and (author is None or author in {c.author for c in (thread.comment, *thread.replies) if not c.deleted_at})
    ]


def threads(comments: Iterable[Comment]) -> list[Thread]:
    """Comments put together with their replies, in the order of the comments; deleted ones as in :func:`threads_of`."""
    first: list[Comment] = []
    replies: dict[str, list[Comment]] = {}
    for comment in comments:
        if comment.parent_id is None:
            first.append(comment)
        elif not comment.deleted_at:
            replies.setdefault(comment.parent_id, []).append(comment)
    return [
        Thread(comment, tuple(replies.get(comment.comment_id, ())))
        for comment in first
        if not comment.deleted_at or comment.comment_id in replies
    ]


def comments_of(store: PilotStore, pilot_id: str, attempt_number: int | None = None) -> list[Comment]:
    """Everything said and not deleted, replies included, as lists and exports show it; all attempts if None."""
    ids.checked_pilot_id(pilot_id)
    found = store.database.read(lambda connection: kept.comments(connection, pilot_id))
    return [c for c in found if not c.deleted_at and attempt_number in (None, c.attempt_number)]


def counts_of(store: PilotStore, pilot_id: str) -> dict[int, Counts]:
    """How many comments are open and resolved, by attempt number; attempts without comments are not in it."""
    return store.database.read(lambda connection: kept.counts(connection, ids.checked_pilot_id(pilot_id)))


def _transaction(store: PilotStore, speaker: Speaker, now: datetime, work: Callable[[Connection], T]) -> T:
    """Run ``work`` in one transaction, if the speaker may still speak."""

    def checked(connection: Connection) -> T:
        check_alive(connection, speaker, now)
        return work(connection)

    return store.database.transaction(checked)


def _note(connection: Connection, speaker: Speaker, now: datetime, kind: str, comment: Comment, **more: object) -> None:
    detail = {"comment_id": comment.comment_id, "attempt_number": comment.attempt_number, **more}
    reviews.add_event(connection, comment.pilot_id, now, speaker.actor, kind, **detail)


def _found(connection: Connection, speaker: Speaker, comment_id: str) -> Comment:
    comment = kept.comment(connection, speaker.pilot_id, comment_id)
    if comment is None:
        raise CommentNotFound("There is no such comment; it may have been deleted.")
    return comment


def _own(connection: Connection, speaker: Speaker, comment_id: str) -> Comment:
    comment = _found(connection, speaker, comment_id)
    if not is_own(speaker, comment):
        raise NotAllowedNow(f"Only {comment.author} can change this comment; answer it instead.")
    return comment


def _check_open(connection: Connection, comment: Comment) -> kept.Reviewable:
    standing = kept.reviewable(connection, comment.pilot_id)
    if standing is None:
        raise PilotNotFound(f"There is no pilot {comment.pilot_id} in this store.")
    if standing.status == "completed":
        raise NotAllowedNow(f"This pilot is completed ({standing.approval_outcome}); its comments stay as they are.")
    return standing


def _check_takes_words(connection: Connection, comment: Comment) -> None:
    newest = _check_open(connection, comment).newest
    if newest is None or comment.attempt_number > newest:
        raise NotAllowedNow(f"Attempt {comment.attempt_number} is not ready yet; there is nothing to comment on.")
    if comment.attempt_number < newest:
        raise NotAllowedNow(
            f"Attempt {newest} has arrived, so attempt {comment.attempt_number} is locked. "
            f"Say it of attempt {newest} instead."
        )


def _checked_body(body: str) -> str:
    words = checked_text(body, COMMENT_LENGTH, "body", "The comment")
    if not words:
        raise InvalidRequest("The comment is empty; type what you think of this frame.", field="body")
    return words


def _checked_frames(attempt: PilotRunAttempt, frame: int, end_frame: int | None) -> tuple[int, int | None]:
    """The frames, if the film has them. The last ones may lie past a rounded length."""
    count = frame_count(attempt)
    limit = count + 2 if count else FRAME_LIMIT
    last = frame if end_frame is None else end_frame
    if not 0 <= frame <= last < limit:
        raise InvalidRequest("That is not a frame of this film; pause where you mean and try again.", field="frame")
    return frame, last if last > frame else None


def _checked_shape(shape: Shape | None) -> Shape | None:
    if shape is None:
        return None
    numbers = (shape.x, shape.y, shape.width, shape.height)
    right, bottom = shape.x + shape.width, shape.y + shape.height
    inside = all(math.isfinite(n) and 0 <= n <= 1 for n in numbers) and right <= 1.000001 and bottom <= 1.000001
    if not inside:
        raise InvalidRequest("The mark lies outside the picture; draw it again.", field="shape")
    return Shape(*(float(n) for n in numbers))
