"""Timecoded comments on video frames, with replies, edits by their author, and a verdict in a later attempt.

Reviewers and the team call the same functions, as a ``Grant`` or a ``TeamMember``. Each can reach only one pilot.
Comments can be added only to the newest ready attempt of an open pilot, or of one that was approved over somebody's
request for changes. Earlier attempts are locked: their comments can only be marked as addressed or not. Events refer to
a comment by id and never contain its text.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TypeVar

from pilot_core import ids
from pilot_core.domain import limits
from pilot_core.domain.attachments import Attachment
from pilot_core.domain.attempt import FrameComment, PilotRunAttempt
from pilot_core.domain.comments import Anchor, Comment, CommentCounts, Reviewable, Shape, with_file
from pilot_core.domain.events import EventKind
from pilot_core.domain.requests import MarkKind
from pilot_core.domain.reviews import Speaker
from pilot_core.domain.roles import ActKind
from pilot_core.errors import InvalidRequest, NotAllowedNow, PilotError, PilotNotFound
from pilot_core.review import attachments
from pilot_core.review.shown import FRAME_LIMIT
from pilot_core.review.words import checked_text
from pilot_core.store import permission
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import attachments as attachment_rows
from pilot_core.store.tables import comments as comment_rows
from pilot_core.store.tables import pilots as pilot_rows
from pilot_core.store.tables import request_marks
from pilot_core.store.tables.events import add_event

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
    anchor: Anchor,
    body: str,
    *,
    key: str | None = None,
    file: Attachment | None = None,
) -> Comment:
    """Comment on the newest ready attempt. If a comment was already made with ``key``, return that comment.

    ``file`` is a stored file to attach; with one, the text may be empty. The parameters are what makes a comment.
    Raises InvalidRequest, NotAllowedNow, PilotNotFound for an unknown attempt, and LinkRefused.
    """
    now = store.clock()
    comment_id = _new_comment_id(key)
    shape, words = _checked_shape(anchor.shape), _checked_body(body, file)

    def insert(connection: Connection) -> Comment:
        if key and (earlier := comment_rows.comment(connection, speaker.pilot_id, comment_id)):
            return earlier
        attempt = pilot_rows.attempt(connection, speaker.pilot_id, attempt_number)
        if attempt is None:
            raise PilotNotFound(f"{speaker.pilot_id} has no attempt {attempt_number}.")
        first, last = _checked_frames(attempt, anchor)
        comment = Comment(
            comment_id=comment_id,
            pilot_id=speaker.pilot_id,
            attempt_id=attempt.attempt_id,
            attempt_number=attempt_number,
            parent_id=None,
            frame=first,
            end_frame=last,
            rate=attempt.rate,
            shape=shape,
            body=words,
            author=speaker.name,
            link_id=speaker.link_id,
            created_at=now,
        )
        _check_unlocked(connection, comment)
        _add(connection, comment, file)
        _note(connection, speaker, now, EventKind.COMMENT_ADDED, comment, frame=comment.frame)
        return comment

    return _transaction(store, speaker, ActKind.COMMENT, now, insert)


def reply(
    store: PilotStore,
    speaker: Speaker,
    comment_id: str,
    body: str,
    *,
    key: str | None = None,
    file: Attachment | None = None,
) -> Comment:
    """Reply to a comment. A reply to a reply joins the same thread. ``key`` and ``file``: see :func:`add_comment`.

    Raises InvalidRequest, NotAllowedNow, CommentNotFound and LinkRefused.
    """
    now = store.clock()
    words = _checked_body(body, file)
    new_id = _new_comment_id(key)

    def insert(connection: Connection) -> Comment:
        if key and (earlier := comment_rows.comment(connection, speaker.pilot_id, new_id)):
            return earlier
        to = _found(connection, speaker, comment_id)
        _check_unlocked(connection, to)
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
        _add(connection, answer, file)
        _note(connection, speaker, now, EventKind.COMMENT_ANSWERED, answer, parent_id=answer.parent_id)
        return answer

    return _transaction(store, speaker, ActKind.COMMENT, now, insert)


def edit_comment(store: PilotStore, speaker: Speaker, comment_id: str, body: str) -> Comment:
    """Replace the text of one's own comment. Raises InvalidRequest, NotAllowedNow, CommentNotFound and LinkRefused."""
    now = store.clock()

    def replace_body(connection: Connection) -> Comment:
        comment = _own(connection, speaker, comment_id)
        _check_unlocked(connection, comment)
        words = _checked_body(body, attachment_rows.of_comment(connection, comment.comment_id))
        if words == comment.body:
            return comment
        edited = replace(comment, body=words, edited_at=now)
        comment_rows.update(connection, edited)
        _note(connection, speaker, now, EventKind.COMMENT_EDITED, edited)
        return edited

    return _transaction(store, speaker, ActKind.EDIT_COMMENT, now, replace_body)


def delete_comment(store: PilotStore, speaker: Speaker, comment_id: str) -> None:
    """Delete one's own comment, its text and its file. Raises NotAllowedNow, CommentNotFound and LinkRefused."""
    now = store.clock()

    def blank(connection: Connection) -> list[Attachment]:
        comment = _own(connection, speaker, comment_id)
        _check_unlocked(connection, comment)
        comment_rows.update(connection, replace(comment, body="", shape=None, deleted_at=now))
        _note(connection, speaker, now, EventKind.COMMENT_DELETED, comment)
        return attachment_rows.take_from_comment(connection, comment.pilot_id, comment.comment_id)

    attachments.remove_files(store, _transaction(store, speaker, ActKind.EDIT_COMMENT, now, blank))


def judge_comment(
    store: PilotStore,
    speaker: Speaker,
    comment_id: str,
    addressed: bool,
    in_attempt: int,
) -> Comment:
    """Record whether a later ready attempt addresses a comment. The team and every reviewer of the pilot may do this.

    Saying the same again changes nothing.

    Raises NotAllowedNow, CommentNotFound, LinkRefused, and InvalidRequest if ``in_attempt`` is not a later ready
    attempt.
    """
    now = store.clock()
    ready = {a.attempt_number for a in store.load(speaker.pilot_id).runs if a.state == "ready"}

    def set_judged(connection: Connection) -> Comment:
        comment = _found(connection, speaker, comment_id)
        _check_open(connection, comment)
        if comment.parent_id:
            raise InvalidRequest("An answer is not judged by itself; judge the comment it belongs to.", field="comment")
        if in_attempt <= comment.attempt_number or in_attempt not in ready:
            raise InvalidRequest(
                f"A comment on version {comment.attempt_number} is judged by a later, ready version; choose one.",
                field="in_attempt",
            )
        is_said = (comment.addressed, comment.judged_in) == (addressed, in_attempt)
        if is_said and (comment.judged_by_reviewer or speaker.link_id is None):
            return comment
        judged = replace(
            comment,
            addressed=addressed,
            judged_in=in_attempt,
            judged_by=speaker.name,
            judged_at=now,
            judged_by_reviewer=speaker.link_id is not None,
        )
        comment_rows.update(connection, judged)
        kind = EventKind.COMMENT_ADDRESSED if addressed else EventKind.COMMENT_NOT_ADDRESSED
        _note(connection, speaker, now, kind, comment, in_attempt=in_attempt)
        return judged

    return _transaction(store, speaker, ActKind.JUDGE_COMMENT, now, set_judged)


def is_own(speaker: Speaker, comment: Comment) -> bool:
    """Whether the speaker may edit and delete the comment: same link and name, or same team member."""
    return (comment.pilot_id, comment.link_id, comment.author) == (speaker.pilot_id, speaker.link_id, speaker.name)


def threads_of(
    store: PilotStore,
    pilot_id: str,
    attempt_number: int | None = None,
    *,
    resolved: bool | None = None,
    author: str | None = None,
) -> list[Thread]:
    """Return comments with their replies, by attempt, frame and time; of all attempts if ``attempt_number`` is None.

    ``resolved`` selects resolved (True) or open (False) comments. ``author`` selects threads in which that person
    wrote. A deleted comment is left out unless it has replies.
    """
    ids.checked_pilot_id(pilot_id)
    found = threads(store.database.read(lambda connection: comment_rows.comments(connection, pilot_id)))
    return [
        thread
        for thread in found
        if attempt_number in (None, thread.comment.attempt_number)
        and resolved in (None, bool(thread.comment.addressed))
        and (author is None or author in {c.author for c in (thread.comment, *thread.replies) if not c.deleted_at})
    ]


def threads(comments: Iterable[Comment]) -> list[Thread]:
    """Group replies under their comments, in the order given. Deleted comments are treated as in :func:`threads_of`."""
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
    """Return every comment and reply that is not deleted, for lists and exports; of all attempts if None."""
    ids.checked_pilot_id(pilot_id)
    found = store.database.read(lambda connection: comment_rows.comments(connection, pilot_id))
    return [c for c in found if not c.deleted_at and attempt_number in (None, c.attempt_number)]


def open_comments_before(store: PilotStore, pilot_id: str, attempt_number: int) -> list[FrameComment]:
    """Return the open comments on earlier attempts, by attempt and frame, in the form that pipelines receive.

    Leaves out those that a lead has marked as done since, unless somebody found them not addressed.
    """
    marks = store.database.read(lambda connection: request_marks.of_pilot(connection, pilot_id))
    done = {
        m.request_id: m.attempt_number for m in marks if m.kind is MarkKind.DONE and m.attempt_number < attempt_number
    }
    attached = {a.comment_id: a.title for a in attachments.of_pilot(store, pilot_id)}
    return [
        FrameComment(
            attempt_number=said.attempt_number,
            frame=said.frame,
            end_frame=said.end_frame,
            rate=str(said.rate),
            timecode=said.timecode,
            seconds=float(said.seconds),
            author=said.author,
            body=said.body,
            replies=[with_file(reply.body, attached.get(reply.comment_id)) for reply in thread.replies],
            not_addressed_in=said.judged_in,
            attachment=attached.get(said.comment_id),
            **(asdict(said.shape) if said.shape else {}),
        )
        for thread in threads_of(store, pilot_id, resolved=False)
        if not (said := thread.comment).deleted_at
        and said.attempt_number < attempt_number
        and (said.comment_id not in done or (said.judged_in or 0) >= done[said.comment_id])
    ]


def counts_of(store: PilotStore, pilot_id: str) -> dict[int, CommentCounts]:
    """Return how many comments are open and resolved, by attempt number. Attempts without comments are left out."""
    return store.database.read(lambda connection: comment_rows.counts(connection, ids.checked_pilot_id(pilot_id)))


def _new_comment_id(key: str | None) -> str:
    # A form that is sent twice makes one comment.
    return ids.id_of_key("comment", key) if key else ids.new_id("comment")


def _transaction(
    store: PilotStore, speaker: Speaker, kind: ActKind, now: datetime, act: Callable[[Connection], T]
) -> T:
    """Run ``act`` in one transaction, if the speaker may still do that."""

    def checked(connection: Connection) -> T:
        permission.check(connection, speaker.actor, kind, speaker.pilot_id, now)
        return act(connection)

    return store.database.transaction(checked)


def _note(
    connection: Connection, speaker: Speaker, now: datetime, kind: EventKind, comment: Comment, **more: object
) -> None:
    detail = {"comment_id": comment.comment_id, "attempt_number": comment.attempt_number, **more}
    add_event(connection, comment.pilot_id, now, speaker.actor, kind, **detail)


def _found(connection: Connection, speaker: Speaker, comment_id: str) -> Comment:
    if found := comment_rows.comment(connection, speaker.pilot_id, comment_id):
        return found
    raise CommentNotFound("There is no such comment; it may have been deleted.")


def _own(connection: Connection, speaker: Speaker, comment_id: str) -> Comment:
    comment = _found(connection, speaker, comment_id)
    if not is_own(speaker, comment):
        raise NotAllowedNow(f"Only {comment.author} can change this comment; answer it instead.")
    return comment


def _check_open(connection: Connection, comment: Comment, *, if_disputed: bool = False) -> Reviewable:
    reviewable = comment_rows.reviewable(connection, comment.pilot_id)
    if reviewable is None:
        raise PilotNotFound(f"There is no pilot {comment.pilot_id} in this store.")
    if reviewable.status == "completed" and not (if_disputed and reviewable.is_disputed):
        raise NotAllowedNow(f"This pilot is completed ({reviewable.approval_outcome}); its comments stay as they are.")
    return reviewable


def _check_unlocked(connection: Connection, comment: Comment) -> None:
    newest = _check_open(connection, comment, if_disputed=True).newest
    if newest is None or comment.attempt_number > newest:
        raise NotAllowedNow(f"Version {comment.attempt_number} is not ready yet; there is nothing to comment on.")
    if comment.attempt_number < newest:
        raise NotAllowedNow(
            f"Version {newest} is here, so version {comment.attempt_number} is locked. "
            f"Comment on version {newest} instead."
        )


def _add(connection: Connection, comment: Comment, file: Attachment | None) -> None:
    comment_rows.add(connection, comment)
    if file:
        attachment_rows.add(connection, replace(file, comment_id=comment.comment_id))


def _checked_body(body: str, file: Attachment | None) -> str:
    words = checked_text(body, limits.COMMENT, "body", "The comment")
    if not words and file is None:
        raise InvalidRequest("The comment is empty; type what you think of this frame.", field="body")
    return words


def _checked_frames(attempt: PilotRunAttempt, anchor: Anchor) -> tuple[int, int | None]:
    """Return the first and last frame. Accepts up to two frames past the end, because lengths are rounded."""
    limit = attempt.frames + 2 if attempt.frames else FRAME_LIMIT
    frame = anchor.frame
    last = frame if anchor.end_frame is None else anchor.end_frame
    if not 0 <= frame <= last < limit:
        raise InvalidRequest("That is not a frame of this video; pause where you mean and try again.", field="frame")
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
