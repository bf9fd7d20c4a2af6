"""Contacts who get messages about a pilot, and calendar feeds."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Contact:
    """How to reach a pilot's founder. ``messages_off`` turns off all messages for the pilot.

    ``quiet_at`` is when the founder opted out of reminders, or None.
    """

    email: str | None = None
    messages_off: bool = False
    quiet_at: datetime | None = None


@dataclass(frozen=True)
class Feed:
    """A capability link to a calendar. It belongs to a named key or, if ``is_account``, to an organisation account."""

    feed_id: str
    name: str
    is_account: bool
    created_at: datetime
    ended_at: datetime | None
