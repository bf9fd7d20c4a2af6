"""Times in this package: aware datetimes in UTC, read from a clock that is passed in, written as ISO 8601."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the current time, aware, in UTC, to the microsecond."""
    return datetime.now(UTC)


def as_utc(value: datetime) -> datetime:
    """Return the same time in UTC. A naive time is read as UTC, since the guide's state files write times that way."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def parse_time(value: str) -> datetime:
    """Parse ISO 8601 text into an aware UTC time. Raises ValueError when it is not valid."""
    return as_utc(datetime.fromisoformat(value))


def iso(value: datetime) -> str:
    """Format as ISO 8601 in UTC with a Z, with microseconds only if they are not zero."""
    return as_utc(value).isoformat().replace("+00:00", "Z")


def end_of_day(day: date) -> datetime:
    """The last microsecond of the day in UTC."""
    return datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC) - timedelta(microseconds=1)
