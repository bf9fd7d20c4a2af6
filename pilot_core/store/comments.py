"""Comments as rows of the store, and back. Whoever asks names the pilot too: a comment of another one is not there."""

import json
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from pilot_core.store.database import Row, rows
from pilot_core.store.lease import Connection
from pilot_core.store.rows import from_column, to_column
from pilot_core.timecode import frame_to_seconds, frame_to_timecode


@dataclass(frozen=True)
class Shape:
    """A point (no width, no height) or a rectangle on the picture, in parts of its width and height (0 to 1)."""

    x: float
    y: float
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True)
class Comment:
    """Something said of a frame, or of the frames up to ``end_frame`` (inclusive), counted from 0; times in UTC.

    ``link_id`` is None where the team speaks. ``addressed`` is None until someone judged it in a later attempt,
    ``judged_in``. Of a deleted comment only its place is left.
    """

    comment_id: str
    pilot_id: str
    attempt_id: str
    attempt_number: int
    parent_id: str | None
    frame: int
    end_frame: int | None
    rate: Fraction
    shape: Shape | None
    body: str
    author: str
    link_id: str | None
    created_at: datetime
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    addressed: bool | None = None
    judged_in: int | None = None
    judged_by: str | None = None
    judged_at: datetime | None = None

    @property
    def from_team(self) -> bool:
        return self.link_id is None

    @property
    def timecode(self) -> str:
        """Where it begins, as SMPTE timecode; drop-frame at 29.97 and 59.94."""
        return frame_to_timecode(self.frame, self.rate)

    @property
    def seconds(self) -> Fraction:
        """Where it begins, in seconds from the film's start, exactly."""
        return frame_to_seconds(self.frame, self.rate)

    @property
    def resolved_in_attempt(self) -> int | None:
        """The later attempt in which it counts as addressed; None while it is open."""
        return self.judged_in if self.addressed else None

    @property
    def resolved_at(self) -> datetime | None:
        """When it was found addressed; None while it is open."""
        return self.judged_at if self.addressed else None


_SELECT = """
    SELECT c.*, a.attempt_number FROM comments c JOIN attempts a ON a.attempt_id = c.attempt_id
    WHERE c.pilot_id = ?
"""
_CHANGING = ("body", "shape", "edited_at", "deleted_at", "addressed", "judged_in", "judged_by", "judged_at")


def comments(connection: Connection, pilot_id: str) -> list[Comment]:
    """All comments of the pilot, deleted ones included: by attempt, frame and time."""
    order = "ORDER BY a.attempt_number, c.frame, c.created_at, c.comment_id"
    return [_comment(row) for row in rows(connection, f"{_SELECT} {order}", [pilot_id])]


def stamp(connection: Connection, pilot_id: str) -> str:
    """Changes whenever the pilot, its attempts or what was said of them change; "" for an unknown pilot."""
    sql = """
        SELECT p.version, count(c.comment_id) AS said, max(COALESCE(c.judged_at, c.edited_at, c.created_at)) AS lately
        FROM pilots p LEFT JOIN comments c ON c.pilot_id = p.pilot_id AND c.deleted_at IS NULL
        WHERE p.pilot_id = ? GROUP BY p.version
    """
    return "".join(f"{row['version']} {row['said']} {row['lately']}" for row in rows(connection, sql, [pilot_id]))


def comment(connection: Connection, pilot_id: str, comment_id: str) -> Comment | None:
    """That comment of the pilot, unless it was deleted."""
    sql = f"{_SELECT} AND c.comment_id = ? AND c.deleted_at IS NULL"
    found = rows(connection, sql, [pilot_id, comment_id])
    return _comment(found[0]) if found else None


def add(connection: Connection, new: Comment) -> None:
    """Keep a new comment."""
    row = _row(new)
    connection.execute(
        f"INSERT INTO comments ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",  # noqa: S608
        list(row.values()),
    )


def update(connection: Connection, changed: Comment) -> None:
    """Keep what may change of a comment: its words and shape, its deletion, how it was judged."""
    row = _row(changed)
    changes = ", ".join(f"{name} = ?" for name in _CHANGING)
    connection.execute(
        f"UPDATE comments SET {changes} WHERE pilot_id = ? AND comment_id = ?",  # noqa: S608
        [*(row[name] for name in _CHANGING), changed.pilot_id, changed.comment_id],
    )


@dataclass(frozen=True)
class Counts:
    """How many comments, replies aside, are still open and how many are resolved."""

    open: int = 0
    resolved: int = 0


def counts(connection: Connection, pilot_id: str) -> dict[int, Counts]:
    """The counts of each attempt that has comments, by its number."""
    sql = """
        SELECT a.attempt_number, count(*) AS said, count(*) FILTER (WHERE c.addressed) AS resolved
        FROM comments c JOIN attempts a ON a.attempt_id = c.attempt_id
        WHERE c.pilot_id = ? AND c.parent_id IS NULL AND c.deleted_at IS NULL
        GROUP BY a.attempt_number
    """
    found = rows(connection, sql, [pilot_id])
    return {row["attempt_number"]: Counts(row["said"] - row["resolved"], row["resolved"]) for row in found}


@dataclass(frozen=True)
class Reviewable:
    """What decides whether an attempt may be commented on now. ``newest`` is the newest ready attempt's number."""

    status: str
    approval_outcome: str
    newest: int | None


def reviewable(connection: Connection, pilot_id: str) -> Reviewable | None:
    """How the pilot stands for its reviewers; None for an unknown pilot."""
    sql = """
        SELECT status, approval_outcome, (
            SELECT max(a.attempt_number) FROM attempts a WHERE a.pilot_id = pilots.pilot_id AND a.state = 'ready'
        ) AS newest
        FROM pilots WHERE pilot_id = ?
    """
    found = rows(connection, sql, [pilot_id])
    return Reviewable(**found[0]) if found else None


def _row(comment: Comment) -> Row:
    shape = comment.shape
    row: dict[str, Any] = {n: getattr(comment, n) for n in Comment.__dataclass_fields__ if n != "attempt_number"}
    for name in ("created_at", "edited_at", "deleted_at", "judged_at"):
        row[name] = to_column(row[name])
    row["rate"] = str(comment.rate)
    row["shape"] = json.dumps([shape.x, shape.y, shape.width, shape.height]) if shape else None
    return row


def _comment(row: Row) -> Comment:
    fields = dict(row)
    for name in ("created_at", "edited_at", "deleted_at", "judged_at"):
        fields[name] = from_column(row[name])
    fields["rate"] = Fraction(row["rate"])
    fields["shape"] = Shape(*json.loads(row["shape"])) if row["shape"] else None
    return Comment(**fields)
