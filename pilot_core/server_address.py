"""Whether people outside can open this server's address. Links in messages to founders begin with it."""

import ipaddress
from urllib.parse import urlsplit

INSIDE = (".local", ".localhost", ".internal", ".lan", ".home.arpa")
"""Endings of names that only one machine or one network knows."""


def why_unreachable(origin: str) -> str:
    """Return why a founder could not open an address that begins with ``origin``, or "" if nothing speaks against it.

    No request is made: this machine itself, private networks and names that only they know are told by the address.
    """
    host = (urlsplit(origin).hostname or "").rstrip(".")
    kind = _inside(host)
    if not kind:
        return ""
    return (
        f"Founders cannot open {origin}: it is an address {kind}. "
        "Set PILOT_OPS_URL to the address that they reach, and restart the server."
    )


def _inside(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if host == "localhost" or host.endswith(".localhost"):
            return "of this computer only"
        return "inside one network" if "." not in host or host.endswith(INSIDE) else ""
    if address.is_loopback or address.is_unspecified:
        return "of this computer only"
    return "" if address.is_global else "inside one network"
