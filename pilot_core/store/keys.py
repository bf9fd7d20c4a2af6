"""Sign-in keys as rows. Only hashes of keys and sessions come here."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pilot_core.store.database import Row, rows
from pilot_core.store.lease import Connection
from pilot_core.store.rows import from_column, to_column


class KeyState(StrEnum):
    """How a key stands: not used yet, the session of someone signed in, past its time, or ended by someone."""

    WAITING = "waiting"
    SIGNED_IN = "signed in"
    EXPIRED = "expired"
    ENDED = "ended"


@dataclass(frozen=True)
class SignInKey:
    """One named key, and the session it became when it was used; times in UTC."""

    key_id: str
    name: str
    role: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    used_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None

    def state(self, now: datetime) -> KeyState:
        """How it stands at that moment."""
        if self.ended_at:
            return KeyState.ENDED
        if now >= self.expires_at:
            return KeyState.EXPIRED
        return KeyState.SIGNED_IN if self.used_at else KeyState.WAITING


def add(connection: Connection, key: SignInKey, key_hash: str) -> None:
    """Keep a new key."""
    connection.execute(
        "INSERT INTO sign_in_keys (key_id, name, role, key_hash, created_at, created_by, expires_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            key.key_id,
            key.name,
            key.role,
            key_hash,
            to_column(key.created_at),
            key.created_by,
            to_column(key.expires_at),
        ],
    )


def every(connection: Connection) -> list[SignInKey]:
    """All keys, the oldest first."""
    return [_key(row) for row in rows(connection, "SELECT * FROM sign_in_keys ORDER BY created_at, key_id")]


def waiting(connection: Connection, key_hash: str, now: datetime) -> SignInKey | None:
    """The key of that hash, if it was not used yet and lives."""
    sql = "SELECT * FROM sign_in_keys WHERE key_hash = ? AND used_at IS NULL AND ended_at IS NULL AND expires_at > ?"
    found = rows(connection, sql, [key_hash, to_column(now)])
    return _key(found[0]) if found else None


def use(connection: Connection, key_id: str, session_hash: str, now: datetime, until: datetime) -> None:
    """Let the key become a session."""
    connection.execute(
        "UPDATE sign_in_keys SET session_hash = ?, used_at = ?, expires_at = ? WHERE key_id = ?",
        [session_hash, to_column(now), to_column(until), key_id],
    )


def session(connection: Connection, session_hash: str, now: datetime) -> SignInKey | None:
    """The key whose living session has that hash."""
    sql = "SELECT * FROM sign_in_keys WHERE session_hash = ? AND ended_at IS NULL AND expires_at > ?"
    found = rows(connection, sql, [session_hash, to_column(now)])
    return _key(found[0]) if found else None


def end(connection: Connection, key_id: str, by: str, now: datetime) -> None:
    """End a key, and the session it became."""
    connection.execute(
        "UPDATE sign_in_keys SET ended_at = ?, ended_by = ? WHERE key_id = ? AND ended_at IS NULL",
        [to_column(now), by, key_id],
    )


def _key(row: Row) -> SignInKey:
    fields = {name: row[name] for name in SignInKey.__dataclass_fields__}
    times = {name: from_column(row[name]) for name in ("created_at", "expires_at", "used_at", "ended_at")}
    return SignInKey(**{**fields, **times})
