"""Comments as rows. Callers name the pilot too, so that a comment of another pilot is never found."""

import json
from fractions import Fraction
from typing import Any

from pilot_core.domain.comments import Comment, CommentCounts, Reviewable, Shape
from pilot_core.store.engine.connection import Connection, Row, rows
from pilot_core.store.tables.columns import from_column, to_column

_SELECT = """
    SELECT c.*, a.attempt_number FROM comments c JOIN attempts a ON a.attempt_id = c.attempt_id
    WHERE c.pilot_id = ?
"""
_JUDGED = ("addressed", "judged_in", "judged_by", "judged_at", "judged_by_reviewer")
_CHANGING = ("body", "shape", "edited_at", "deleted_at", *_JUDGED)


def comments(connection: Connection, pilot_id: str) -> list[Comment]:
    """All comments of the pilot, deleted ones included: by attempt, frame and time."""
    order = "ORDER BY a.attempt_number, c.frame, c.created_at, c.comment_id"
    return [_comment(row) for row in rows(connection, f"{_SELECT} {order}", [pilot_id])]


def comment(connection: Connection, pilot_id: str, comment_id: str) -> Comment | None:
    """One comment of the pilot; None if it is unknown or deleted."""
    sql = f"{_SELECT} AND c.comment_id = ? AND c.deleted_at IS NULL"
    found = rows(connection, sql, [pilot_id, comment_id])
    return _comment(found[0]) if found else None


def add(connection: Connection, new: Comment) -> None:
    """Add a comment."""
    row = _row(new)
    connection.execute(
        f"INSERT INTO comments ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",  # noqa: S608
        list(row.values()),
    )


def update(connection: Connection, changed: Comment) -> None:
    """Update what may change of a comment: its text and shape, its deletion, whether it was addressed."""
    row = _row(changed)
    changes = ", ".join(f"{name} = ?" for name in _CHANGING)
    connection.execute(
        f"UPDATE comments SET {changes} WHERE pilot_id = ? AND comment_id = ?",  # noqa: S608
        [*(row[name] for name in _CHANGING), changed.pilot_id, changed.comment_id],
    )


def move(connection: Connection, moved: Comment, frame: int, end_frame: int | None, rate: Fraction) -> None:
    """Move a comment to the frames of a video of another rate."""
    connection.execute(
        "UPDATE comments SET frame = ?, end_frame = ?, rate = ? WHERE pilot_id = ? AND comment_id = ?",
        [frame, end_frame, str(rate), moved.pilot_id, moved.comment_id],
    )


def counts(connection: Connection, pilot_id: str) -> dict[int, CommentCounts]:
    """Counts of comments, replies left out, by the number of each attempt that has any."""
    sql = """
        SELECT a.attempt_number, count(*) AS said, count(*) FILTER (WHERE c.addressed) AS resolved
        FROM comments c JOIN attempts a ON a.attempt_id = c.attempt_id
        WHERE c.pilot_id = ? AND c.parent_id IS NULL AND c.deleted_at IS NULL
        GROUP BY a.attempt_number
    """
    found = rows(connection, sql, [pilot_id])
    return {row["attempt_number"]: CommentCounts(row["said"] - row["resolved"], row["resolved"]) for row in found}


def reviewable(connection: Connection, pilot_id: str) -> Reviewable | None:
    """What reviewers may still do on the pilot; None for an unknown pilot."""
    sql = """
        SELECT status, approval_outcome, (
            SELECT max(a.attempt_number) FROM attempts a WHERE a.pilot_id = pilots.pilot_id AND a.state = 'ready'
        ) AS newest
        FROM pilots WHERE pilot_id = ?
    """
    found = rows(connection, sql, [pilot_id])
    if not found:
        return None
    approved = found[0]["approval_outcome"] == "approved"
    return Reviewable(**found[0], is_disputed=approved and _is_disputed(connection, pilot_id, found[0]["newest"]))


def _is_disputed(connection: Connection, pilot_id: str, attempt_number: int | None) -> bool:
    sql = """
        SELECT f.said_by, f.channel, f.level FROM feedback f JOIN attempts a ON a.attempt_id = f.attempt_id
        WHERE f.pilot_id = ? AND a.attempt_number = ? AND f.mode = 'human' ORDER BY f.position
    """
    found = rows(connection, sql, [pilot_id, attempt_number])
    last = {(row["said_by"], row["channel"]): row["level"] for row in found}
    return any(level != "approve" for level in last.values())


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
    fields["judged_by_reviewer"] = bool(row["judged_by_reviewer"])
    fields["rate"] = Fraction(row["rate"])
    fields["shape"] = Shape(*json.loads(row["shape"])) if row["shape"] else None
    return Comment(**fields)
