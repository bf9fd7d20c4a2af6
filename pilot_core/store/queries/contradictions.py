"""Comments, review links, grants and sign-in keys that contradict the history, each other or an earlier copy.

No state file has them. But the history of a pilot names each comment and link, and rows of these tables are never
deleted except by an erasure, which takes the pilot's history too. Each function takes a connection, to the store or to
a copy of it.
"""

from dataclasses import dataclass
from typing import Any

from pilot_core.domain.roles import SIGN_IN_ROLES
from pilot_core.store.engine.connection import Connection, Row, rows
from pilot_core.store.engine.copying import tables_of

_NOTED = "SELECT detail->>'key' FROM events WHERE kind = 'loss_noted'"
_ROLES = ", ".join(f"'{role}'" for role in SIGN_IN_ROLES)


@dataclass(frozen=True)
class Rule:
    """A contradiction: the query that finds it, as ``key`` and ``pilot_id``, and the sentence with what to do."""

    table: str
    sentence: str
    sql: str
    is_loss: bool = False
    """Whether the row is gone, so that nothing but a note in the history ends the contradiction."""


RULES = (
    Rule(
        "comments",
        "The history of {pilot_id} has the comment {key}, and the database has not. Restore a backup from before into "
        "an empty folder to read it, and add it again; --repair notes the loss in the history.",
        f"""SELECT DISTINCT e.detail->>'comment_id' AS key, e.pilot_id FROM events e
        WHERE e.kind IN ('comment_added', 'comment_answered')
            AND e.detail->>'comment_id' NOT IN (SELECT comment_id FROM comments)
            AND e.detail->>'comment_id' NOT IN ({_NOTED})""",  # noqa: S608
        is_loss=True,
    ),
    Rule(
        "comments",
        "The comment {key} of {pilot_id} was deleted, and the database shows it. Delete it again.",
        """SELECT DISTINCT c.comment_id AS key, c.pilot_id FROM comments c
        JOIN events e ON e.pilot_id = c.pilot_id AND e.kind = 'comment_deleted'
            AND e.detail->>'comment_id' = c.comment_id
        WHERE c.deleted_at IS NULL""",
    ),
    Rule(
        "comments",
        "The comment {key} of {pilot_id} is on an attempt of another pilot, or replies to a comment on another "
        "attempt. Restore a backup from before into an empty folder to see where it was, and add it there again.",
        """SELECT c.comment_id AS key, c.pilot_id FROM comments c JOIN attempts a ON a.attempt_id = c.attempt_id
            LEFT JOIN comments p ON p.comment_id = c.parent_id
        WHERE (a.pilot_id <> c.pilot_id OR p.attempt_id <> c.attempt_id) AND c.deleted_at IS NULL""",
    ),
    Rule(
        "comments",
        "The comment {key} of {pilot_id} is about frames that cannot be: it begins before the video or ends before it "
        "begins. Delete it and add it again.",
        "SELECT comment_id AS key, pilot_id FROM comments "
        "WHERE (frame < 0 OR end_frame < frame) AND deleted_at IS NULL",
    ),
    Rule(
        "review_links",
        "The history of {pilot_id} has the review link {key}, and the database has not, so it opens nothing. Make a "
        "new link; --repair notes the loss in the history.",
        f"""SELECT DISTINCT e.detail->>'link_id' AS key, e.pilot_id FROM events e
        WHERE e.kind = 'link_made' AND e.detail->>'link_id' NOT IN (SELECT link_id FROM review_links)
            AND e.detail->>'link_id' NOT IN ({_NOTED})""",  # noqa: S608
        is_loss=True,
    ),
    Rule(
        "review_links",
        "The history says that the review link {key} of {pilot_id} was revoked, and it opens. Revoke it again.",
        """SELECT l.link_id AS key, l.pilot_id FROM review_links l JOIN events e ON e.pilot_id = l.pilot_id
            AND e.kind IN ('link_made', 'link_revoked') AND e.detail->>'link_id' = l.link_id
        WHERE l.revoked_at IS NULL GROUP BY l.link_id, l.pilot_id
        HAVING max(CASE WHEN e.kind = 'link_revoked' THEN e.happened_at END)
            > max(CASE WHEN e.kind = 'link_made' THEN e.happened_at END)""",
    ),
    Rule(
        "review_links",
        "The history of another pilot has the review link {key}, which opens {pilot_id}. Revoke it and make a new one.",
        """SELECT DISTINCT l.link_id AS key, l.pilot_id FROM review_links l
        JOIN events e ON e.kind = 'link_made' AND e.detail->>'link_id' = l.link_id
        WHERE e.pilot_id <> l.pilot_id AND l.revoked_at IS NULL""",
    ),
    Rule(
        "review_grants",
        "The review link {key} is of another pilot, and a browser was let in to {pilot_id} by it. Revoke that link and "
        "make a new one.",
        """SELECT DISTINCT g.link_id AS key, g.pilot_id FROM review_grants g
        JOIN review_links l ON l.link_id = g.link_id
        WHERE l.pilot_id <> g.pilot_id AND l.revoked_at IS NULL""",
    ),
    Rule(
        "sign_in_keys",
        "The sign-in key {key} has a role that does not exist. Revoke it with --revoke-key {key}, and make a new one "
        "with --invite.",
        f"SELECT key_id AS key, NULL AS pilot_id FROM sign_in_keys WHERE role NOT IN ({_ROLES}) AND ended_at IS NULL",  # noqa: S608
    ),
    Rule(
        "sign_in_keys",
        "The sign-in key {key} has a session and was never used, or has the secret of another key. Revoke it with "
        "--revoke-key {key}, and make a new one with --invite.",
        """SELECT k.key_id AS key, NULL AS pilot_id FROM sign_in_keys k
        WHERE k.ended_at IS NULL AND (k.session_hash IS NOT NULL AND k.used_at IS NULL OR EXISTS (
            SELECT 1 FROM sign_in_keys o WHERE o.key_id <> k.key_id AND o.ended_at IS NULL
                AND (o.key_hash = k.key_hash OR o.session_hash = k.session_hash)
        ))""",
    ),
)


def contradictions(connection: Connection) -> list[tuple[Rule, str, str | None]]:
    """Return what each rule finds: the rule, the row's key and its pilot."""
    return [
        (rule, row["key"], row["pilot_id"])
        for rule in RULES
        for row in sorted(rows(connection, rule.sql), key=lambda row: (row["key"], row["pilot_id"] or ""))
    ]


COPIED = {
    "comments": ("comment_id", "pilot_id, attempt_id, body, created_at, edited_at, deleted_at"),
    "review_links": ("link_id", "pilot_id, created_at, revoked_at"),
    "review_grants": ("grant_hash", "pilot_id, link_id"),
    "sign_in_keys": ("key_id", "key_hash, role, created_at, ended_at"),
}
"""What is compared with an earlier copy: each table's key, and columns of it."""

Copies = dict[str, dict[str, Row]]
"""Rows by table and key."""


def copies(connection: Connection) -> Copies:
    """Return the rows that are compared, of those of the tables that the database has."""
    known = tables_of(connection)
    return {
        table: {row[key]: row for row in rows(connection, f"SELECT {key}, {columns} FROM {table}")}  # noqa: S608
        for table, (key, columns) in COPIED.items()
        if table in known
    }


def changed(table: str, before: Row, now: Row) -> list[str]:
    """Return the columns of a row that nothing in the program changes so."""
    same: dict[str, Any] = {name: before[name] == now[name] for name in before}
    wrong = {
        "comments": ("pilot_id", "attempt_id", "created_at"),
        "review_links": ("pilot_id",),
        "review_grants": ("pilot_id", "link_id"),
        "sign_in_keys": ("key_hash", "role", "created_at"),
    }[table]
    found = [name for name in wrong if not same[name]]
    # An erasure empties the text; editing and deleting leave their time.
    if table == "comments" and now["body"] and same["edited_at"] and same["deleted_at"] and not same["body"]:
        found.append("body")
    if table == "comments" and before["deleted_at"] and not now["deleted_at"]:
        found.append("deleted_at")
    # A link that is made again has another time.
    if table == "review_links" and same["created_at"] and before["revoked_at"] and not now["revoked_at"]:
        found.append("revoked_at")
    if table == "sign_in_keys" and before["ended_at"] and not now["ended_at"]:
        found.append("ended_at")
    return found
