"""Erasures of pilots and people."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Erasure:
    """One erasure: when, by whom, why, its kind ("pilot" or "person"), and the counts that were kept.

    ``pilot_hash`` is the SHA-256 (hex) of an erased pilot's id.
    """

    erasure_id: str
    erased_at: datetime
    erased_by: str
    reason: str
    kind: str
    pilot_id: str | None
    counts: dict[str, Any]
    pilot_hash: str | None = None


def folded(name: str) -> str:
    """Normalise a name for comparison, ignoring letter case, spacing and the encoding of accents."""
    plain = unicodedata.normalize("NFC", " ".join(name.split()))
    return unicodedata.normalize("NFC", plain.casefold())
