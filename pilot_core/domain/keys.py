"""Sign-in keys."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class KeyState(StrEnum):
    """The state of a key: not used yet, in use by a signed-in session, expired, or ended by someone."""

    WAITING = "waiting"
    SIGNED_IN = "signed in"
    EXPIRED = "expired"
    ENDED = "ended"


@dataclass(frozen=True)
class SignInKey:
    """One named key and the session that began when it was used. Times are in UTC."""

    key_id: str
    name: str
    role: str
    created_at: datetime
    created_by: str
    expires_at: datetime
    used_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None

    def state(self, now: datetime) -> KeyState:
        """Return the state of the key at ``now``."""
        if self.ended_at:
            return KeyState.ENDED
        if now >= self.expires_at:
            return KeyState.EXPIRED
        return KeyState.SIGNED_IN if self.used_at else KeyState.WAITING
