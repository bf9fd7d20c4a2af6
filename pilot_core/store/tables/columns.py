"""Times as columns hold them: UTC without a zone."""

from datetime import UTC, datetime

from pilot_core.clock import as_utc


def to_column(value: datetime | None) -> datetime | None:
    """A time as columns hold it: UTC without a zone."""
    return as_utc(value).replace(tzinfo=None) if value else None


def from_column(value: datetime | None) -> datetime | None:
    """A time from a column, with its zone (UTC)."""
    return value.replace(tzinfo=UTC) if value else None
