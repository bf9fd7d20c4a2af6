"""Why a transaction can fail, on either engine."""

from enum import Enum, auto


class WriteFailure(Enum):
    """CONFLICT: another writer was first.

    KEY_TAKEN: the key exists already. UNAVAILABLE: the disk or the server failed.
    """

    CONFLICT = auto()
    KEY_TAKEN = auto()
    UNAVAILABLE = auto()
