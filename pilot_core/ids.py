"""Ids: how they are made, and the one place that says what a well-formed one is. Paths are built from these only."""

import re
import secrets
from datetime import datetime

from pilot_core.errors import PilotNotFound

PILOT_ID = re.compile(r"pilot_[0-9]{8}_[A-Za-z0-9]{4,32}")
ATTEMPT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


def new_pilot_id(now: datetime) -> str:
    """A fresh id such as ``pilot_20240115_abc12345``: the day it was made (UTC) and 32 random bits in hex."""
    return f"pilot_{now:%Y%m%d}_{secrets.token_hex(4)}"


def attempt_id_for(pilot_id: str, attempt_number: int) -> str:
    """The id of a pilot's n-th attempt; unique across pilots, and the same however often it is computed."""
    return f"{pilot_id}_a{attempt_number}"


def new_id(prefix: str) -> str:
    """A fresh opaque id with 64 random bits, such as ``feedback_1f…``."""
    return f"{prefix}_{secrets.token_hex(8)}"


def checked_pilot_id(text: str) -> str:
    """The id as given, if it is well formed; raises PilotNotFound with a sentence otherwise."""
    if not PILOT_ID.fullmatch(text):
        raise PilotNotFound(
            f"“{text[:60]}” is not a pilot id; one looks like pilot_20240115_abc12345.",
            shell="--list shows them all",
        )
    return text
