"""Attachments of comments and decisions as rows. Callers name the pilot too, so that another pilot's is never found."""

from dataclasses import fields
from typing import Any

from pilot_core.domain.attachments import Attachment, AttachmentKind
from pilot_core.domain.reviews import Speaker
from pilot_core.store.engine.connection import Connection, Row, insert, rows
from pilot_core.store.tables.columns import from_column, to_column

_HELD = "comment_id IS NULL AND feedback_id IS NULL"


def add(connection: Connection, new: Attachment) -> None:
    """Add an attachment."""
    row: Row = {field.name: getattr(new, field.name) for field in fields(Attachment) if field.name != "size"}
    row |= {"kind": new.kind.value, "bytes": new.size, "created_at": to_column(new.created_at)}
    insert(connection, "attachments", row)


def attachment(connection: Connection, attachment_id: str) -> Attachment | None:
    """The attachment with that id, of whichever pilot; None if there is none."""
    found = rows(connection, "SELECT * FROM attachments WHERE attachment_id = ?", [attachment_id])
    return _attachment(found[0]) if found else None


def attachments(connection: Connection, pilot_id: str) -> list[Attachment]:
    """All attachments of a pilot, the oldest first."""
    sql = "SELECT * FROM attachments WHERE pilot_id = ? ORDER BY created_at, attachment_id"
    return [_attachment(row) for row in rows(connection, sql, [pilot_id])]


def every(connection: Connection) -> list[Attachment]:
    """The attachments of all pilots, ordered by path."""
    return [_attachment(row) for row in rows(connection, "SELECT * FROM attachments ORDER BY path")]


def of_comment(connection: Connection, comment_id: str) -> Attachment | None:
    """The attachment of a comment, or None."""
    found = rows(connection, "SELECT * FROM attachments WHERE comment_id = ?", [comment_id])
    return _attachment(found[0]) if found else None


def take_from_comment(connection: Connection, pilot_id: str, comment_id: str) -> list[Attachment]:
    """Delete the attachments of a comment; returns them, so that their files can be removed."""
    return _deleted(connection, "pilot_id = ? AND comment_id = ?", [pilot_id, comment_id])


def has_one(connection: Connection, pilot_id: str, feedback_id: str) -> bool:
    """Whether a decision has an attachment."""
    sql = "SELECT 1 FROM attachments WHERE pilot_id = ? AND feedback_id = ?"
    return bool(rows(connection, sql, [pilot_id, feedback_id]))


def release(connection: Connection, pilot_id: str, feedback_id: str) -> None:
    """Hold the attachment of an undone decision for its author's next one."""
    sql = "UPDATE attachments SET feedback_id = NULL WHERE pilot_id = ? AND feedback_id = ?"
    connection.execute(sql, [pilot_id, feedback_id])


def attach_held(connection: Connection, speaker: Speaker, attachment_id: str, feedback_id: str) -> None:
    """Attach a speaker's held attachment to a decision. Does nothing if they hold none with that id."""
    where, given = _held_by(speaker)
    sql = f"UPDATE attachments SET feedback_id = ? WHERE attachment_id = ? AND {where}"  # noqa: S608
    connection.execute(sql, [feedback_id, attachment_id, *given])


def take_held(connection: Connection, speaker: Speaker) -> list[Attachment]:
    """Delete what a speaker holds; returns it, so that the files can be removed."""
    return _deleted(connection, *_held_by(speaker))


def _held_by(speaker: Speaker) -> tuple[str, list[Any]]:
    where = f"pilot_id = ? AND link_id IS NOT DISTINCT FROM ? AND author = ? AND {_HELD}"
    return where, [speaker.pilot_id, speaker.link_id, speaker.name]


def _deleted(connection: Connection, where: str, given: list[Any]) -> list[Attachment]:
    return [_attachment(row) for row in rows(connection, f"DELETE FROM attachments WHERE {where} RETURNING *", given)]  # noqa: S608


def _attachment(row: Row) -> Attachment:
    found = dict(row)
    found |= {"size": found.pop("bytes"), "kind": AttachmentKind(row["kind"])}
    return Attachment(**found | {"created_at": from_column(row["created_at"])})
