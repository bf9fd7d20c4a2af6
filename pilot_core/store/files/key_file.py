"""Keys stored in a store's folder: 256 random bits, readable by their owner only."""

import os
from contextlib import suppress
from pathlib import Path
from secrets import token_bytes, token_hex

from pilot_core.errors import StoreError

KEY_BYTES = 32


def kept_key(path: Path, what: str) -> bytes:
    """Return the key at ``path``, creating it when first needed. ``what`` describes it in errors. Raises StoreError."""
    try:
        if not path.exists():
            part = path.with_name(f".{path.name}.{token_hex(4)}.part")
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(token_bytes(KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            # If two processes create it at once, the first one's key is used.
            with suppress(FileExistsError):
                os.link(part, path)
            part.unlink()
        key = path.read_bytes()
    except OSError as error:
        raise StoreError(f"The key {path} of {what} cannot be used: {error.strerror}.") from error
    if len(key) != KEY_BYTES:
        raise StoreError(f"The key {path} is not whole; remove it, and {what} are made anew.")
    return key
