"""Review links, grants and receipts as rows, and the events of the review room.

What changes rows takes the connection of a running transaction, so that a verb checks, writes and notes its event in
one. Only hashes of tokens come here.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from pilot_core import ids
from pilot_core.errors import PilotNotFound
from pilot_core.models import Event
from pilot_core.store.database import Row, insert, rows
from pilot_core.store.lease import Connection
from pilot_core.store.rows import event_row, from_column, to_column


class LinkState(StrEnum):
    """Whether a link opens."""

    LIVING = "living"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True)
class ReviewLink:
    """One reviewer's link to a pilot; times in UTC. It ends at ``expires_at``; the token is known to nobody here."""

    link_id: str
    pilot_id: str
    reviewer: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    revoked_at: datetime | None
    has_passphrase: bool
    locked_until: datetime | None

    def state(self, now: datetime) -> LinkState:
        """How the link stands at that moment."""
        if self.revoked_at:
            return LinkState.REVOKED
        return LinkState.LIVING if now < self.expires_at else LinkState.EXPIRED


def acting_through_link(name: str) -> str:
    """What events call someone who came through a review link."""
    return f"{name} (review link)"


@dataclass(frozen=True)
class Grant:
    """What a browser holds after opening a link: one pilot, under one name, until ``expires_at`` (UTC)."""

    grant_hash: str = field(repr=False)
    link_id: str
    pilot_id: str
    name: str
    expires_at: datetime

    @property
    def actor(self) -> str:
        """The name that events carry; nobody outside can pass there for one of the team."""
        return acting_through_link(self.name)


@dataclass(frozen=True)
class TeamMember:
    """One of the team, at work on one pilot. Speaks without a link."""

    name: str
    pilot_id: str
    link_id: None = None

    @property
    def actor(self) -> str:
        """The name that events carry."""
        return self.name


Speaker = Grant | TeamMember


@dataclass(frozen=True)
class FoundLink:
    """A living link as its token found it."""

    link: ReviewLink
    passphrase_hash: str | None


def add_event(connection: Connection, pilot_id: str, at: datetime, actor: str, kind: str, **detail: Any) -> None:
    """Note what happened without a change of the pilot itself: its version stays. Raises PilotNotFound."""
    version = _hold(connection, pilot_id)
    ((position,),) = connection.execute(
        "SELECT COALESCE(max(position) + 1, 0) FROM events WHERE pilot_id = ? AND pilot_version = ?",
        [pilot_id, version],
    ).fetchall()
    event = Event(event_id=ids.new_id("event"), pilot_id=pilot_id, at=at, actor=actor, kind=kind, detail=detail)
    insert(connection, "events", event_row(event, version, position))


def _hold(connection: Connection, pilot_id: str) -> int:
    """Write the pilot's row as it is, and return its version. Raises PilotNotFound.

    What is only inserted conflicts with nothing. With this, of two transactions about one pilot the later one runs
    again and sees what the first did: the pilot erased, say, or an override standing.
    """
    sql = "UPDATE pilots SET updated_at = updated_at WHERE pilot_id = ? RETURNING version"
    found = connection.execute(sql, [pilot_id]).fetchall()
    if not found:
        raise PilotNotFound(f"There is no pilot {pilot_id} in this store.")
    version: int = found[0][0]
    return version


def put_link(connection: Connection, link: ReviewLink, token_hash: str, passphrase_hash: str | None) -> None:
    """Keep a link under its id, over the one that stands there: that one's token and grants end."""
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
    }
    insert(connection, "review_links", row, key="link_id")
    connection.execute("DELETE FROM review_grants WHERE link_id = ?", [link.link_id])


def links(connection: Connection, pilot_id: str) -> list[ReviewLink]:
    """The links of a pilot, the oldest first."""
    sql = "SELECT * FROM review_links WHERE pilot_id = ? ORDER BY created_at, link_id"
    return [_link(row) for row in rows(connection, sql, [pilot_id])]


def link(connection: Connection, link_id: str) -> ReviewLink | None:
    """The link of that id."""
    found = rows(connection, "SELECT * FROM review_links WHERE link_id = ?", [link_id])
    return _link(found[0]) if found else None


def living_link(connection: Connection, token_hash: str, now: datetime) -> FoundLink | None:
    """The link behind a token's hash, unless it has expired or was revoked."""
    sql = "SELECT * FROM review_links WHERE token_hash = ? AND revoked_at IS NULL AND expires_at > ?"
    found = rows(connection, sql, [token_hash, to_column(now)])
    return FoundLink(_link(found[0]), found[0]["passphrase_hash"]) if found else None


def revoke(connection: Connection, link_id: str, now: datetime) -> None:
    """End the link, and with it every grant it gave."""
    connection.execute("UPDATE review_links SET revoked_at = ? WHERE link_id = ?", [to_column(now), link_id])


def charge_try(connection: Connection, link_id: str, now: datetime, most: int, lock_until: datetime) -> int | None:
    """Count one try at the passphrase before it is looked at; None when the link is locked.

    Returns the number of this try. The last of ``most`` locks the link as it is counted, so that tries at the same
    moment cannot be more; a right one opens it again (:func:`clear_tries`).
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
    """Forget the wrong tries; the right passphrase was given."""
    connection.execute("UPDATE review_links SET tries = 0, locked_until = NULL WHERE link_id = ?", [link_id])


def add_grant(connection: Connection, grant: Grant, now: datetime) -> None:
    """Keep a grant, and forget those of its link that have expired."""
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
    """The grant behind a cookie's hash, as long as it and its link are alive."""
    sql = """
        SELECT g.grant_hash, g.link_id, g.pilot_id, g.reviewer AS name, g.expires_at
        FROM review_grants g JOIN review_links l ON l.link_id = g.link_id
        WHERE g.grant_hash = ? AND g.expires_at > ? AND l.revoked_at IS NULL AND l.expires_at > ?
    """
    at = to_column(now)
    found = rows(connection, sql, [grant_hash, at, at])
    return Grant(**{**found[0], "expires_at": from_column(found[0]["expires_at"])}) if found else None


def rename(connection: Connection, grant_hash: str, name: str) -> None:
    """Let the grant speak under another name from now on."""
    connection.execute("UPDATE review_grants SET reviewer = ? WHERE grant_hash = ?", [name, grant_hash])


@dataclass(frozen=True)
class Viewing:
    """What a reviewer opened and watched of one attempt; times in UTC, ``watched`` in (first, last) whole seconds."""

    attempt_number: int
    attempt_id: str
    reviewer: str
    opened_at: datetime
    last_opened_at: datetime
    watched: tuple[tuple[int, int], ...]
    watched_at: datetime | None


def viewings(connection: Connection, pilot_id: str) -> list[Viewing]:
    """Every viewing of the pilot, by attempt, in the order of opening."""
    sql = """
        SELECT a.attempt_number, r.attempt_id, r.reviewer, r.opened_at, r.last_opened_at, r.watched, r.watched_at
        FROM review_receipts r JOIN attempts a ON a.attempt_id = r.attempt_id
        WHERE r.pilot_id = ? ORDER BY a.attempt_number, r.opened_at, r.reviewer
    """
    return [_viewing(row) for row in rows(connection, sql, [pilot_id])]


def put_viewing(connection: Connection, pilot_id: str, seen: Viewing) -> None:
    """Keep a viewing, over the one of the same reviewer and attempt. Raises PilotNotFound."""
    _hold(connection, pilot_id)
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


def decision_detail(connection: Connection, pilot_id: str, feedback_id: str) -> dict[str, Any] | None:
    """What was noted when that decision was made through a review link; None when none was."""
    sql = """
        SELECT detail FROM events
        WHERE pilot_id = ? AND kind = 'review_decision' AND detail->>'feedback_id' = ?
    """
    found = rows(connection, sql, [pilot_id, feedback_id])
    return dict(json.loads(found[0]["detail"])) if found else None


def _link(row: Row) -> ReviewLink:
    fields = {name: row[name] for name in ReviewLink.__dataclass_fields__ if name in row}
    times = {n: from_column(row[n]) for n in ("created_at", "expires_at", "revoked_at", "locked_until")}
    return ReviewLink(**{**fields, **times, "has_passphrase": row["passphrase_hash"] is not None})


def _viewing(row: Row) -> Viewing:
    times = {name: from_column(row[name]) for name in ("opened_at", "last_opened_at", "watched_at")}
    watched = tuple((first, last) for first, last in json.loads(row["watched"]))
    return Viewing(**{**row, **times, "watched": watched})
