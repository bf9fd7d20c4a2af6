"""E-mail addresses as they come in: one, plain ASCII, nothing that could end a line or begin another field."""

import re

from pilot_core.errors import InvalidRequest

LONGEST = 254
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?P<local>{_LOCAL})@{_LABEL}(?:\.{_LABEL})*")
_NAMED = re.compile(r"(?P<name>[^<>\"\r\n]*?)\s*<(?P<address>[^<>]*)>")


def checked_address(text: str, field: str = "email") -> str:
    """The address without outer space. Raises InvalidRequest for what is none, or more than one."""
    address = text.strip(" ")
    match = _ADDRESS.fullmatch(address)
    if match is None or len(address) > LONGEST or len(match["local"]) > 64:
        shown = "".join(c if c.isprintable() else "?" for c in text)[:60]
        raise InvalidRequest(f"“{shown}” is not an e-mail address; one looks like alice@example.com.", field=field)
    return address


def checked_sender(text: str) -> tuple[str, str]:
    """Name and address of "Pilot Ops <pilots@example.com>", or of an address alone. Raises InvalidRequest."""
    named = _NAMED.fullmatch(text.strip())
    name, address = (named["name"].strip(), named["address"]) if named else ("", text)
    if not name.isprintable():
        raise InvalidRequest("The sender's name holds characters that cannot be read.")
    return name, checked_address(address)
