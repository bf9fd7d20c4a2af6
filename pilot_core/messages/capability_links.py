"""The capability links in messages to founders. The package docstring says how their tokens are made."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, time, timedelta

from pilot_core.clock import iso
from pilot_core.domain.events import EventKind
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.reviews import LinkState, ReviewLink
from pilot_core.errors import PilotError
from pilot_core.review.links import LINK_DAYS
from pilot_core.store.engine.connection import Connection
from pilot_core.store.files.key_file import kept_key
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import contacts, outbox, reviews
from pilot_core.store.tables.events import add_event
from pilot_core.tokens import hashed, signing_key

KEY_FILE = ".messages.key"
ACTOR = "pipeline"


class Withheld(PilotError):
    """The message would give access that a person removed, so a person has to decide whether it is sent."""


def review_address(
    store: PilotStore, pilot: PilotRun, base: str, *, renew: bool, secret: str | None, released_by: str | None = None
) -> str:
    """Return the founder's review link for messages, created at the first call; ``renew`` restarts its 14 days.

    Raises Withheld when that link was revoked, or when the founder's other link has a passphrase, which this one would
    bypass; never if ``released_by`` names who decided to send it, who is then who made the link in the history.
    """
    link_id, now, key = _link_id(pilot.pilot_id), store.clock(), _key(store, secret)
    until = datetime.combine(now.date() + timedelta(days=LINK_DAYS + 1), time(), UTC)

    def keep_or_make_link(connection: Connection) -> str:
        link = reviews.link(connection, link_id)
        if released_by is None:
            _check_open(connection, pilot, link, now)
        if link:
            token = _token(key, f"link\n{link_id}\n{iso(link.created_at)}")
            if reviews.living_link(connection, hashed(token), now):
                if renew and link.expires_at < until:
                    outbox.extend_link(connection, link_id, until)
                return token
        token = _token(key, f"link\n{link_id}\n{iso(now)}")
        may_download = link.may_download if link else False
        made = ReviewLink(
            link_id, pilot.pilot_id, pilot.founder_name, now, ACTOR, until, None, False, None, may_download
        )
        reviews.put_link(connection, made, hashed(token), None)
        last_day = (until - timedelta(days=1)).date().isoformat()
        detail = {"link_id": link_id, "reviewer": pilot.founder_name, "until": last_day, "passphrase": False}
        actor = released_by or ACTOR
        add_event(connection, pilot.pilot_id, now, actor, EventKind.LINK_MADE, **detail, again=link is not None)
        return token

    return f"{base}/r/{store.database.transaction(keep_or_make_link)}"


def opt_out_address(store: PilotStore, pilot_id: str, base: str, secret: str | None) -> str:
    """Return the link by which the founder ends reminders."""
    token = _token(_key(store, secret), f"quiet\n{pilot_id}")

    def add_hash(connection: Connection) -> None:
        if contacts.pilot_of_quiet(connection, hashed(token)) is None:
            contacts.set_contact(connection, pilot_id, None, store.clock(), quiet_hash=hashed(token))

    store.database.transaction(add_hash)
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


def _key(store: PilotStore, secret: str | None) -> bytes:
    """Return the key that the servers share, or else the store's own, created at the first call. Raises StoreError."""
    if secret:
        return signing_key("messages", secret)
    return kept_key(store.root / KEY_FILE, "links in messages")
