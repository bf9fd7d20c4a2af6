"""Contacts of pilots and calendar feeds, as rows. Tokens are stored as hashes only."""

from datetime import datetime
from typing import Any

from pilot_core.domain.contacts import Contact, Feed
from pilot_core.store.engine.connection import Connection, Row, rows
from pilot_core.store.tables.columns import from_column, to_column

_OPEN_FEED = """
WITH feed AS (SELECT * FROM calendar_feeds WHERE token_hash = ? AND ended_at IS NULL),
own AS (
    SELECT k.* FROM sign_in_keys k JOIN feed ON lower(k.name) = lower(feed.name)
    WHERE k.session_hash IS NOT NULL AND NOT feed.is_account
),
made_with AS (
    SELECT 1 FROM own, feed
    WHERE own.used_at <= feed.created_at AND LEAST(own.expires_at, own.ended_at) >= feed.created_at
)
SELECT * FROM feed
WHERE NOT EXISTS (SELECT 1 FROM made_with)
    OR EXISTS (SELECT 1 FROM own WHERE ended_at IS NULL AND expires_at > ?)
"""


def contact(connection: Connection, pilot_id: str) -> Contact:
    """The pilot's contact; an empty one if none was entered."""
    found = rows(connection, "SELECT * FROM pilot_contacts WHERE pilot_id = ?", [pilot_id])
    if not found:
        return Contact()
    return Contact(found[0]["email"], found[0]["messages_off"], from_column(found[0]["quiet_at"]))


def set_contact(connection: Connection, pilot_id: str, by: str | None, now: datetime, **values: Any) -> None:
    """Set columns of the pilot's contact: ``email``, ``messages_off``, ``quiet_at``, ``quiet_hash``.

    ``by`` is the team member who set them, None when the founder did.
    """
    connection.execute(
        "INSERT INTO pilot_contacts (pilot_id, messages_off) VALUES (?, FALSE) ON CONFLICT (pilot_id) DO NOTHING",
        [pilot_id],
    )
    given = {name: to_column(value) if isinstance(value, datetime) else value for name, value in values.items()}
    if by is not None:
        given |= {"set_by": by, "set_at": to_column(now)}
    connection.execute(
        f"UPDATE pilot_contacts SET {', '.join(f'{name} = ?' for name in given)} WHERE pilot_id = ?",  # noqa: S608
        [*given.values(), pilot_id],
    )


def pilot_of_quiet(connection: Connection, quiet_hash: str) -> str | None:
    """The id of the pilot that an opt-out link belongs to, or None."""
    found = rows(connection, "SELECT pilot_id FROM pilot_contacts WHERE quiet_hash = ?", [quiet_hash])
    return found[0]["pilot_id"] if found else None


def add_feed(connection: Connection, feed: Feed, token_hash: str) -> None:
    """Add a feed, ending earlier ones of the same name."""
    end_feeds(connection, feed.name, feed.created_at)
    connection.execute(
        "INSERT INTO calendar_feeds (feed_id, name, is_account, token_hash, created_at) VALUES (?, ?, ?, ?, ?)",
        [feed.feed_id, feed.name, feed.is_account, token_hash, to_column(feed.created_at)],
    )


def end_feeds(connection: Connection, name: str, now: datetime) -> None:
    """End all feeds of a name."""
    connection.execute(
        "UPDATE calendar_feeds SET ended_at = ? WHERE lower(name) = lower(?) AND ended_at IS NULL",
        [to_column(now), name],
    )


def feeds(connection: Connection) -> list[Feed]:
    """The feeds that have not ended, the oldest first."""
    sql = "SELECT * FROM calendar_feeds WHERE ended_at IS NULL ORDER BY created_at, feed_id"
    return [_feed(row) for row in rows(connection, sql)]


def feed_of(connection: Connection, token_hash: str, now: datetime) -> Feed | None:
    """The feed with that token, unless it has ended, or was made with a key and no key of that name is signed in."""
    found = rows(connection, _OPEN_FEED, [token_hash, to_column(now)])
    return _feed(found[0]) if found else None


def forget_address(connection: Connection, address: str) -> None:
    """Remove an e-mail address from every contact, and cancel the deliveries that wait to go there."""
    connection.execute("UPDATE pilot_contacts SET email = NULL WHERE lower(email) = lower(?)", [address])
    connection.execute(
        "UPDATE deliveries SET state = CASE WHEN state = 'waiting' THEN 'cancelled' ELSE state END, trouble = NULL "
        "WHERE lower(recipient) = lower(?)",
        [address],
    )


def _feed(row: Row) -> Feed:
    created_at = from_column(row["created_at"])
    assert created_at is not None
    return Feed(row["feed_id"], row["name"], row["is_account"], created_at, from_column(row["ended_at"]))
