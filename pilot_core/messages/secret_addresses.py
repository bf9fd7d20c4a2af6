"""The secret addresses that messages to founders name; how their tokens are made, says the package."""

import hashlib
import hmac
import os
import secrets
from base64 import urlsafe_b64encode
from contextlib import suppress
from datetime import UTC, datetime, time, timedelta

from pilot_core.clock import iso
from pilot_core.errors import PilotError, StoreError
from pilot_core.models import PilotRun
from pilot_core.review.links import LINK_DAYS
from pilot_core.settings import settings
from pilot_core.store import contacts, outbox, reviews
from pilot_core.store.lease import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.reviews import LinkState, ReviewLink
from pilot_core.tokens import hashed, signing_key

KEY_FILE = ".messages.key"
KEY_BYTES = 32
ACTOR = "pipeline"


class Withheld(PilotError):
    """The message would open what a person closed; a person decides whether it goes."""


def review_address(store: PilotStore, pilot: PilotRun, base: str, *, renew: bool, released: bool = False) -> str:
    """The address of the founder's link for messages, made when it is first needed; ``renew`` starts its 14 days anew.

    Raises Withheld, unless a person ``released`` the message, when that link was revoked, or when the founder's other
    link has a passphrase, which this one would go round.
    """
    link_id, now, key = _link_id(pilot.pilot_id), store.clock(), _key(store)
    until = datetime.combine(now.date() + timedelta(days=LINK_DAYS + 1), time(), UTC)

    def work(connection: Connection) -> str:
        link = reviews.link(connection, link_id)
        if not released:
            _check_open(connection, pilot, link, now)
        if link:
            token = _token(key, f"link\n{link_id}\n{iso(link.created_at)}")
            if reviews.living_link(connection, hashed(token), now):
                if renew and link.expires_at < until:
                    outbox.extend_link(connection, link_id, until)
                return token
        token = _token(key, f"link\n{link_id}\n{iso(now)}")
        made = ReviewLink(link_id, pilot.pilot_id, pilot.founder_name, now, ACTOR, until, None, False, None)
        reviews.put_link(connection, made, hashed(token), None)
        last_day = (until - timedelta(days=1)).date().isoformat()
        told = {"link_id": link_id, "reviewer": pilot.founder_name, "until": last_day, "passphrase": False}
        reviews.add_event(connection, pilot.pilot_id, now, ACTOR, "link_made", **told, again=link is not None)
        return token

    return f"{base}/r/{store.database.transaction(work)}"


def quiet_address(store: PilotStore, pilot_id: str, base: str) -> str:
    """The address at which the founder can ask for no more reminders."""
    token = _token(_key(store), f"quiet\n{pilot_id}")

    def work(connection: Connection) -> None:
        if contacts.pilot_of_quiet(connection, hashed(token)) is None:
            contacts.set_contact(connection, pilot_id, None, store.clock(), quiet_hash=hashed(token))

    store.database.transaction(work)
    return f"{base}/quiet/{token}"


def _check_open(connection: Connection, pilot: PilotRun, link: ReviewLink | None, now: datetime) -> None:
    if link and link.revoked_at:
        raise Withheld("The review link that messages carry was revoked. Sent nevertheless, it carries a new one.")
    founder = pilot.founder_name.casefold()
    for other in reviews.links(connection, pilot.pilot_id):
        if other.has_passphrase and other.reviewer.casefold() == founder and other.state(now) is LinkState.LIVING:
            raise Withheld(
                f"{pilot.founder_name} has a review link with a passphrase. "
                "Sent nevertheless, this message carries one without."
            )


def _link_id(pilot_id: str) -> str:
    return "link_" + hashlib.sha256(f"{pilot_id}\nfor messages\n".encode()).hexdigest()[:16]


def _token(key: bytes, what: str) -> str:
    return urlsafe_b64encode(hmac.digest(key, what.encode(), "sha256")).rstrip(b"=").decode()


def _key(store: PilotStore) -> bytes:
    """The servers' common key, or else the store's, made when it is first needed. Raises StoreError."""
    if secret := settings().secret:
        return signing_key("messages", secret)
    path = store.root / KEY_FILE
    try:
        if not path.exists():
            part = path.with_name(f".{KEY_FILE}.{secrets.token_hex(4)}.part")
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            # Whoever is first, theirs stays.
            with suppress(FileExistsError):
                os.link(part, path)
            part.unlink()
        key = path.read_bytes()
    except OSError as error:
        raise StoreError(f"The key {path} of messages' links cannot be used: {error.strerror}.") from error
    if len(key) != KEY_BYTES:
        raise StoreError(f"The key {path} is not whole; remove it, and links in messages are made anew.")
    return key
