"""Create ids, and check that an id is well formed. Paths are built only from ids that were checked here."""

import hashlib
import re
import secrets
from datetime import datetime

from pilot_core.errors import PilotNotFound

PILOT_ID = re.compile(r"pilot_[0-9]{8}_[A-Za-z0-9]{4,32}")
ATTEMPT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


def new_pilot_id(now: datetime) -> str:
    """Return a new id such as ``pilot_20240115_abc12345``: the day of creation (UTC) and 32 random bits in hex."""
    return f"pilot_{now:%Y%m%d}_{secrets.token_hex(4)}"


def attempt_id_for(pilot_id: str, attempt_number: int) -> str:
    """Return the id of a pilot's n-th attempt. It is unique across pilots and always the same for these arguments."""
    return f"{pilot_id}_a{attempt_number}"


def new_id(prefix: str) -> str:
    """Return a new opaque id with 64 random bits, such as ``feedback_1f…``."""
    return f"{prefix}_{secrets.token_hex(8)}"


def id_of_key(prefix: str, key: str) -> str:
    """Return the id of what a form with that key creates, so that sending the form twice gives the same id."""
    return f"{prefix}_{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def checked_pilot_id(text: str) -> str:
    """Return the id if it is well formed. Raises PilotNotFound otherwise."""
    if not PILOT_ID.fullmatch(text):
        raise PilotNotFound(
            f"“{text[:60]}” is not a pilot id; one looks like pilot_20240115_abc12345.",
            shell="--list shows them all",
        )
    return text
