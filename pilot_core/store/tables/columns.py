"""Values as columns hold them: times in UTC without a zone, and a recommendation's badge as an expression."""

from datetime import UTC, datetime

from pilot_core.clock import as_utc
from pilot_core.domain.judgements import NO_VERDICT_YET, NOT_COUNTED, NOT_COUNTED_CODE


def to_column(value: datetime | None) -> datetime | None:
    """A time as columns hold it: UTC without a zone."""
    return as_utc(value).replace(tzinfo=None) if value else None


def from_column(value: datetime | None) -> datetime | None:
    """A time from a column, with its zone (UTC)."""
    return value.replace(tzinfo=UTC) if value else None


def badge_word_of(table: str) -> str:
    """The expression for the label of a row's recommendation, as ``domain.judgements.badge_word`` returns it."""
    no_verdict = (
        f"CASE WHEN {table}.reason_code = '{NOT_COUNTED_CODE}' THEN '{NOT_COUNTED}' ELSE '{NO_VERDICT_YET}' END"
    )
    return f"COALESCE({table}.recommendation, {no_verdict})"
