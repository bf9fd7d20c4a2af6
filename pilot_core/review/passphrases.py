"""Passphrases of review links, stored as scrypt hashes (RFC 7914, from the standard library).

N = 2^14, r = 8, p = 5 is one of the settings that OWASP's Password Storage Cheat Sheet lists as equivalent to its
minimum: 16 MiB and about 0.3 s of one core. Argon2id, its first choice, would need a compiled package for the same
protection.
"""

import base64
import hashlib
import hmac
import secrets
import unicodedata

from pilot_core.domain.limits import PASSPHRASE_LONGEST, PASSPHRASE_SHORTEST
from pilot_core.errors import InvalidRequest

COST, BLOCK, PARALLEL = 2**14, 8, 5
SALT_BYTES, KEY_BYTES = 16, 32


def hashed(passphrase: str) -> str:
    """Return the hash to store: parameters, salt and key.

    Raises InvalidRequest if the passphrase is too short or too long.
    """
    given = _plain(passphrase)
    if not PASSPHRASE_SHORTEST <= len(given) <= PASSPHRASE_LONGEST:
        raise InvalidRequest(
            f"A passphrase needs {PASSPHRASE_SHORTEST} to {PASSPHRASE_LONGEST} characters; "
            "three or four words are easy to say.",
            field="passphrase",
        )
    salt = secrets.token_bytes(SALT_BYTES)
    key = _key(given, salt, COST, BLOCK, PARALLEL)
    return "$".join(["scrypt", str(COST), str(BLOCK), str(PARALLEL), _text(salt), _text(key)])


def matches(passphrase: str, kept: str) -> bool:
    """Whether the passphrase matches the stored hash. Slow on purpose: do not call it inside a database session."""
    given = _plain(passphrase)
    if len(given) > PASSPHRASE_LONGEST:
        return False
    _, cost, block, parallel, salt, key = kept.split("$")
    made = _key(given, base64.b64decode(salt), int(cost), int(block), int(parallel))
    return hmac.compare_digest(made, base64.b64decode(key))


def _plain(passphrase: str) -> str:
    """Normalise a passphrase so that every keyboard gives the same text: compose accents and strip outer spaces."""
    return unicodedata.normalize("NFKC", passphrase).strip()


def _key(passphrase: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    memory = 128 * block * (cost + parallel + 2)
    given = passphrase.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(given, salt=salt, n=cost, r=block, p=parallel, maxmem=memory, dklen=KEY_BYTES)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
