"""How often something may be tried.

Counted in this process's memory, of which it takes a bounded part; on PostgreSQL, which servers may share, there.
"""

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.requests import HTTPConnection

from pilot_core.errors import PilotError
from pilot_core.settings import database_url

KEYS = 10_000


class TooMuch(PilotError):
    """More in a short time than any person does."""

    def __init__(self) -> None:
        super().__init__("That was a lot in a short time. Nothing of it is lost; wait a minute and try again.")


class Rate:
    """At most ``most`` in ``seconds`` for each key; ``name`` tells its keys from other rates'.

    In memory the keys counted longest ago are forgotten beyond ``KEYS``. On PostgreSQL both methods ask it, so they are
    for a thread that may wait, and raise StoreError.
    """

    def __init__(self, name: str, most: int, seconds: float, clock: Callable[[], float] = time.monotonic):
        self._name, self._most, self._seconds, self._clock = name, most, seconds, clock
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._guard = threading.Lock()

    def spend(self, key: str) -> bool:
        """Count one; False when it is one too many."""
        if url := database_url():
            from pilot_core.store import limits

            return limits.spend(url, f"{self._name} {key}", self._seconds) <= self._most
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

    def is_spent(self, key: str) -> bool:
        """Whether another one would be too many; counts nothing."""
        if url := database_url():
            from pilot_core.store import limits

            return limits.spent(url, f"{self._name} {key}") >= self._most
        with self._guard:
            began, count = self._counts.get(key, (self._clock(), 0))
            return count >= self._most and self._clock() - began < self._seconds

    def __len__(self) -> int:
        return len(self._counts)


# Wrong links and keys, from one address: nobody mistypes 256 bits often.
WRONG_TOKENS = Rate("wrong tokens", 20, 600)
# Passphrases, from one address over all links; a link itself locks after five wrong ones.
PASSPHRASES = Rate("passphrases", 30, 600)
# What a reviewer writes, through one link and from one address (an office has many people).
WORDS_A_LINK, WORDS_AN_ADDRESS = Rate("words, link", 60, 60), Rate("words, address", 180, 60)
# What the film reports of itself: a few times a minute.
REPORTS = Rate("reports", 120, 60)


def check_words(link_id: str, peer: str) -> None:
    """Count something a reviewer writes. Raises TooMuch."""
    if not (WORDS_A_LINK.spend(link_id) & WORDS_AN_ADDRESS.spend(network(peer))):
        raise TooMuch


def address_of(connection: HTTPConnection) -> str:
    """What a request's sender is counted under."""
    return network(connection.client.host if connection.client else "")


def network(peer: str) -> str:
    """An address as one household or office has it: of IPv6 the /64, of which anyone has all addresses."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer
    if not isinstance(address, ipaddress.IPv6Address):
        return peer
    # A socket for both kinds tells IPv4 addresses in the words of IPv6.
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((address, 64), strict=False))
