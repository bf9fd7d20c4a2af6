"""Secrets in addresses and cookies: those that open something, of which only the hash is kept, and signing keys."""

import hashlib
import hmac
import secrets

LONGEST = 200
_OWN = secrets.token_hex(32)


def new_token() -> str:
    """256 random bits, as an address or a cookie takes them."""
    return secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    """SHA-256 of a token, in hex; of one that is too long to be ours, of its beginning, which matches nothing."""
    return hashlib.sha256(token[:LONGEST].encode("utf-8", "surrogatepass")).hexdigest()


def signing_key(purpose: str, secret: str | None) -> bytes:
    """A key for one purpose: the same for all servers that have the ``secret``, without one this process's own."""
    return hmac.digest((secret or _OWN).encode(), purpose.encode(), "sha256")
