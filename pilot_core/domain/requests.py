"""What a reviewer asked to be changed, and whether a later version does it.

A request is a flag, the written words of a decision, or a comment. Whether a comment is addressed is kept with the
comment; of flags and words it is an :class:`Answer`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pilot_core.domain.attempt import Change
from pilot_core.domain.comments import Comment
from pilot_core.domain.measures import Effect, Measured

NOTES = "notes"
"""The subject of an answer that is about the written words of a decision; any other subject is a flag."""

BETWEEN = "."


class MarkKind(StrEnum):
    """What a lead says of a request: done by hand, or not possible."""

    DONE = "done"
    NOT_POSSIBLE = "not possible"


class Outcome(StrEnum):
    """What was done about a request."""

    DONE = "done"
    NOT_DONE = "not done"
    NOT_POSSIBLE = "not possible"
    NEEDS_A_PERSON = "needs a person"

    @property
    def is_open(self) -> bool:
        """Whether something can still be done about it."""
        return self in (Outcome.NOT_DONE, Outcome.NEEDS_A_PERSON)


class RequestKind(StrEnum):
    """What a request is."""

    FLAG = "flag"
    WORDS = "words"
    COMMENT = "comment"


@dataclass(frozen=True)
class Answer:
    """Whether an attempt addresses a flag or the words (``subject``) of a decision, who said so, and when (UTC).

    ``link_id`` is None for answers by the team.
    """

    feedback_id: str
    subject: str
    pilot_id: str
    attempt_id: str
    attempt_number: int
    addressed: bool
    answered_by: str
    link_id: str | None
    answered_at: datetime


@dataclass(frozen=True)
class Mark:
    """What a lead says was done about a request in an attempt, when (UTC), and how or why not (``note``)."""

    request_id: str
    pilot_id: str
    attempt_id: str
    attempt_number: int
    kind: MarkKind
    note: str
    made_by: str
    made_at: datetime


@dataclass(frozen=True)
class Standing:
    """Whether a request is addressed in an attempt, by the last person who said so, and when (UTC).

    ``by_reviewer`` is False for answers by the team.
    """

    addressed: bool
    attempt_number: int
    by: str
    at: datetime
    by_reviewer: bool


@dataclass(frozen=True)
class Request:
    """One thing that a reviewer asked for on an attempt.

    ``words`` are the flag's label, what was written, or the comment's text. ``standing`` is None until somebody has
    said whether a later attempt addresses it.
    """

    request_id: str
    kind: RequestKind
    attempt_number: int
    by: str
    words: str
    flag: str | None = None
    comment: Comment | None = None
    replies: Sequence[Comment] = ()
    standing: Standing | None = None


def id_of_request(feedback_id: str, subject: str) -> str:
    """Return the id of a flag or the words of a decision as a request. A comment's is the comment's own."""
    return f"{feedback_id}{BETWEEN}{subject}"


def parts_of(request_id: str) -> tuple[str, str] | None:
    """Return the feedback id and subject in a request's id, or None if it is a comment's."""
    feedback_id, between, subject = request_id.partition(BETWEEN)
    return (feedback_id, subject) if between else None


def outcome_of(
    changes: Sequence[Change], value: Measured | None, mark: Mark | None = None, *, is_as_it_was: bool = False
) -> Outcome:
    """Return what was done about a request. What the measured videos contradict is never done.

    ``is_as_it_was``: the part that a comment is about has not changed.
    """
    if mark and mark.kind is MarkKind.NOT_POSSIBLE:
        return Outcome.NOT_POSSIBLE
    if value and value.contradicts:
        if any(not change.possible for change in changes):
            return Outcome.NOT_POSSIBLE
        left_to_people = changes and not any(change.answered for change in changes)
        return Outcome.NEEDS_A_PERSON if left_to_people else Outcome.NOT_DONE
    if mark or (value and value.effect is Effect.BETTER):
        return Outcome.DONE
    if is_as_it_was:
        return Outcome.NOT_DONE
    if any(change.answered and change.possible for change in changes):
        return Outcome.DONE
    return Outcome.NOT_POSSIBLE if any(not change.possible for change in changes) else Outcome.NEEDS_A_PERSON
