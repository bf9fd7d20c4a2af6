"""Taking rows, or what is personal in them, out of every table. Each table with a pilot's rows is named here."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pilot_core.store.database import Database, Row, rows
from pilot_core.store.lease import Connection
from pilot_core.store.reviews import acting_through_link
from pilot_core.store.rows import from_column, to_column

TABLES_OF_A_PILOT = (
    "attempts",
    "feedback",
    "feedback_flags",
    "events",
    "renders",
    "review_links",
    "review_grants",
    "comments",
    "review_receipts",
    "overrides",
    "flag_suggestions",
    "outcome_reports",
    "pilots",
)
# Where a person's name stands, by table and column; the feedback and events of a pilot are rewritten by its saves.
NAMES = (
    ("review_links", "reviewer"),
    ("review_links", "created_by"),
    ("comments", "author"),
    ("comments", "judged_by"),
    ("overrides", "made_by"),
    ("overrides", "undone_by"),
    ("flag_suggestions", "decided_by"),
    ("outcome_reports", "filed_by"),
    ("outcome_reports", "override_by"),
    ("events", "actor"),
    ("sign_in_keys", "name"),
    ("sign_in_keys", "created_by"),
    ("sign_in_keys", "ended_by"),
)
JSON_COLUMNS = (
    ("events", "event_id", "detail"),
    ("pilots", "pilot_id", "source"),
    ("attempts", "attempt_id", "source"),
)


@dataclass(frozen=True)
class Erasure:
    """One erasure: when, by whom, why, of what kind ("pilot" or "person"), and the counts that were kept."""

    erasure_id: str
    erased_at: datetime
    erased_by: str
    reason: str
    kind: str
    pilot_id: str | None
    counts: dict[str, Any]


def add(connection: Connection, made: Erasure) -> None:
    """Note an erasure."""
    connection.execute(
        "INSERT INTO erasures (erasure_id, erased_at, erased_by, reason, kind, pilot_id, counts) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            made.erasure_id,
            to_column(made.erased_at),
            made.erased_by,
            made.reason,
            made.kind,
            made.pilot_id,
            json.dumps(made.counts, ensure_ascii=False),
        ],
    )


def erasures(database: Database) -> list[Erasure]:
    """Every erasure, the newest first."""
    sql = "SELECT * FROM erasures ORDER BY erased_at DESC, erasure_id"
    return [
        Erasure(**{**row, "erased_at": from_column(row["erased_at"]), "counts": json.loads(row["counts"])})
        for row in database.read(lambda connection: rows(connection, sql))
    ]


def unfinished(database: Database) -> list[str]:
    """The ids of erased pilots whose files may still be there."""
    sql = "SELECT pilot_id FROM erasures WHERE pilot_id IS NOT NULL ORDER BY erased_at, pilot_id"
    return [row["pilot_id"] for row in database.read(lambda connection: rows(connection, sql))]


def forget_files(connection: Connection, pilot_id: str) -> None:
    """The erased pilot's files are gone; so is its id."""
    connection.execute("UPDATE erasures SET pilot_id = NULL WHERE pilot_id = ?", [pilot_id])


def remove_pilot(connection: Connection, pilot_id: str) -> dict[str, int]:
    """Delete the pilot's rows in every table; returns how many, by table."""
    removed = {}
    for table in TABLES_OF_A_PILOT:
        gone = connection.execute(f"DELETE FROM {table} WHERE pilot_id = ? RETURNING 1", [pilot_id]).fetchall()  # noqa: S608
        removed[table] = len(gone)
    return removed


def pilots_naming(database: Database, name: str) -> list[str]:
    """The ids of the pilots where that name stands as a founder's, a reviewer's or an actor's, in any letter case."""
    places = [("pilots", "founder_name"), ("feedback", "said_by"), ("review_grants", "reviewer"), *NAMES]
    places += [("review_receipts", "reviewer")]
    union = " UNION ".join(
        f"SELECT pilot_id FROM {table} WHERE lower({column}) = lower(?)"  # noqa: S608
        for table, column in places
        if table != "sign_in_keys"
    )
    sql = f"SELECT pilot_id FROM ({union}) u ORDER BY pilot_id"  # noqa: S608
    found = database.read(lambda connection: rows(connection, sql, [name] * union.count("?")))
    return [row["pilot_id"] for row in found]


def rename_person(connection: Connection, name: str, instead: str, now: datetime) -> dict[str, int]:
    """Put ``instead`` in place of a person's name everywhere, and take out their words, views and open doors.

    Returns how many comments, links, views and keys that were.
    """

    def count(sql: str, *given: Any) -> int:
        return len(connection.execute(sql + " RETURNING 1", list(given)).fetchall())

    told = {
        "comments": count("UPDATE comments SET body = '' WHERE lower(author) = lower(?)", name),
        "links": count(
            "UPDATE review_links SET revoked_at = COALESCE(revoked_at, ?) WHERE lower(reviewer) = lower(?)",
            to_column(now),
            name,
        ),
        "views": count("DELETE FROM review_receipts WHERE lower(reviewer) = lower(?)", name),
        "keys": count(
            "UPDATE sign_in_keys SET ended_at = COALESCE(ended_at, ?), session_hash = NULL "
            "WHERE lower(name) = lower(?)",
            to_column(now),
            name,
        ),
    }
    connection.execute("DELETE FROM review_grants WHERE lower(reviewer) = lower(?)", [name])
    connection.execute("DELETE FROM last_seen WHERE lower(visitor) = lower(?)", [name])
    for table, column in NAMES:
        connection.execute(
            f"UPDATE {table} SET {column} = ? WHERE lower({column}) = lower(?)",  # noqa: S608
            [instead, name],
        )
    through_link = "UPDATE events SET actor = ? WHERE lower(actor) = lower(?)"
    connection.execute(through_link, [acting_through_link(instead), acting_through_link(name)])
    return told


def rewrite_json(connection: Connection, pilot_id: str, changed: Callable[[Any], Any]) -> None:
    """Put ``changed(value)`` in place of each JSON value that an event, a pilot or an attempt keeps of its own."""
    for table, key, column in JSON_COLUMNS:
        sql = f"SELECT {key}, {column} FROM {table} WHERE pilot_id = ?"  # noqa: S608
        for row in rows(connection, sql, [pilot_id]):
            value = json.loads(row[column])
            if (new := changed(value)) != value:
                connection.execute(
                    f"UPDATE {table} SET {column} = ? WHERE {key} = ?",  # noqa: S608
                    [json.dumps(new, ensure_ascii=False), row[key]],
                )


def blank_suggestions(connection: Connection, feedback_ids: list[str]) -> None:
    """Take the words out of decided suggestions."""
    connection.execute("UPDATE flag_suggestions SET quote = '' WHERE feedback_id = ANY(?)", [feedback_ids])


def rewrite_reports(connection: Connection, pilot_id: str, changed: Callable[[Row], dict[str, Any]]) -> int:
    """Update the pilot's filed reports with what ``changed(row)`` gives, by column; returns how many there are."""
    found = rows(connection, "SELECT * FROM outcome_reports WHERE pilot_id = ?", [pilot_id])
    for row in found:
        new = changed(row)
        connection.execute(
            f"UPDATE outcome_reports SET {', '.join(f'{name} = ?' for name in new)} WHERE report_id = ?",  # noqa: S608
            [*new.values(), row["report_id"]],
        )
    return len(found)
