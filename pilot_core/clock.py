"""Time in this house: aware datetimes in UTC, read from a clock that is passed in, written as ISO 8601."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment, aware, in UTC, to the microsecond."""
    return datetime.now(UTC)


def as_utc(value: datetime) -> datetime:
    """The same moment in UTC; a naive time is taken as UTC, as the guide's state files write it."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def parse_time(value: str) -> datetime:
    """An ISO 8601 text as an aware UTC time. Raises ValueError when it is none."""
    return as_utc(datetime.fromisoformat(value))


def iso(value: datetime) -> str:
    """ISO 8601 in UTC, with a Z; microseconds only where there are any."""
    return as_utc(value).isoformat().replace("+00:00", "Z")
