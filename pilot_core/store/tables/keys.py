"""Sign-in keys as rows. Keys and sessions are stored as hashes only."""

from datetime import datetime

from pilot_core.domain.keys import SignInKey
from pilot_core.store.engine.connection import Connection, Row, rows
from pilot_core.store.tables.columns import from_column, to_column


def add(connection: Connection, key: SignInKey, key_hash: str) -> None:
    """Add a key."""
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
    """The key with that hash, if it is unused, not ended and not expired."""
    sql = "SELECT * FROM sign_in_keys WHERE key_hash = ? AND used_at IS NULL AND ended_at IS NULL AND expires_at > ?"
    found = rows(connection, sql, [key_hash, to_column(now)])
    return _key(found[0]) if found else None


def use(connection: Connection, key_id: str, session_hash: str, now: datetime, until: datetime) -> None:
    """Turn the key into a session that lasts until ``until``."""
    connection.execute(
        "UPDATE sign_in_keys SET session_hash = ?, used_at = ?, expires_at = ? WHERE key_id = ?",
        [session_hash, to_column(now), to_column(until), key_id],
    )


def session(connection: Connection, session_hash: str, now: datetime) -> SignInKey | None:
    """The key whose session has that hash, unless it has ended or expired."""
    sql = "SELECT * FROM sign_in_keys WHERE session_hash = ? AND ended_at IS NULL AND expires_at > ?"
    found = rows(connection, sql, [session_hash, to_column(now)])
    return _key(found[0]) if found else None


def signed_in(connection: Connection, key_id: str, now: datetime) -> SignInKey | None:
    """The key with that id, if it has a session that has not ended or expired."""
    sql = """
        SELECT * FROM sign_in_keys
        WHERE key_id = ? AND session_hash IS NOT NULL AND ended_at IS NULL AND expires_at > ?
    """
    found = rows(connection, sql, [key_id, to_column(now)])
    return _key(found[0]) if found else None


def end(connection: Connection, key_id: str, by: str, now: datetime) -> None:
    """End a key and its session."""
    connection.execute(
        "UPDATE sign_in_keys SET ended_at = ?, ended_by = ? WHERE key_id = ? AND ended_at IS NULL",
        [to_column(now), by, key_id],
    )


def _key(row: Row) -> SignInKey:
    fields = {name: row[name] for name in SignInKey.__dataclass_fields__}
    times = {name: from_column(row[name]) for name in ("created_at", "expires_at", "used_at", "ended_at")}
    return SignInKey(**{**fields, **times})
