"""Secrets in addresses and cookies, which open something for whoever holds them: only their hash is kept."""

import hashlib
import secrets

LONGEST = 200


def new_token() -> str:
    """256 random bits, as an address or a cookie takes them."""
    return secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    """SHA-256 of a token, in hex; of one that is too long to be ours, of its beginning, which matches nothing."""
    return hashlib.sha256(token[:LONGEST].encode("utf-8", "surrogatepass")).hexdigest()
