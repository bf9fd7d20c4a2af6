"""Renders in progress."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Claim:
    """A process's right to render an attempt, until it lets go or somebody else takes the claim away.

    ``worker`` ends in a token that no other claim has: a process may claim an attempt twice, and its id is reused.
    """

    attempt_id: str
    worker: str


@dataclass(frozen=True)
class Render:
    """One render in progress. ``fraction`` is from 0 to 1, times are in UTC.

    ``attempt_number`` is None if the attempt no longer exists.
    """

    attempt_id: str
    pilot_id: str
    attempt_number: int | None
    worker: str
    pid: int
    waiting: bool
    started_at: datetime
    heartbeat_at: datetime
    fraction: float
    step: str
