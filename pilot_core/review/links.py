"""Review links, and the grants that opening one gives.

A link is for one reviewer of one pilot and always shows the newest ready attempt. Link and grant tokens have 256 random
bits. Only their SHA-256 hashes are stored; tokens this long need no salt. Tokens are looked up by hash, so the time of
a lookup reveals nothing. The grant is looked up on every rerun and request, so revoking or expiry takes effect at the
next one.
"""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from pilot_core import ids
from pilot_core.domain import limits
from pilot_core.domain.actors import Actor
from pilot_core.domain.events import EventKind
from pilot_core.domain.reviews import FoundLink, Grant, ReviewLink, Speaker, acting_through_link
from pilot_core.domain.roles import ActKind
from pilot_core.errors import InvalidRequest, PilotError, PilotNotFound
from pilot_core.errors import LinkRefused as LinkRefused
from pilot_core.review import passphrases
from pilot_core.review.words import checked_name
from pilot_core.store import permission
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import reviews
from pilot_core.store.tables.events import add_event
from pilot_core.tokens import hashed, new_token

LINK_DAYS = 14
GRANT_AFTER_PASSPHRASE = timedelta(hours=24)
TRIES = 5
LOCKED_FOR = timedelta(minutes=15)


class PassphraseNeeded(PilotError):
    """The link is valid, but the passphrase is missing or wrong."""


class PassphraseLocked(PilotError):
    """The link is valid, but locked for a while after too many wrong passphrases."""


def make_link(
    store: PilotStore,
    pilot_id: str,
    reviewer_name: str,
    *,
    expires_on: date | None = None,
    passphrase: str | None = None,
    may_download: bool = False,
    actor: Actor,
) -> tuple[ReviewLink, str]:
    """Create a review link. Returns it with its token, which is shown only once and never stored.

    The link is valid to the end of ``expires_on`` (UTC), by default 14 days from today. Each reviewer of a pilot has
    one link. Creating it again revokes the old token and its grants; the reviewer's comments and decisions remain. With
    ``may_download`` the reviewer may download the video once it is approved. Its parameters are what a form asks for.
    Raises InvalidRequest and PilotNotFound.
    """
    now = store.clock()
    ids.checked_pilot_id(pilot_id)
    name = checked_name(reviewer_name)
    last_day = expires_on or now.date() + timedelta(days=LINK_DAYS)
    if not now.date() <= last_day <= now.date() + timedelta(days=limits.LINK_DAYS):
        raise InvalidRequest("The link must end between today and a year from now; choose another day.", field="expiry")
    kept_passphrase = passphrases.hashed(passphrase) if passphrase else None
    token = new_token()
    link = ReviewLink(
        link_id=_link_id(pilot_id, name),
        pilot_id=pilot_id,
        reviewer=name,
        created_at=now,
        created_by=actor,
        expires_at=datetime.combine(last_day + timedelta(days=1), time(), UTC),
        revoked_at=None,
        has_passphrase=kept_passphrase is not None,
        locked_until=None,
        may_download=may_download,
    )

    def put_link(connection: Connection) -> None:
        permission.check(connection, actor, ActKind.MAKE_LINK, pilot_id, now)
        again = reviews.link(connection, link.link_id) is not None
        reviews.put_link(connection, link, hashed(token), kept_passphrase)
        add_event(
            connection,
            pilot_id,
            now,
            actor,
            EventKind.LINK_MADE,
            link_id=link.link_id,
            reviewer=name,
            until=last_day.isoformat(),
            passphrase=link.has_passphrase,
            may_download=may_download,
            again=again,
        )

    store.database.transaction(put_link)
    return link, token


def revoke_link(store: PilotStore, link_id: str, actor: Actor) -> ReviewLink:
    """Revoke a link at once, also in open tabs. Revoking twice is allowed. Raises PilotNotFound for an unknown link."""
    now = store.clock()

    def revoke(connection: Connection) -> ReviewLink:
        link = _link_to_change(connection, link_id, actor, ActKind.REVOKE_LINK, now)
        if link.revoked_at:
            return link
        reviews.revoke(connection, link_id, now)
        add_event(
            connection, link.pilot_id, now, actor, EventKind.LINK_REVOKED, link_id=link_id, reviewer=link.reviewer
        )
        return replace(link, revoked_at=now)

    return store.database.transaction(revoke)


def allow_download(store: PilotStore, link_id: str, allowed: bool, actor: Actor) -> ReviewLink:
    """Let a link's reviewer download the video once it is approved, or no longer, in open tabs too.

    Raises PilotNotFound for an unknown link.
    """
    now = store.clock()

    def change(connection: Connection) -> ReviewLink:
        link = _link_to_change(connection, link_id, actor, ActKind.ALLOW_DOWNLOAD, now)
        if link.may_download == allowed:
            return link
        reviews.set_download(connection, link_id, allowed)
        kind = EventKind.DOWNLOAD_ALLOWED if allowed else EventKind.DOWNLOAD_ENDED
        add_event(connection, link.pilot_id, now, actor, kind, link_id=link_id, reviewer=link.reviewer)
        return replace(link, may_download=allowed)

    return store.database.transaction(change)


def _link_to_change(connection: Connection, link_id: str, actor: Actor, kind: ActKind, now: datetime) -> ReviewLink:
    """Return the link if the actor may do that to it. Permission is asked first, so that a refusal tells of no link."""
    link = reviews.link(connection, link_id)
    permission.check(connection, actor, kind, link.pilot_id if link else None, now)
    if link is None:
        raise PilotNotFound("There is no such review link.")
    return link


def links_of(store: PilotStore, pilot_id: str) -> list[ReviewLink]:
    """Return the pilot's links in any state, oldest first."""
    return store.database.read(lambda connection: reviews.links(connection, ids.checked_pilot_id(pilot_id)))


def link_behind(store: PilotStore, token: str) -> ReviewLink:
    """Return a token's link without opening it or recording anything. Raises LinkRefused."""
    return link_behind_hash(store, hashed(token))


def link_behind_hash(store: PilotStore, token_hash: str) -> ReviewLink:
    """Return the link whose token has that hash, as :func:`link_behind` does. Raises LinkRefused."""
    now = store.clock()
    found = store.database.read(lambda connection: reviews.living_link(connection, token_hash, now))
    if found is None:
        raise LinkRefused
    return found.link


def open_link(
    store: PilotStore,
    token: str,
    passphrase: str | None = None,
    *,
    held: str | None = None,
) -> tuple[Grant, str]:
    """Exchange a link's token for a grant. Returns the grant with its own token, for the cookie.

    ``held`` is the cookie that the browser already has. If it is still a grant of this link, it is returned unchanged,
    with its name. Raises LinkRefused, PassphraseNeeded and PassphraseLocked.
    """
    now = store.clock()
    token_hash = hashed(token)
    found = store.database.read(lambda connection: reviews.living_link(connection, token_hash, now))
    if found is None:
        raise LinkRefused
    if held and (already := grant_for(store, held)) and already.link_id == found.link.link_id:
        return already, held
    if found.passphrase_hash:
        _check_passphrase(store, found, passphrase, now)
    cookie_token = new_token()
    longest = now + GRANT_AFTER_PASSPHRASE if found.passphrase_hash else found.link.expires_at
    grant = Grant(
        grant_hash=hashed(cookie_token),
        link_id=found.link.link_id,
        pilot_id=found.link.pilot_id,
        name=found.link.reviewer,
        expires_at=min(found.link.expires_at, longest),
        may_download=found.link.may_download,
    )

    def add_grant(connection: Connection) -> None:
        if reviews.living_link(connection, token_hash, now) is None:
            raise LinkRefused
        reviews.clear_tries(connection, grant.link_id)
        reviews.add_grant(connection, grant, now)
        add_event(connection, grant.pilot_id, now, grant.actor, EventKind.LINK_OPENED, link_id=grant.link_id)

    store.database.transaction(add_grant)
    return grant, cookie_token


def grant_for(store: PilotStore, cookie_token: str | None) -> Grant | None:
    """Return the cookie's grant, or None if there is none or it or its link has ended. Runs one SELECT."""
    if not cookie_token:
        return None
    now = store.clock()
    grant_hash = hashed(cookie_token)
    return store.database.read(lambda connection: reviews.grant(connection, grant_hash, now))


def rename_reviewer(store: PilotStore, grant: Grant, name: str) -> Grant:
    """Change the name on a grant ("Reviewing as Dana – not you?"). Raises InvalidRequest and LinkRefused."""
    now = store.clock()
    name = checked_name(name)
    renamed = replace(grant, name=name)

    def rename(connection: Connection) -> None:
        permission.check(connection, grant.actor, ActKind.RENAME, grant.pilot_id, now)
        if name == grant.name:
            return
        reviews.rename(connection, grant.grant_hash, name)
        add_event(
            connection,
            grant.pilot_id,
            now,
            renamed.actor,
            EventKind.REVIEWER_RENAMED,
            link_id=grant.link_id,
            before=grant.name,
            after=name,
        )

    store.database.transaction(rename)
    return renamed


def check_alive(connection: Connection, speaker: Speaker, now: datetime) -> None:
    """Raise LinkRefused if the speaker's grant has ended since it was looked up."""
    if isinstance(speaker, Grant):
        kept = reviews.grant(connection, speaker.grant_hash, now)
        if kept is None or kept.pilot_id != speaker.pilot_id:
            raise LinkRefused


def _check_passphrase(store: PilotStore, found: FoundLink, passphrase: str | None, now: datetime) -> None:
    link = found.link
    if link.locked_until and link.locked_until > now:
        raise PassphraseLocked(_locked_words(link.locked_until - now))
    if not passphrase or not passphrase.strip():
        raise PassphraseNeeded("This link has a passphrase. Type the one you were given.")
    lock_until = now + LOCKED_FOR
    number = store.database.transaction(
        lambda connection: reviews.charge_try(connection, link.link_id, now, TRIES, lock_until)
    )
    if number is None:
        raise PassphraseLocked(_locked_words(LOCKED_FOR))
    if passphrases.matches(passphrase, found.passphrase_hash or ""):
        return
    left = TRIES - number
    store.database.transaction(
        lambda connection: add_event(
            connection,
            link.pilot_id,
            now,
            acting_through_link(link.reviewer),
            EventKind.PASSPHRASE_WRONG,
            link_id=link.link_id,
            tries_left=left,
        )
    )
    if left <= 0:
        raise PassphraseLocked(_locked_words(LOCKED_FOR))
    tries = "1 try is" if left == 1 else f"{left} tries are"
    raise PassphraseNeeded(f"That is not the passphrase; {tries} left.")


def _locked_words(span: timedelta) -> str:
    minutes = max(1, -(-int(span.total_seconds()) // 60))
    unit = "minute" if minutes == 1 else "minutes"
    return f"Too many wrong passphrases. The link opens again in {minutes} {unit}; try then."


def _link_id(pilot_id: str, name: str) -> str:
    """Return the same id for the same reviewer of a pilot, so that two leads acting at once create one link."""
    return "link_" + hashlib.sha256(f"{pilot_id}\n{name.casefold()}".encode()).hexdigest()[:16]
