"""Save and read a pilot's rows: only what differs is written, since an upsert of unchanged rows costs 20 ms a table."""

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any

from pilot_core.domain.events import Event
from pilot_core.domain.pilot import PilotRun, PilotStatus
from pilot_core.insight.recommend import Recommendation
from pilot_core.store.engine.connection import Connection, Row, rows
from pilot_core.store.tables import reports_due
from pilot_core.store.tables.events import event_row
from pilot_core.store.tables.pilots import derived_columns, pilot_tables, pilots_from_rows, stage_columns

KEYS = {
    "pilots": ("pilot_id",),
    "attempts": ("attempt_id",),
    "feedback": ("feedback_id",),
    "feedback_flags": ("feedback_id", "flag"),
}
"""The tables that hold a pilot as it is now, each with the columns that identify a row."""

ORDERS: dict[str, Callable[[Row], Any]] = {
    "pilots": itemgetter("created_at", "pilot_id"),
    "attempts": itemgetter("pilot_id", "attempt_number"),
    "feedback": itemgetter("attempt_id", "position"),
    "feedback_flags": itemgetter("feedback_id", "position"),
    "review_receipts": itemgetter("attempt_id", "opened_at", "reviewer"),
}

SavedRows = dict[str, list[Row]]
"""The rows of some pilots, by table: those of ``KEYS``, and the receipts, which are saved elsewhere."""


def read_rows(connection: Connection, pilot_ids: list[str] | None) -> SavedRows:
    """The rows of those pilots (all, if None); unknown ids have none."""
    where: str = ""
    given: list[Any] = []
    if pilot_ids is not None:
        # One id is looked up in half the time of a list of them.
        one = len(pilot_ids) == 1
        where, given = ("WHERE pilot_id = ?", pilot_ids) if one else ("WHERE pilot_id = ANY(?)", [pilot_ids])
    sql = "SELECT * FROM {} {}"
    return {table: sorted(rows(connection, sql.format(table, where), given), key=ORDERS[table]) for table in ORDERS}


def pilots_of(saved: SavedRows) -> list[PilotRun]:
    """The pilots that these rows make up, in order of creation."""
    return pilots_from_rows(*(saved[table] for table in ORDERS))


def saved_ids(connection: Connection, pilot_ids: Iterable[str] | None = None) -> list[str]:
    """Those of the ids (all, if None) that are pilots of the store, in order of creation."""
    where, given = ("WHERE pilot_id = ANY(?)", [list(pilot_ids)]) if pilot_ids is not None else ("", [])
    found = rows(connection, f"SELECT pilot_id FROM pilots {where} ORDER BY created_at, pilot_id", given)  # noqa: S608
    return [row["pilot_id"] for row in found]


def used_ids(connection: Connection) -> set[str]:
    """The ids of all attempts and all feedback."""
    sql = "SELECT attempt_id AS id FROM attempts UNION ALL SELECT feedback_id FROM feedback"
    return {row["id"] for row in rows(connection, sql)}


def update(
    connection: Connection, pilot: PilotRun, recommendation: Recommendation, events: list[Event], saved: SavedRows
) -> None:
    """Write the pilot's next version over its ``saved`` rows, and append the events of its changes.

    If that completes the pilot or opens it again, its outcome report becomes due.
    """
    for table, new in pilot_tables(pilot, recommendation, pilot.version + 1).items():
        _replace(connection, table, saved[table], new)
    was_completed = {row["status"] == PilotStatus.COMPLETED for row in saved["pilots"]}
    if was_completed == {pilot.status is not PilotStatus.COMPLETED}:
        reports_due.add(connection, pilot.pilot_id, pilot.updated_at)
    _append(connection, "events", _event_rows(pilot, events))


def add(connection: Connection, new: Iterable[tuple[PilotRun, Recommendation, list[Event]]]) -> None:
    """Write pilots that are not in the store yet, each with the events of its changes."""
    new = list(new)
    tables = [pilot_tables(pilot, recommendation, pilot.version + 1) for pilot, recommendation, _ in new]
    for table in KEYS:
        _append(connection, table, [row for pilot_rows in tables for row in pilot_rows[table]])
    _append(connection, "events", [row for pilot, _, events in new for row in _event_rows(pilot, events)])


def refresh_stages(connection: Connection, pilot_ids: list[str]) -> None:
    """Bring the stage columns of those pilots up to date after their receipts have changed."""
    for pilot in pilots_of(read_rows(connection, pilot_ids)):
        new = stage_columns(pilot.latest_attempt)
        sets = ", ".join(f"{name} = ?" for name in new)
        connection.execute(f"UPDATE pilots SET {sets} WHERE pilot_id = ?", [*new.values(), pilot.pilot_id])  # noqa: S608


def changed_fields(pilot: PilotRun, recommendation: Recommendation, saved: SavedRows) -> list[str]:
    """What differs between the pilot and its ``saved`` rows, in words such as "attempt 2: video_path".

    What is computed from the pilot is left out, and when it was changed.
    """
    computed = {"pilots": {"version", "updated_at", *derived_columns(pilot, recommendation)}}
    found: list[str] = []
    for table, new in pilot_tables(pilot, recommendation, pilot.version).items():
        before = {tuple(row[name] for name in KEYS[table]): row for row in saved[table]}
        after = {tuple(row[name] for name in KEYS[table]): row for row in new}
        for key in sorted({*before, *after}, key=str):
            one, other = before.get(key), after.get(key)
            number = (other or one or {}).get("attempt_number")
            about = "" if table == "pilots" else f"attempt {number}" if number else table.replace("_", " ")
            if one is None or other is None:
                found.append(f"{about} {'added' if one is None else 'removed'}".strip())
                continue
            names = [
                name for name, value in other.items() if one[name] != value and name not in computed.get(table, ())
            ]
            found += [f"{about}: {name}" if about else name for name in names]
    return list(dict.fromkeys(found))


def new_flags(pilot: PilotRun, saved: SavedRows) -> list[str]:
    """The flags of the pilot's feedback that its ``saved`` rows do not have."""
    known = {(row["feedback_id"], row["flag"]) for row in saved["feedback_flags"]}
    given = (
        (feedback.feedback_id, flag)
        for attempt in pilot.runs
        for feedback in attempt.feedback
        for flag in feedback.flags
    )
    return [flag for feedback_id, flag in given if (feedback_id, flag) not in known]


def _replace(connection: Connection, table: str, saved: list[Row], new: list[Row]) -> None:
    """Bring the table from the ``saved`` rows to the ``new`` ones. Table and column names come from this package."""
    key = KEYS[table]
    condition = " AND ".join(f"{name} = ?" for name in key)
    left = {tuple(row[name] for name in key): row for row in saved}
    added = []
    for row in new:
        before = left.pop(tuple(row[name] for name in key), None)
        if before is None:
            added.append(row)
        elif changed := {name: value for name, value in row.items() if before[name] != value}:
            columns = ", ".join(f"{name} = ?" for name in changed)
            given = [*changed.values(), *(row[name] for name in key)]
            connection.execute(f"UPDATE {table} SET {columns} WHERE {condition}", given)  # noqa: S608
    for removed in left:
        connection.execute(f"DELETE FROM {table} WHERE {condition}", list(removed))  # noqa: S608
    _append(connection, table, added)


def _append(connection: Connection, table: str, new: list[Row]) -> None:
    if new:
        connection.append(table, list(new[0]), ([*row.values()] for row in new))


def _event_rows(pilot: PilotRun, events: list[Event]) -> list[Row]:
    return [event_row(event, pilot.version + 1, place) for place, event in enumerate(events)]
