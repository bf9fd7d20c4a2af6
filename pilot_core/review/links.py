"""Review links and the grants they give.

A link is for one reviewer of one pilot and always shows the newest ready attempt. Its token has 256 random bits, and so
has a grant's; of both only SHA-256 hashes are kept, which needs no salt for such tokens. They are looked up by that
hash, so how long a look-up takes tells nothing of a token. A grant is looked up again on every rerun and request, so
whatever is revoked or expired ends there.
"""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from pilot_core import ids
from pilot_core.errors import InvalidRequest, PilotError, PilotNotFound
from pilot_core.review import passphrases
from pilot_core.review.words import checked_name
from pilot_core.store import reviews
from pilot_core.store.lease import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.reviews import FoundLink, Grant, LinkState, ReviewLink, Speaker, TeamMember
from pilot_core.tokens import hashed, new_token

__all__ = ["Grant", "LinkState", "ReviewLink", "Speaker", "TeamMember"]

LINK_DAYS = 14
LONGEST_DAYS = 365
GRANT_AFTER_PASSPHRASE = timedelta(hours=24)
TRIES = 5
LOCKED_FOR = timedelta(minutes=15)


class LinkRefused(PilotError):
    """The link or grant opens nothing: wrong, expired or revoked. Which of them is told to nobody outside."""

    def __init__(self) -> None:
        super().__init__("This link does not open anything any more. Ask whoever sent it for a new one.")


class PassphraseNeeded(PilotError):
    """The link is right, and its passphrase is missing or wrong."""


class PassphraseLocked(PilotError):
    """The link is right, and closed for a while after too many wrong passphrases."""


def make_link(
    store: PilotStore,
    pilot_id: str,
    reviewer_name: str,
    *,
    expires_on: date | None = None,
    passphrase: str | None = None,
    actor: str,
) -> tuple[ReviewLink, str]:
    """A link for a reviewer, and its token, which is shown this once and kept nowhere.

    It lives to the end of ``expires_on`` (UTC), 14 days from today if None. A reviewer of a pilot has one link: made
    again, the former token and its grants end, while comments and decisions stay the reviewer's own. Raises
    InvalidRequest and PilotNotFound.
    """
    now = store.clock()
    ids.checked_pilot_id(pilot_id)
    name = checked_name(reviewer_name)
    last_day = expires_on or now.date() + timedelta(days=LINK_DAYS)
    if not now.date() <= last_day <= now.date() + timedelta(days=LONGEST_DAYS):
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
    )

    def work(connection: Connection) -> None:
        again = reviews.link(connection, link.link_id) is not None
        reviews.put_link(connection, link, hashed(token), kept_passphrase)
        reviews.add_event(
            connection,
            pilot_id,
            now,
            actor,
            "link_made",
            link_id=link.link_id,
            reviewer=name,
            until=last_day.isoformat(),
            passphrase=link.has_passphrase,
            again=again,
        )

    store.database.transaction(work)
    return link, token


def revoke_link(store: PilotStore, link_id: str, actor: str) -> ReviewLink:
    """End a link at once, open tabs included. Raises PilotNotFound for an unknown one; revoking twice is no error."""
    now = store.clock()

    def work(connection: Connection) -> ReviewLink:
        link = reviews.link(connection, link_id)
        if link is None:
            raise PilotNotFound("There is no such review link.")
        if link.revoked_at:
            return link
        reviews.revoke(connection, link_id, now)
        reviews.add_event(
            connection, link.pilot_id, now, actor, "link_revoked", link_id=link_id, reviewer=link.reviewer
        )
        return replace(link, revoked_at=now)

    return store.database.transaction(work)


def links_of(store: PilotStore, pilot_id: str) -> list[ReviewLink]:
    """The pilot's links, the oldest first, whatever their state."""
    return store.database.read(lambda connection: reviews.links(connection, ids.checked_pilot_id(pilot_id)))


def open_link(
    store: PilotStore,
    token: str,
    passphrase: str | None = None,
    now: datetime | None = None,
    *,
    held: str | None = None,
) -> tuple[Grant, str]:
    """Trade a link's token for a grant, and the grant's own token for the cookie.

    ``held`` is the cookie that the browser has already: if it still is a grant of this link, it is given back as it is,
    name and all. Raises LinkRefused, PassphraseNeeded and PassphraseLocked.
    """
    now = now or store.clock()
    token_hash = hashed(token)
    found = store.database.read(lambda connection: reviews.living_link(connection, token_hash, now))
    if found is None:
        raise LinkRefused
    if held and (already := grant_for(store, held, now)) and already.link_id == found.link.link_id:
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
    )

    def work(connection: Connection) -> None:
        if reviews.living_link(connection, token_hash, now) is None:
            raise LinkRefused
        reviews.clear_tries(connection, grant.link_id)
        reviews.add_grant(connection, grant, now)
        reviews.add_event(connection, grant.pilot_id, now, grant.actor, "link_opened", link_id=grant.link_id)

    store.database.transaction(work)
    return grant, cookie_token


def grant_for(store: PilotStore, cookie_token: str | None, now: datetime | None = None) -> Grant | None:
    """The grant behind a cookie, or None when there is none or it, or its link, has ended. One SELECT."""
    if not cookie_token:
        return None
    now = now or store.clock()
    grant_hash = hashed(cookie_token)
    return store.database.read(lambda connection: reviews.grant(connection, grant_hash, now))


def rename_reviewer(store: PilotStore, grant: Grant, name: str, now: datetime | None = None) -> Grant:
    """The same grant under another name: "Reviewing as Dana – not you?". Raises InvalidRequest, LinkRefused."""
    now = now or store.clock()
    name = checked_name(name)
    renamed = replace(grant, name=name)

    def work(connection: Connection) -> None:
        check_alive(connection, grant, now)
        if name == grant.name:
            return
        reviews.rename(connection, grant.grant_hash, name)
        reviews.add_event(
            connection,
            grant.pilot_id,
            now,
            renamed.actor,
            "reviewer_renamed",
            link_id=grant.link_id,
            before=grant.name,
            after=name,
        )

    store.database.transaction(work)
    return renamed


def check_alive(connection: Connection, speaker: Speaker, now: datetime) -> None:
    """Raise LinkRefused when the speaker holds a grant that has ended since it was looked up."""
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
        lambda connection: reviews.add_event(
            connection,
            link.pilot_id,
            now,
            reviews.acting_through_link(link.reviewer),
            "passphrase_wrong",
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
    """The same for the same reviewer of a pilot, so that two leads at once make one link, not two."""
    return "link_" + hashlib.sha256(f"{pilot_id}\n{name.casefold()}".encode()).hexdigest()[:16]
