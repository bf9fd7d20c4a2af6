"""Named sign-in keys: how a lead or a viewer who does not sit at the server's machine gets in.

A key has 256 random bits, is used once within a week, and then is a session of 30 days in the browser that used it.
Both are looked up by their SHA-256 hash on every rerun and request, so whoever is revoked is out at the next one.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from pilot_core import ids
from pilot_core.errors import InvalidRequest, PilotError
from pilot_core.review.words import checked_name
from pilot_core.store import contacts, keys
from pilot_core.store.keys import KeyState, SignInKey
from pilot_core.store.lease import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.tokens import hashed, new_token

__all__ = ["KeyState", "SignInKey"]

ROLES = ("lead", "viewer")
KEY_DAYS = 7
SESSION_DAYS = 30
# Names that would pass in the history for something that is no person of the team.
NOT_A_PERSON = ("pipeline", "simulat")
LIVING = (KeyState.WAITING, KeyState.SIGNED_IN)


class KeyRefused(PilotError):
    """The key opens nothing: wrong, used, expired or revoked. Which of them is told to nobody outside."""

    def __init__(self) -> None:
        super().__init__("This sign-in link does not open anything any more. Ask whoever sent it for a new one.")


def invite(store: PilotStore, name: str, role: str, by: str) -> tuple[SignInKey, str]:
    """A key for one person, and its token, which is shown this once and kept nowhere. Raises InvalidRequest."""
    if role not in ROLES:
        raise InvalidRequest(f"“{role}” is no role; it is lead or viewer.", field="role")
    name = checked_name(name, field="name")
    if name.casefold().startswith(NOT_A_PERSON) or "(review link)" in name.casefold():
        raise InvalidRequest(f"“{name}” would not read as a person in the history; choose another name.", field="name")
    now = store.clock()
    key = SignInKey(ids.new_id("key"), name, role, now, by, now + timedelta(days=KEY_DAYS))
    token = new_token()
    store.database.transaction(lambda connection: keys.add(connection, key, hashed(token)))
    return key, token


def keys_of(store: PilotStore) -> list[SignInKey]:
    """All keys, the oldest first, whatever their state."""
    return store.database.read(keys.every)


def anyone_may_sign_in(store: PilotStore) -> bool:
    """Whether there is a key that waits, or one whose session lives."""
    now = store.clock()
    return any(key.state(now) in LIVING for key in keys_of(store))


def revoke_key(store: PilotStore, name_or_id: str, by: str) -> list[SignInKey]:
    """End a key by its id, or every living key of a name, open tabs included; returns those ended.

    Raises InvalidRequest when there is none to end.
    """
    now = store.clock()

    def work(connection: Connection) -> list[SignInKey]:
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

    ended = store.database.transaction(work)
    if not ended:
        raise InvalidRequest(f"There is no living key of “{name_or_id[:60]}”; --keys shows them all.")
    return ended


def waits(store: PilotStore, token: str) -> bool:
    """Whether the token is that of a key not used yet; looking uses nothing up."""
    now = store.clock()
    return store.database.read(lambda connection: keys.waiting(connection, hashed(token), now)) is not None


def sign_in(store: PilotStore, token: str) -> tuple[SignInKey, str]:
    """Use a key up; returns it with the token of the session it became, for the cookie. Raises KeyRefused."""
    now = store.clock()
    cookie = new_token()
    until = now + timedelta(days=SESSION_DAYS)

    def work(connection: Connection) -> SignInKey:
        key = keys.waiting(connection, hashed(token), now)
        if key is None:
            raise KeyRefused
        keys.use(connection, key.key_id, hashed(cookie), now, until)
        return replace(key, used_at=now, expires_at=until)

    return store.database.transaction(work), cookie


def session_for(store: PilotStore, cookie: str, now: datetime | None = None) -> SignInKey | None:
    """The key behind a session's cookie, or None when it has ended. One SELECT."""
    at = now or store.clock()
    return store.database.read(lambda connection: keys.session(connection, hashed(cookie), at))


def sign_out(store: PilotStore, cookie: str) -> None:
    """End the session of a cookie, if there is one."""
    now = store.clock()

    def work(connection: Connection) -> None:
        if key := keys.session(connection, hashed(cookie), now):
            keys.end(connection, key.key_id, key.name, now)

    store.database.transaction(work)
