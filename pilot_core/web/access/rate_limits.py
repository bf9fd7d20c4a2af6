"""Rate limits.

Requests are counted in a bounded part of this process's memory or, with PostgreSQL, in the database that servers share.
"""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.requests import HTTPConnection

from pilot_core.errors import PilotError
from pilot_core.store import tries
from pilot_core.web.access.proxies import peer_of

KEYS = 10_000


class TooMuch(PilotError):
    """The visitor has sent too many requests in a short time."""

    def __init__(self) -> None:
        super().__init__("That was a lot in a short time. Nothing of it is lost; wait a minute and try again.")


class Rate:
    """A limit of ``most`` requests per ``seconds`` for each key. ``name`` keeps its keys apart from other limits'.

    In memory at most ``KEYS`` keys are remembered; those counted longest ago are dropped. With a ``database_url`` it
    is counted in that database, so call it in a thread that may block; it then raises StoreError.
    """

    def __init__(self, name: str, most: int, seconds: float, clock: Callable[[], float] = time.monotonic):
        self._name, self._most, self._seconds, self._clock = name, most, seconds, clock
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._guard = threading.Lock()

    def spend(self, key: str, database_url: str | None) -> bool:
        """Count one request; returns False if it is over the limit."""
        if database_url:
            return tries.spend(database_url, f"{self._name} {key}", self._seconds) <= self._most
        with self._guard:
            now = self._clock()
            began, count = self._counts.get(key, (now, 0))
            if now - began >= self._seconds:
                began, count = now, 0
                self._counts.pop(key, None)
            self._counts[key] = (began, count + 1)
            while len(self._counts) > KEYS:
                self._counts.popitem(last=False)
            return count < self._most

    def __len__(self) -> int:
        return len(self._counts)


# Wrong links and keys per address. People follow links to them, so many wrong ones mean guessing.
WRONG_TOKENS = Rate("wrong tokens", 20, 600)
# Passphrases per address over all links. A single link locks after five wrong ones.
PASSPHRASES = Rate("passphrases", 30, 600)
# What reviewers write, per link and per address. People in one office share an address.
WORDS_A_LINK, WORDS_AN_ADDRESS = Rate("words, link", 60, 60), Rate("words, address", 180, 60)
# The player's reports of what was watched: a few per minute.
REPORTS = Rate("reports", 120, 60)
# What is typed and not sent, per grant: a script saves it at most every second and a half.
UNSENT = Rate("unsent", 60, 60)


def check_words(link_id: str, address: str, database_url: str | None) -> None:
    """Count a text that a reviewer writes at an address of :func:`address_of`. Raises TooMuch."""
    if not (WORDS_A_LINK.spend(link_id, database_url) & WORDS_AN_ADDRESS.spend(address, database_url)):
        raise TooMuch


def address_of(connection: HTTPConnection) -> str:
    """Return the key under which a request's sender is counted."""
    return network(peer_of(connection))


def is_no_guess(connection: HTTPConnection) -> bool:
    """Whether a browser says that a page of another site fetched this as a part of itself: as a picture, or in a frame.

    A person did not ask for it, so it is not counted. It is not answered either: a program can say the same.
    """
    site, part = connection.headers.get("sec-fetch-site"), connection.headers.get("sec-fetch-dest", "document")
    return site in ("cross-site", "same-site") and part != "document"


def network(peer: str) -> str:
    """Return the IPv4 address, or the /64 network of an IPv6 address, since one household or office has a whole /64."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    if not isinstance(address, ipaddress.IPv6Address):
        return peer
    # A dual-stack socket writes IPv4 addresses as IPv6.
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((address, 64), strict=False))
