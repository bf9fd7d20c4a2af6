"""Erasures as rows, and the removal of a pilot's or a person's data from every table that holds some."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from pilot_core.domain.attachments import Attachment
from pilot_core.domain.erasures import Erasure, folded
from pilot_core.domain.reviews import acting_through_link
from pilot_core.store.engine.connection import Connection, Row, rows
from pilot_core.store.tables import attachments, contacts, outbox, saving
from pilot_core.store.tables.columns import to_column
from pilot_core.store.tables.pilots import UNDER_WAY_SQL

TABLES_OF_A_PILOT = (
    "attempts",
    "feedback",
    "feedback_flags",
    "events",
    "renders",
    "review_links",
    "review_grants",
    "comments",
    "attachments",
    "review_receipts",
    "request_answers",
    "request_marks",
    "overrides",
    "flag_suggestions",
    "outcome_reports",
    "messages",
    "deliveries",
    "pilot_contacts",
    "media",
    "documents_due",
    "reports_due",
    "act_keys",
    "unsent_words",
    "pilots",
)
# The columns that hold a person's name. Those of feedback and events are rewritten when the pilot is saved.
NAMES = (
    ("review_links", "reviewer"),
    ("review_links", "created_by"),
    ("comments", "author"),
    ("comments", "judged_by"),
    ("request_answers", "answered_by"),
    ("request_marks", "made_by"),
    ("attachments", "author"),
    ("overrides", "made_by"),
    ("overrides", "undone_by"),
    ("overrides", "second_by"),
    ("flag_suggestions", "decided_by"),
    ("outcome_reports", "filed_by"),
    ("outcome_reports", "override_by"),
    ("outcome_reports", "override_second_by"),
    ("events", "actor"),
    ("messages", "edited_by"),
    ("messages", "released_by"),
    ("pilot_contacts", "set_by"),
    ("calendar_feeds", "name"),
    ("sign_in_keys", "name"),
    ("sign_in_keys", "created_by"),
    ("sign_in_keys", "ended_by"),
)
OF_NO_PILOT = ("sign_in_keys", "calendar_feeds", "last_seen", "display_names")
# Other columns with a name or an address; each is erased in its own way.
NAMES_BESIDE = (
    ("pilots", "founder_name"),
    ("attempts", "sent_by"),
    ("pilots", "owner"),
    ("feedback", "said_by"),
    ("feedback", "persona"),
    ("review_grants", "reviewer"),
    ("review_receipts", "reviewer"),
    ("unsent_words", "reviewer"),
    ("pilot_contacts", "email"),
    ("deliveries", "recipient"),
    ("last_seen", "visitor"),
    ("display_names", "name"),
)
PLACES_OF_NAMES = tuple(place for place in (*NAMES, *NAMES_BESIDE) if place[0] not in OF_NO_PILOT)
"""The tables and columns of a pilot that may hold a person's name or address."""
IN_THE_FILE = "-"
"""The ``pilot_id`` of an erasure while the database file may still hold bytes of the erased rows."""


def add(connection: Connection, made: Erasure) -> None:
    """Add an erasure."""
    connection.execute(
        "INSERT INTO erasures (erasure_id, erased_at, erased_by, reason, kind, pilot_id, counts, pilot_hash) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            made.erasure_id,
            to_column(made.erased_at),
            made.erased_by,
            made.reason,
            made.kind,
            made.pilot_id,
            json.dumps(made.counts, ensure_ascii=False),
            made.pilot_hash,
        ],
    )


def forget_files(connection: Connection, pilot_id: str) -> None:
    """Remove an erased pilot's id from its erasure, once its files are gone."""
    connection.execute("UPDATE erasures SET pilot_id = ? WHERE pilot_id = ?", [IN_THE_FILE, pilot_id])


def forget_rewritten(connection: Connection, erasure_ids: list[str]) -> None:
    """Record that the database file no longer holds bytes of these erasures."""
    connection.execute("UPDATE erasures SET pilot_id = NULL WHERE erasure_id = ANY(?)", [erasure_ids])


def is_under_way(connection: Connection, pilot_id: str) -> bool:
    """Whether a video of the pilot is queued or being rendered."""
    sql = f"SELECT 1 FROM attempts WHERE pilot_id = ? AND state IN {UNDER_WAY_SQL}"  # noqa: S608
    return bool(rows(connection, sql, [pilot_id]))


def remove_pilot(connection: Connection, pilot_id: str) -> dict[str, int]:
    """Delete the pilot's rows in every table; returns how many, by table."""
    removed = {}
    for table in TABLES_OF_A_PILOT:
        gone = connection.execute(f"DELETE FROM {table} WHERE pilot_id = ? RETURNING 1", [pilot_id]).fetchall()  # noqa: S608
        removed[table] = len(gone)
    outbox.forget_digests(connection)
    return removed


def spellings(connection: Connection, name: str) -> list[str]:
    """Every spelling of the name in the rows, including those marked as acting through a review link."""
    union = " UNION ".join(
        f"SELECT {column} AS name FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608
        for table, column in (*NAMES, *NAMES_BESIDE)
    )
    meant = {folded(name), folded(acting_through_link(name))}
    return sorted(row["name"] for row in rows(connection, union) if folded(row["name"]) in meant)


def rename_person(connection: Connection, name: str, instead: str, now: datetime) -> dict[str, int]:
    """Replace a person's name everywhere, blank their comments, delete their views, and end their links and keys.

    Returns how many comments, links, views and keys there were.
    """
    names = spellings(connection, name)

    def count(sql: str, *given: Any) -> int:
        return len(connection.execute(sql + " = ANY(?) RETURNING 1", [*given, names]).fetchall())

    viewed = rows(connection, "SELECT pilot_id FROM review_receipts WHERE reviewer = ANY(?)", [names])
    found = {
        "comments": count("UPDATE comments SET body = '' WHERE author"),
        "links": count(
            "UPDATE review_links SET revoked_at = COALESCE(revoked_at, ?) WHERE reviewer",
            to_column(now),
        ),
        "views": count("DELETE FROM review_receipts WHERE reviewer"),
        "keys": count(
            "UPDATE sign_in_keys SET ended_at = COALESCE(ended_at, ?), session_hash = NULL WHERE name",
            to_column(now),
        ),
    }
    saving.refresh_stages(connection, sorted({row["pilot_id"] for row in viewed}))
    connection.execute("DELETE FROM display_names WHERE name = ANY(?)", [names])
    connection.execute(
        "DELETE FROM unsent_words WHERE reviewer = ANY(?) "
        "OR grant_hash IN (SELECT grant_hash FROM review_grants WHERE reviewer = ANY(?))",
        [names, names],
    )
    connection.execute("DELETE FROM review_grants WHERE reviewer = ANY(?)", [names])
    connection.execute("DELETE FROM last_seen WHERE visitor = ANY(?)", [names])
    connection.execute(
        "UPDATE calendar_feeds SET ended_at = COALESCE(ended_at, ?) WHERE name = ANY(?)", [to_column(now), names]
    )
    connection.execute("UPDATE request_marks SET note = '' WHERE made_by = ANY(?)", [names])
    for spelled in names:
        contacts.forget_address(connection, spelled)
    outbox.forget_digests(connection)
    through_link = [spelled for spelled in names if folded(spelled) != folded(name)]
    connection.execute("UPDATE events SET actor = ? WHERE actor = ANY(?)", [acting_through_link(instead), through_link])
    for table, column in (*NAMES, ("deliveries", "recipient")):
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ANY(?)", [instead, names])  # noqa: S608
    return found


def blank_comments(connection: Connection, pilot_id: str, name: str) -> None:
    """Blank a person's comments on a pilot."""
    sql = "UPDATE comments SET body = '' WHERE pilot_id = ? AND author = ANY(?)"
    connection.execute(sql, [pilot_id, spellings(connection, name)])


def remove_attachments(connection: Connection, pilot_id: str, name: str) -> list[Attachment]:
    """Delete a person's attachments to a pilot; returns them, so that their files can be removed."""
    sql = "SELECT attachment_id FROM attachments WHERE pilot_id = ? AND author = ANY(?)"
    theirs = {row["attachment_id"] for row in rows(connection, sql, [pilot_id, spellings(connection, name)])}
    found = [attached for attached in attachments.attachments(connection, pilot_id) if attached.attachment_id in theirs]
    connection.execute("DELETE FROM attachments WHERE attachment_id = ANY(?)", [sorted(theirs)])
    return found


def feedback_by(connection: Connection, pilot_id: str, name: str) -> list[str]:
    """The ids of the decisions made through that person's review link, undone ones included."""
    sql = """
        SELECT actor, detail->>'by' AS said_by, detail->>'feedback_id' AS feedback_id FROM events
        WHERE pilot_id = ? AND kind IN ('review_decision', 'decision_undone')
    """
    through_link, meant = folded(acting_through_link(name)), folded(name)
    found = rows(connection, sql, [pilot_id])
    return [
        r["feedback_id"] for r in found if folded(r["actor"]) == through_link or folded(r["said_by"] or "") == meant
    ]


def rewrite_details(connection: Connection, pilot_id: str, changed: Callable[[Any], Any]) -> None:
    """Replace the detail of each of the pilot's events by ``changed(detail)``."""
    for row in rows(connection, "SELECT event_id, detail FROM events WHERE pilot_id = ?", [pilot_id]):
        detail = json.loads(row["detail"])
        if (new := changed(detail)) != detail:
            given = [json.dumps(new, ensure_ascii=False), row["event_id"]]
            connection.execute("UPDATE events SET detail = ? WHERE event_id = ?", given)


def blank_suggestions(connection: Connection, feedback_ids: list[str]) -> None:
    """Blank the quotes of decided suggestions."""
    connection.execute("UPDATE flag_suggestions SET quote = '' WHERE feedback_id = ANY(?)", [feedback_ids])


def rewrite_reports(connection: Connection, pilot_id: str, changed: Callable[[Row], dict[str, Any]]) -> int:
    """Update the columns of the pilot's filed reports to what ``changed(row)`` returns; returns how many there are.

    The row also has ``overridden_at``: when the override that the report shows was made.
    """
    sql = """
        SELECT r.*, (
            SELECT max(made_at) FROM overrides o WHERE o.pilot_id = r.pilot_id AND o.made_at <= r.generated_at
                AND o.verdict = r.override_verdict AND o.reason = r.override_reason
        ) AS overridden_at
        FROM outcome_reports r WHERE r.pilot_id = ?
    """
    found = rows(connection, sql, [pilot_id])
    for row in found:
        new = changed(row)
        connection.execute(
            f"UPDATE outcome_reports SET {', '.join(f'{name} = ?' for name in new)} WHERE report_id = ?",  # noqa: S608
            [*new.values(), row["report_id"]],
        )
    return len(found)
