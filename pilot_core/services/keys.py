"""Sign-in keys: how leads and viewers sign in from other machines than the server's.

A key has 256 random bits and a person's name. It can be used once within 7 days and then becomes a 30-day session in
the browser that used it. Both are looked up by their SHA-256 hash on every rerun and request, so revoking takes effect
at the next one.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from pilot_core import ids
from pilot_core.domain.actors import Actor
from pilot_core.domain.keys import KeyState, SignInKey
from pilot_core.domain.roles import SIGN_IN_ROLES, ActKind
from pilot_core.errors import InvalidRequest, PilotError
from pilot_core.review.words import checked_name
from pilot_core.store import permission
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import contacts, keys
from pilot_core.tokens import hashed, new_token

KEY_DAYS = 7
SESSION_DAYS = 30
# Beginnings of names that the history uses for something other than a person.
NOT_A_PERSON = ("pipeline", "simulat")
LIVING = (KeyState.WAITING, KeyState.SIGNED_IN)


class KeyRefused(PilotError):
    """The key is wrong, used, expired or revoked. Visitors are not told which."""

    def __init__(self) -> None:
        super().__init__("This sign-in link does not open anything any more. Ask whoever sent it for a new one.")


def invite(store: PilotStore, name: str, role: str, by: Actor) -> tuple[SignInKey, str]:
    """Create a key for one person. Returns it with its token, which is not stored. Raises InvalidRequest."""
    if role not in SIGN_IN_ROLES:
        raise InvalidRequest(f"“{role}” is no role; it is {' or '.join(SIGN_IN_ROLES)}.", field="role")
    name = checked_name(name, field="name")
    if name.casefold().startswith(NOT_A_PERSON) or "(review link)" in name.casefold():
        raise InvalidRequest(f"“{name}” would not read as a person in the history; choose another name.", field="name")
    now = store.clock()
    key = SignInKey(ids.new_id("key"), name, role, now, by, now + timedelta(days=KEY_DAYS))
    token = new_token()

    def add_key(connection: Connection) -> None:
        permission.check(connection, by, ActKind.INVITE, None, now)
        keys.add(connection, key, hashed(token))

    store.database.transaction(add_key)
    return key, token


def keys_of(store: PilotStore) -> list[SignInKey]:
    """Return all keys, oldest first, including ended ones."""
    return store.database.read(keys.every)


def anyone_may_sign_in(store: PilotStore) -> bool:
    """Whether there is an unused valid key or an active session."""
    now = store.clock()
    return any(key.state(now) in LIVING for key in keys_of(store))


def revoke_key(store: PilotStore, name_or_id: str, by: Actor) -> list[SignInKey]:
    """Revoke a key by its id, or every valid key of a name, with their sessions; returns the revoked keys.

    Raises InvalidRequest if there is none.
    """
    now = store.clock()

    def revoke_keys(connection: Connection) -> list[SignInKey]:
        permission.check(connection, by, ActKind.REVOKE_KEY, None, now)
        wanted = name_or_id.strip().casefold()
        found = [
            key
            for key in keys.every(connection)
            if wanted in (key.key_id.casefold(), key.name.casefold()) and key.state(now) in LIVING
        ]
        for key in found:
            keys.end(connection, key.key_id, by, now)
            contacts.end_feeds(connection, key.name, now)
        return [replace(key, ended_at=now, ended_by=by) for key in found]

    ended = store.database.transaction(revoke_keys)
    if not ended:
        raise InvalidRequest(f"There is no living key of “{name_or_id[:60]}”; --keys shows them all.")
    return ended


def waits(store: PilotStore, token: str) -> bool:
    """Whether the token is that of an unused, valid key. Does not use the key."""
    now = store.clock()
    return store.database.read(lambda connection: keys.waiting(connection, hashed(token), now)) is not None


def sign_in(store: PilotStore, token: str, replaced: str = "") -> tuple[SignInKey, str]:
    """Use a key; returns it with the token of its session, for the cookie. Raises KeyRefused.

    ``replaced`` is the cookie that the browser had before: nobody has it any more, so its session ends.
    """
    now = store.clock()
    cookie = new_token()
    until = now + timedelta(days=SESSION_DAYS)

    def use_key(connection: Connection) -> SignInKey:
        key = keys.waiting(connection, hashed(token), now)
        if key is None:
            raise KeyRefused
        keys.use(connection, key.key_id, hashed(cookie), now, until)
        if before := keys.session(connection, hashed(replaced), now):
            keys.end(connection, before.key_id, key.name, now)
        return replace(key, used_at=now, expires_at=until)

    return store.database.transaction(use_key), cookie


def session_for(store: PilotStore, cookie: str, now: datetime | None = None) -> SignInKey | None:
    """Return the key of a session's cookie, or None if the session has ended. Runs one SELECT."""
    at = now or store.clock()
    return store.database.read(lambda connection: keys.session(connection, hashed(cookie), at))


def sign_out(store: PilotStore, cookie: str) -> None:
    """End the session of a cookie, if there is one."""
    now = store.clock()

    def end_session(connection: Connection) -> None:
        if key := keys.session(connection, hashed(cookie), now):
            keys.end(connection, key.key_id, key.name, now)

    store.database.transaction(end_session)
