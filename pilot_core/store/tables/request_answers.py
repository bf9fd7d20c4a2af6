"""Answers to requests as rows: whether an attempt addresses a flag or the words of an earlier decision."""

from typing import Any

from pilot_core.domain.requests import Answer
from pilot_core.store.engine.connection import Connection, Row, insert, rows
from pilot_core.store.tables.columns import from_column, to_column

KEY = "feedback_id, subject, attempt_id"


def put(connection: Connection, answer: Answer) -> None:
    """Add an answer, or replace the one on the same request and attempt."""
    row: dict[str, Any] = {n: getattr(answer, n) for n in Answer.__dataclass_fields__ if n != "attempt_number"}
    insert(connection, "request_answers", row | {"answered_at": to_column(answer.answered_at)}, key=KEY)


def of_pilot(connection: Connection, pilot_id: str) -> list[Answer]:
    """The pilot's answers, by attempt and time."""
    sql = """
        SELECT r.*, a.attempt_number FROM request_answers r JOIN attempts a ON a.attempt_id = r.attempt_id
        WHERE r.pilot_id = ? ORDER BY a.attempt_number, r.answered_at, r.feedback_id, r.subject
    """
    return [_answer(row) for row in rows(connection, sql, [pilot_id])]


def one(connection: Connection, feedback_id: str, subject: str, attempt_id: str) -> Answer | None:
    """The answer on that request and attempt; None if there is none."""
    sql = """
        SELECT r.*, a.attempt_number FROM request_answers r JOIN attempts a ON a.attempt_id = r.attempt_id
        WHERE r.feedback_id = ? AND r.subject = ? AND r.attempt_id = ?
    """
    found = rows(connection, sql, [feedback_id, subject, attempt_id])
    return _answer(found[0]) if found else None


def _answer(row: Row) -> Answer:
    return Answer(**{**row, "answered_at": from_column(row["answered_at"])})
