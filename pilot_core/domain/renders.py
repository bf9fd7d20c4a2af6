"""Renders in progress."""

from dataclasses import dataclass
from datetime import datetime


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
