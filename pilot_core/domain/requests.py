"""What a reviewer asked to be changed, and whether a later version does it.

A request is a flag, the written words of a decision, or a comment. Whether a comment is addressed is kept with the
comment; of flags and words it is an :class:`Answer`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pilot_core.domain.comments import Comment

NOTES = "notes"
"""The subject of an answer that is about the written words of a decision; any other subject is a flag."""

BETWEEN = "."


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
class Standing:
    """Whether a request is addressed in an attempt, by the last person who said so, and when (UTC)."""

    addressed: bool
    attempt_number: int
    by: str
    at: datetime


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
