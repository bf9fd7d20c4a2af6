"""Review links, grants and receipts as rows. Tokens are stored as hashes only."""

import json
from collections.abc import Collection
from datetime import datetime

from pilot_core.domain.reviews import FoundLink, Grant, ReviewLink, Viewing
from pilot_core.store.engine.connection import Connection, Row, insert, rows
from pilot_core.store.tables.columns import from_column, to_column
from pilot_core.store.tables.events import hold_pilot


def put_link(connection: Connection, link: ReviewLink, token_hash: str, passphrase_hash: str | None) -> None:
    """Add a link, or replace the one with its id, whose token and grants end."""
    row = {
        "link_id": link.link_id,
        "pilot_id": link.pilot_id,
        "reviewer": link.reviewer,
        "token_hash": token_hash,
        "passphrase_hash": passphrase_hash,
        "created_at": to_column(link.created_at),
        "created_by": link.created_by,
        "expires_at": to_column(link.expires_at),
        "revoked_at": None,
        "tries": 0,
        "locked_until": None,
        "may_download": link.may_download,
    }
    insert(connection, "review_links", row, key="link_id")
    connection.execute("DELETE FROM review_grants WHERE link_id = ?", [link.link_id])


def links(connection: Connection, pilot_id: str) -> list[ReviewLink]:
    """The pilot's links, the oldest first."""
    sql = "SELECT * FROM review_links WHERE pilot_id = ? ORDER BY created_at, link_id"
    return [_link(row) for row in rows(connection, sql, [pilot_id])]


def link(connection: Connection, link_id: str) -> ReviewLink | None:
    """The link with that id, or None."""
    found = rows(connection, "SELECT * FROM review_links WHERE link_id = ?", [link_id])
    return _link(found[0]) if found else None


def living_link(connection: Connection, token_hash: str, now: datetime) -> FoundLink | None:
    """The link with that token, unless it has expired or was revoked."""
    sql = "SELECT * FROM review_links WHERE token_hash = ? AND revoked_at IS NULL AND expires_at > ?"
    found = rows(connection, sql, [token_hash, to_column(now)])
    return FoundLink(_link(found[0]), found[0]["passphrase_hash"]) if found else None


def revoke(connection: Connection, link_id: str, now: datetime) -> None:
    """Revoke a link. Its grants are invalid from then on."""
    connection.execute("UPDATE review_links SET revoked_at = ? WHERE link_id = ?", [to_column(now), link_id])


def set_download(connection: Connection, link_id: str, allowed: bool) -> None:
    """Let the link's reviewer download the approved video, or no longer."""
    connection.execute("UPDATE review_links SET may_download = ? WHERE link_id = ?", [allowed, link_id])


def charge_try(connection: Connection, link_id: str, now: datetime, most: int, lock_until: datetime) -> int | None:
    """Count one try at the passphrase before it is checked; returns its number, or None when the link is locked.

    Counting the last of ``most`` tries locks the link at once, so that simultaneous tries cannot exceed the limit. The
    right passphrase unlocks it again (:func:`clear_tries`).
    """
    found = rows(connection, "SELECT tries, locked_until FROM review_links WHERE link_id = ?", [link_id])
    if not found:
        return None
    locked, tries = from_column(found[0]["locked_until"]), found[0]["tries"]
    if locked and locked > now:
        return None
    number = 1 if locked else tries + 1
    connection.execute(
        "UPDATE review_links SET tries = ?, locked_until = ? WHERE link_id = ?",
        [number, to_column(lock_until) if number >= most else None, link_id],
    )
    return number


def clear_tries(connection: Connection, link_id: str) -> None:
    """Clear the tries after the right passphrase was given."""
    connection.execute("UPDATE review_links SET tries = 0, locked_until = NULL WHERE link_id = ?", [link_id])


def add_grant(connection: Connection, grant: Grant, now: datetime) -> None:
    """Add a grant, and delete the expired ones of its link."""
    connection.execute(
        "DELETE FROM review_grants WHERE link_id = ? AND expires_at <= ?", [grant.link_id, to_column(now)]
    )
    row = {
        "grant_hash": grant.grant_hash,
        "link_id": grant.link_id,
        "pilot_id": grant.pilot_id,
        "reviewer": grant.name,
        "created_at": to_column(now),
        "expires_at": to_column(grant.expires_at),
    }
    insert(connection, "review_grants", row)


def grant(connection: Connection, grant_hash: str, now: datetime) -> Grant | None:
    """The grant with that cookie's hash, unless it or its link has expired or been revoked."""
    sql = """
        SELECT g.grant_hash, g.link_id, g.pilot_id, g.reviewer AS name, g.expires_at,
            COALESCE(l.may_download, FALSE) AS may_download
        FROM review_grants g JOIN review_links l ON l.link_id = g.link_id
        WHERE g.grant_hash = ? AND g.expires_at > ? AND l.revoked_at IS NULL AND l.expires_at > ?
    """
    at = to_column(now)
    found = rows(connection, sql, [grant_hash, at, at])
    return Grant(**{**found[0], "expires_at": from_column(found[0]["expires_at"])}) if found else None


def living_grants(connection: Connection, grant_hashes: Collection[str], now: datetime) -> set[str]:
    """Those of the grants that have not ended."""
    sql = """
        SELECT g.grant_hash FROM review_grants g JOIN review_links l ON l.link_id = g.link_id
        WHERE g.grant_hash = ANY(?) AND g.expires_at > ? AND l.revoked_at IS NULL AND l.expires_at > ?
    """
    at = to_column(now)
    return {row["grant_hash"] for row in rows(connection, sql, [list(grant_hashes), at, at])}


def rename(connection: Connection, grant_hash: str, name: str) -> None:
    """Change the reviewer's name of a grant."""
    connection.execute("UPDATE review_grants SET reviewer = ? WHERE grant_hash = ?", [name, grant_hash])


def viewings(connection: Connection, pilot_id: str) -> list[Viewing]:
    """All viewings of the pilot's attempts, by attempt and time of opening."""
    sql = """
        SELECT a.attempt_number, r.attempt_id, r.reviewer, r.opened_at, r.last_opened_at, r.watched, r.watched_at
        FROM review_receipts r JOIN attempts a ON a.attempt_id = r.attempt_id
        WHERE r.pilot_id = ? ORDER BY a.attempt_number, r.opened_at, r.reviewer
    """
    return [viewing_of(row, row["attempt_number"]) for row in rows(connection, sql, [pilot_id])]


def put_viewing(connection: Connection, pilot_id: str, seen: Viewing) -> None:
    """Add a viewing, or replace the one of the same reviewer and attempt. Raises PilotNotFound."""
    hold_pilot(connection, pilot_id)
    row = {
        "attempt_id": seen.attempt_id,
        "reviewer": seen.reviewer,
        "pilot_id": pilot_id,
        "opened_at": to_column(seen.opened_at),
        "last_opened_at": to_column(seen.last_opened_at),
        "watched": json.dumps(seen.watched),
        "watched_at": to_column(seen.watched_at),
    }
    insert(connection, "review_receipts", row, key="attempt_id, reviewer")


def _link(row: Row) -> ReviewLink:
    fields = {name: row[name] for name in ReviewLink.__dataclass_fields__ if name in row}
    times = {n: from_column(row[n]) for n in ("created_at", "expires_at", "revoked_at", "locked_until")}
    return ReviewLink(
        **{
            **fields,
            **times,
            "has_passphrase": row["passphrase_hash"] is not None,
            "may_download": bool(row["may_download"]),
        }
    )


def viewing_of(row: Row, attempt_number: int) -> Viewing:
    """A viewing from its row."""
    times = {name: from_column(row[name]) for name in ("opened_at", "last_opened_at", "watched_at")}
    # A damaged value must not keep the pilot from being loaded.
    watched = tuple(tuple(pair) for pair in json.loads(row["watched"]) if isinstance(pair, list) and len(pair) == 2)
    known = {name: row[name] for name in ("attempt_id", "reviewer")}
    return Viewing(**{**known, **times, "attempt_number": attempt_number, "watched": watched})
