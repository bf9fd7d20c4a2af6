"""Check addresses that people enter: of a database, and of e-mail.

That is exactly one, in ASCII, with nothing that could add a mail header.
"""

import re
from urllib.parse import urlsplit

from pilot_core.errors import InvalidRequest

LONGEST = 254
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?P<local>{_LOCAL})@{_LABEL}(?:\.{_LABEL})*")
_NAMED = re.compile(r"(?P<name>[^<>\"\r\n]*?)\s*<(?P<address>[^<>]*)>")


def checked_address(text: str, field: str = "email") -> str:
    """Return the address without surrounding spaces. Raises InvalidRequest if it is not exactly one e-mail address."""
    address = text.strip(" ")
    match = _ADDRESS.fullmatch(address)
    if match is None or len(address) > LONGEST or len(match["local"]) > 64:
        shown = "".join(c if c.isprintable() else "?" for c in text)[:60]
        raise InvalidRequest(f"“{shown}” is not an e-mail address; one looks like alice@example.com.", field=field)
    return address


def checked_sender(text: str) -> tuple[str, str]:
    """Return name and address of "Pilot Ops <pilots@example.com>", or of an address alone. Raises InvalidRequest."""
    named = _NAMED.fullmatch(text.strip())
    name, address = (named["name"].strip(), named["address"]) if named else ("", text)
    if not name.isprintable():
        raise InvalidRequest("The sender's name holds characters that cannot be read.")
    return name, checked_address(address)


def checked_database_url(what: str, url: str) -> str:
    """Return the address of a PostgreSQL database. The InvalidRequest it raises omits it, as it may hold a password."""
    try:
        parts = urlsplit(url)
        begins = url.startswith(("postgresql://", "postgres://"))
        is_right = begins and len(parts.path) > 1 and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right:
        raise InvalidRequest(f"{what} is not right; it must look like postgresql://user:password@host:5432/name.")
    return url
