"""Tokens for links and cookies, of which only the hash is stored, and keys for signing."""

import hashlib
import hmac
import secrets
from functools import lru_cache

LONGEST = 200
_OWN = secrets.token_hex(32)


def new_token() -> str:
    """Return 256 random bits as text that is safe in an address or a cookie."""
    return secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    """Return the SHA-256 of a token in hex. Tokens longer than ours are cut first and match nothing."""
    return hashlib.sha256(token[:LONGEST].encode("utf-8", "surrogatepass")).hexdigest()


@lru_cache(maxsize=32)
def signing_key(purpose: str, secret: str | None) -> bytes:
    """Return a signing key for one purpose. It is shared by servers with the same ``secret``; without one it is the
    process's own.
    """
    return hmac.digest((secret or _OWN).encode(), purpose.encode(), "sha256")
