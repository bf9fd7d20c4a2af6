"""Taking rows, or what is personal in them, out of every table. Each table with a pilot's rows is named here."""

import json
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pilot_core.store import contacts, outbox
from pilot_core.store.database import Database, Row, rows
from pilot_core.store.lease import Connection
from pilot_core.store.reviews import acting_through_link
from pilot_core.store.rows import from_column, to_column
from pilot_core.tokens import hashed

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
    "messages",
    "deliveries",
    "pilot_contacts",
    "media",
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
    ("messages", "edited_by"),
    ("pilot_contacts", "set_by"),
    ("calendar_feeds", "name"),
    ("sign_in_keys", "name"),
    ("sign_in_keys", "created_by"),
    ("sign_in_keys", "ended_by"),
)
OF_NO_PILOT = ("sign_in_keys", "calendar_feeds", "last_seen")
# The other places of a name or an address; what becomes of each is decided by itself.
NAMES_BESIDE = (
    ("pilots", "founder_name"),
    ("feedback", "said_by"),
    ("feedback", "persona"),
    ("review_grants", "reviewer"),
    ("review_receipts", "reviewer"),
    ("pilot_contacts", "email"),
    ("deliveries", "recipient"),
    ("last_seen", "visitor"),
)
EVER = datetime.min.replace(tzinfo=UTC)
IN_THE_FILE = "-"
"""Stands for an erased pilot's id, or a person, while the database file still has bytes of what was in its rows."""


@dataclass(frozen=True)
class Erasure:
    """One erasure: when, by whom, why, of what kind ("pilot" or "person"), and the counts that were kept.

    ``pilot_hash`` is the SHA-256 (hex) of an erased pilot's id.
    """

    erasure_id: str
    erased_at: datetime
    erased_by: str
    reason: str
    kind: str
    pilot_id: str | None
    counts: dict[str, Any]
    pilot_hash: str | None = None


def add(connection: Connection, made: Erasure) -> None:
    """Note an erasure."""
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


def erasures(database: Database) -> list[Erasure]:
    """Every erasure, the newest first."""
    sql = "SELECT * FROM erasures ORDER BY erased_at DESC, erasure_id"
    return [
        Erasure(**{**row, "erased_at": from_column(row["erased_at"]), "counts": json.loads(row["counts"])})
        for row in database.read(lambda connection: rows(connection, sql))
    ]


def any_since(database: Database, moment: datetime) -> bool:
    """Whether something was erased since then."""
    sql = "SELECT 1 FROM erasures WHERE erased_at >= ? LIMIT 1"
    return bool(database.read(lambda connection: rows(connection, sql, [to_column(moment)])))


def unfinished(database: Database) -> list[str]:
    """The ids of erased pilots whose files may still be there."""
    sql = "SELECT pilot_id FROM erasures WHERE pilot_id <> ? ORDER BY erased_at, pilot_id"
    return [row["pilot_id"] for row in database.read(lambda connection: rows(connection, sql, [IN_THE_FILE]))]


def erased_among(database: Database, pilot_ids: Iterable[str]) -> list[str]:
    """Those of the ids that are of erased pilots."""
    by_hash = {hashed(pilot_id): pilot_id for pilot_id in pilot_ids}
    sql = "SELECT pilot_hash FROM erasures WHERE pilot_hash = ANY(?)"
    found = database.read(lambda connection: rows(connection, sql, [list(by_hash)])) if by_hash else []
    return sorted(by_hash[row["pilot_hash"]] for row in found)


def persons_erased(database: Database, since: datetime = EVER) -> dict[str, datetime]:
    """The ids of the pilots in which somebody's data was erased since then, with when it was last."""
    sql = """
        SELECT pilot_id, max(happened_at) AS erased_at FROM events
        WHERE kind = 'person_erased' AND happened_at >= ? GROUP BY pilot_id
    """
    found = database.read(lambda connection: rows(connection, sql, [to_column(since)]))
    return {row["pilot_id"]: row["erased_at"].replace(tzinfo=UTC) for row in found}


def forget_files(connection: Connection, pilot_id: str) -> None:
    """The erased pilot's files are gone; so is its id, but from the bytes of the database file."""
    connection.execute("UPDATE erasures SET pilot_id = ? WHERE pilot_id = ?", [IN_THE_FILE, pilot_id])


def still_in_the_file(database: Database) -> list[str]:
    """The ids of the erasures of which the database file may still have bytes."""
    sql = "SELECT erasure_id FROM erasures WHERE pilot_id = ? ORDER BY erasure_id"
    return [row["erasure_id"] for row in database.read(lambda connection: rows(connection, sql, [IN_THE_FILE]))]


def rewrite_file(database: Database) -> None:
    """Write the database file anew if it may have bytes of what was erased. Raises StoreError."""
    done = still_in_the_file(database)
    if not done:
        return
    database.rewrite()
    database.transaction(
        lambda c: c.execute("UPDATE erasures SET pilot_id = NULL WHERE erasure_id = ANY(?)", [done]).fetchall()
    )


def is_being_made(connection: Connection, pilot_id: str) -> bool:
    """Whether a film of the pilot is being made, or will be."""
    sql = "SELECT 1 FROM attempts WHERE pilot_id = ? AND state IN ('queued', 'rendering')"
    return bool(rows(connection, sql, [pilot_id]))


def remove_pilot(connection: Connection, pilot_id: str) -> dict[str, int]:
    """Delete the pilot's rows in every table; returns how many, by table."""
    removed = {}
    for table in TABLES_OF_A_PILOT:
        gone = connection.execute(f"DELETE FROM {table} WHERE pilot_id = ? RETURNING 1", [pilot_id]).fetchall()  # noqa: S608
        removed[table] = len(gone)
    outbox.forget_digests(connection)
    return removed


def folded(name: str) -> str:
    """What is compared of a name: letter case, spaces and how an accent is encoded tell nobody apart."""
    plain = unicodedata.normalize("NFC", " ".join(name.split()))
    return unicodedata.normalize("NFC", plain.casefold())


def spellings(connection: Connection, name: str) -> list[str]:
    """How that name stands in the rows, letter for letter, with a review link's mark where it has one."""
    union = " UNION ".join(
        f"SELECT {column} AS name FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608
        for table, column in (*NAMES, *NAMES_BESIDE)
    )
    meant = {folded(name), folded(acting_through_link(name))}
    return sorted(row["name"] for row in rows(connection, union) if folded(row["name"]) in meant)


def pilots_naming(database: Database, name: str) -> list[str]:
    """The ids of the pilots where that name stands as a founder's, a reviewer's or an actor's, however spelled."""
    union = " UNION ".join(
        f"SELECT pilot_id FROM {table} WHERE {column} = ANY($names)"  # noqa: S608
        for table, column in (*NAMES, *NAMES_BESIDE)
        if table not in OF_NO_PILOT
    )
    sql = f"SELECT pilot_id FROM ({union}) u WHERE pilot_id IS NOT NULL ORDER BY pilot_id"  # noqa: S608
    found = database.read(lambda connection: rows(connection, sql, {"names": spellings(connection, name)}))
    return [row["pilot_id"] for row in found]


def rename_person(connection: Connection, name: str, instead: str, now: datetime) -> dict[str, int]:
    """Put ``instead`` in place of a person's name everywhere, and take out their words, views and open doors.

    Returns how many comments, links, views and keys that were.
    """
    names = spellings(connection, name)

    def count(sql: str, *given: Any) -> int:
        return len(connection.execute(sql + " = ANY(?) RETURNING 1", [*given, names]).fetchall())

    told = {
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
    connection.execute("DELETE FROM review_grants WHERE reviewer = ANY(?)", [names])
    connection.execute("DELETE FROM last_seen WHERE visitor = ANY(?)", [names])
    connection.execute(
        "UPDATE calendar_feeds SET ended_at = COALESCE(ended_at, ?) WHERE name = ANY(?)", [to_column(now), names]
    )
    for spelled in names:
        contacts.forget_address(connection, spelled)
    outbox.forget_digests(connection)
    through_link = [spelled for spelled in names if folded(spelled) != folded(name)]
    connection.execute("UPDATE events SET actor = ? WHERE actor = ANY(?)", [acting_through_link(instead), through_link])
    for table, column in (*NAMES, ("deliveries", "recipient")):
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ANY(?)", [instead, names])  # noqa: S608
    return told


def blank_comments(connection: Connection, pilot_id: str, name: str) -> None:
    """Take the words out of a person's comments on a pilot."""
    sql = "UPDATE comments SET body = '' WHERE pilot_id = ? AND author = ANY(?)"
    connection.execute(sql, [pilot_id, spellings(connection, name)])


def feedback_by(connection: Connection, pilot_id: str, name: str) -> list[str]:
    """The ids of decisions made through that person's review link, also of those that were taken back."""
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
    """Put ``changed(detail)`` in place of the detail of each of the pilot's events."""
    for row in rows(connection, "SELECT event_id, detail FROM events WHERE pilot_id = ?", [pilot_id]):
        detail = json.loads(row["detail"])
        if (new := changed(detail)) != detail:
            given = [json.dumps(new, ensure_ascii=False), row["event_id"]]
            connection.execute("UPDATE events SET detail = ? WHERE event_id = ?", given)


def blank_suggestions(connection: Connection, feedback_ids: list[str]) -> None:
    """Take the words out of decided suggestions."""
    connection.execute("UPDATE flag_suggestions SET quote = '' WHERE feedback_id = ANY(?)", [feedback_ids])


def rewrite_reports(connection: Connection, pilot_id: str, changed: Callable[[Row], dict[str, Any]]) -> int:
    """Update the pilot's filed reports with what ``changed(row)`` gives, by column; returns how many there are.

    The row has also ``overridden_at``: when the override was made that the report shows.
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
