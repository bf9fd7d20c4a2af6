"""Whether a proxy in front of this server is believed, and what it says about the visitor.

The setting ``proxies`` (``FORWARDED_ALLOW_IPS``) names them. uvicorn reads it too, and replaces a named proxy's address
by the visitor's before we see the request. Unset, it believes this machine, which is not configured, and ``*`` makes it
take the first address in ``X-Forwarded-For``, which anybody can write. Both are put right here.
"""

import ipaddress
from collections.abc import Sequence

from starlette.requests import HTTPConnection

from pilot_core.settings import Settings
from pilot_core.web.access.current_app import app_of

NAMES = "FORWARDED_ALLOW_IPS"
EVERYBODY = "*"
THIS_MACHINE = "127.0.0.1"


def peer_of(connection: HTTPConnection) -> str:
    """Return the address that a request is counted under: the visitor's, as far as named proxies are believed."""
    peer = connection.client.host if connection.client else ""
    hops = _hops(connection)
    if not hops:
        return peer
    allowed = app_of(connection).settings.proxies
    if not allowed:
        return THIS_MACHINE if peer == _first_foreign(hops, [THIS_MACHINE]) else peer
    # The nearest proxy added the last address. Who is behind it cannot be told without knowing the proxies.
    return hops[-1] if EVERYBODY in allowed else peer


def is_https(connection: HTTPConnection) -> bool:
    """Whether the browser used https, to this server or to a proxy that is believed."""
    if connection.scope.get("scheme") in ("https", "wss"):
        return True
    told = {scheme.strip().lower() for scheme in ",".join(connection.headers.getlist("x-forwarded-proto")).split(",")}
    return "https" in told and _is_believed(connection)


def dangers(settings: Settings) -> list[str]:
    """Return a sentence for each danger in how proxies are configured."""
    allowed, url = settings.proxies, settings.url
    found = []
    if EVERYBODY in allowed:
        found.append(
            f"{NAMES} is “*”: whoever reaches this server past its proxy can claim any address and escape the limits "
            "on guessing. Name the proxy's address instead, or let only the proxy reach this server."
        )
    if allowed and url is None:
        found.append(
            f"{NAMES} names a proxy, but PILOT_OPS_URL is not set: if the proxy leaves out its headers, its visitors "
            "count as this machine's user. Set PILOT_OPS_URL."
        )
    if not allowed and url is not None:
        found.append(
            f"PILOT_OPS_URL is set, but {NAMES} names no proxy: all visitors behind the proxy count as one address in "
            "the limits on guessing. Name the proxy's address."
        )
    return found


def _is_believed(connection: HTTPConnection) -> bool:
    """Whether the request comes from this machine or a named proxy; uvicorn may have put the visitor in its place."""
    allowed = app_of(connection).settings.proxies
    peer = connection.client.host if connection.client else ""
    if EVERYBODY in allowed:
        return True
    believed = allowed or (THIS_MACHINE,)
    return _is_among(peer, believed) or peer == _first_foreign(_hops(connection), believed)


def _hops(connection: HTTPConnection) -> list[str]:
    """Return the addresses in ``X-Forwarded-For``, the nearest hop last, without ports."""
    told = ",".join(connection.headers.getlist("x-forwarded-for")).split(",")
    return [_without_port(hop.strip()) for hop in told if hop.strip()]


def _first_foreign(hops: Sequence[str], believed: Sequence[str]) -> str | None:
    """Return the nearest address that is no believed proxy's; the farthest if all are; None without any."""
    foreign = next((hop for hop in reversed(hops) if not _is_among(hop, believed)), None)
    return foreign or next(iter(hops), None)


def _is_among(peer: str, names: Sequence[str]) -> bool:
    """Whether an address is one of the names, or in one of the networks among them."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer in names
    for name in names:
        try:
            if address in ipaddress.ip_network(name):
                return True
        except ValueError:
            continue
    return False


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.rpartition(":")[0] if hop.count(":") == 1 else hop
