"""Passphrases of review links, kept as a hash that is slow to guess at: scrypt (RFC 7914), from the standard library.

N = 2^14, r = 8, p = 5 is one of the settings OWASP's Password Storage Cheat Sheet names as equal to its minimum: 16 MiB
and about 0.3 s of one core. Argon2id, its first choice, would need a compiled package for the same protection.
"""

import base64
import hashlib
import hmac
import secrets
import unicodedata

from pilot_core.errors import InvalidRequest

COST, BLOCK, PARALLEL = 2**14, 8, 5
SALT_BYTES, KEY_BYTES = 16, 32
SHORTEST, LONGEST = 8, 200


def hashed(passphrase: str) -> str:
    """The passphrase as it is kept: parameters, salt and key. Raises InvalidRequest when it is too short or long."""
    given = _plain(passphrase)
    if not SHORTEST <= len(given) <= LONGEST:
        raise InvalidRequest(
            f"A passphrase needs {SHORTEST} to {LONGEST} characters; three or four words are easy to say.",
            field="passphrase",
        )
    salt = secrets.token_bytes(SALT_BYTES)
    key = _key(given, salt, COST, BLOCK, PARALLEL)
    return "$".join(["scrypt", str(COST), str(BLOCK), str(PARALLEL), _text(salt), _text(key)])


def matches(passphrase: str, kept: str) -> bool:
    """Whether it is the passphrase behind the kept hash. Slow on purpose: never inside a session of the store."""
    given = _plain(passphrase)
    if len(given) > LONGEST:
        return False
    _, cost, block, parallel, salt, key = kept.split("$")
    made = _key(given, base64.b64decode(salt), int(cost), int(block), int(parallel))
    return hmac.compare_digest(made, base64.b64decode(key))


def _plain(passphrase: str) -> str:
    """The same text whichever keyboard typed it: accents composed, outer space gone."""
    return unicodedata.normalize("NFKC", passphrase).strip()


def _key(passphrase: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    memory = 128 * block * (cost + parallel + 2)
    given = passphrase.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(given, salt=salt, n=cost, r=block, p=parallel, maxmem=memory, dklen=KEY_BYTES)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
