"""Marks on requests as rows: what a lead says was done about a request in an attempt."""

from dataclasses import asdict

from pilot_core.domain.requests import Mark, MarkKind
from pilot_core.store.engine.connection import Connection, Row, insert, rows
from pilot_core.store.tables.columns import from_column, to_column

KEY = "request_id, attempt_id"

_SELECT = "SELECT m.*, a.attempt_number FROM request_marks m JOIN attempts a ON a.attempt_id = m.attempt_id"


def put(connection: Connection, mark: Mark) -> None:
    """Add a mark, or replace the one on the same request and attempt."""
    row = {name: value for name, value in asdict(mark).items() if name != "attempt_number"}
    insert(connection, "request_marks", row | {"kind": str(mark.kind), "made_at": to_column(mark.made_at)}, key=KEY)


def remove(connection: Connection, request_id: str, attempt_id: str) -> None:
    """Remove the mark on that request and attempt, if there is one."""
    connection.execute("DELETE FROM request_marks WHERE request_id = ? AND attempt_id = ?", [request_id, attempt_id])


def of_pilot(connection: Connection, pilot_id: str) -> list[Mark]:
    """The pilot's marks, by attempt and time."""
    order = "ORDER BY a.attempt_number, m.made_at, m.request_id"
    return [_mark(row) for row in rows(connection, f"{_SELECT} WHERE m.pilot_id = ? {order}", [pilot_id])]


def one(connection: Connection, request_id: str, attempt_id: str) -> Mark | None:
    """The mark on that request and attempt; None if there is none."""
    found = rows(connection, f"{_SELECT} WHERE m.request_id = ? AND m.attempt_id = ?", [request_id, attempt_id])
    return _mark(found[0]) if found else None


def _mark(row: Row) -> Mark:
    return Mark(**{**row, "kind": MarkKind(row["kind"]), "made_at": from_column(row["made_at"])})
