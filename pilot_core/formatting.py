"""Format numbers and times for people: with units, rounded to what matters, "–" where unknown."""

import math
from datetime import datetime
from typing import TypeGuard

from pilot_core.clock import as_utc

MISSING = "–"


def printable(text: str) -> str:
    """Return the text with a mark for each character that cannot be shown, such as line breaks and control codes."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def _known(value: float | None) -> TypeGuard[float]:
    return value is not None and not math.isnan(value)


def _short(value: float) -> str:
    """One decimal under 10 unless it is zero, whole numbers above: 2.4, 3, 38, 9,999."""
    text = f"{value:,.1f}" if abs(value) < 9.95 else f"{value:,.0f}"
    return text.removesuffix(".0")


def seconds(value: float | None) -> str:
    """``38.2`` → "38 s", ``2.44`` → "2.4 s"."""
    return f"{_short(value)} s" if _known(value) else MISSING


def dollars(value: float | None) -> str:
    """``0.26`` → "$0.26"; a positive amount below a cent is "under $0.01"."""
    if not _known(value):
        return MISSING
    return "under $0.01" if 0 < value < 0.005 else f"${value:,.2f}"


def percent(value: float | None) -> str:
    """A share from 0 to 1: ``0.714`` → "71%"."""
    return f"{value:.0%}" if _known(value) else MISSING


def rate(numerator: int, denominator: int, low: float | None, high: float | None) -> str:
    """A rate with its counts and interval (0 to 1): "71% (10 of 14, 45–88%)"; 0 of 0 is "–"."""
    if not denominator:
        return MISSING
    interval = f", {percent(low).removesuffix('%')}–{percent(high)}" if _known(low) and _known(high) else ""
    return f"{percent(numerator / denominator)} ({numerator} of {denominator}{interval})"


def count(value: float | None, noun: str) -> str:
    """``count(1, "attempt")`` → "1 attempt", ``count(2.4, "iteration")`` → "2.4 iterations"."""
    if not _known(value):
        return MISSING
    text = _short(value)
    return f"{text} {noun}" if text == "1" else f"{text} {noun}s"


def at_least(value: int, noun: str, *, more: bool) -> str:
    """As ``count``, but ``at_least(1000, "pilot", more=True)`` → "1,000+ pilots", where counting stopped."""
    return f"{_short(value)}+ {noun}s" if more else count(value, noun)


def all_used(attempts: int) -> str:
    """``all_used(5)`` → "All 5 attempts are used"; of one: "The one attempt there may be is used"."""
    return "The one attempt there may be is used" if attempts == 1 else f"All {attempts} attempts are used"


def working_time(hours: float) -> str:
    """``working_time(48)`` → "2 working days", ``working_time(10)`` → "10 working hours"."""
    return count(hours / 24, "working day") if hours % 24 == 0 else count(hours, "working hour")


def file_size(size: int) -> str:
    """Format a number of bytes: "640 KB", "1.2 MB"."""
    return f"{max(1, round(size / 1000)):,} KB" if size < 999_500 else f"{size / 1e6:.1f} MB"


def day(value: datetime | None) -> str:
    """Return the day in UTC: "15 January 2024"."""
    return f"{as_utc(value).day} {as_utc(value):%B %Y}" if value else MISSING


def moment(value: datetime | None) -> str:
    """Day and minute in UTC: "15 Jan 2024, 10:00 UTC"."""
    return f"{as_utc(value).day} {as_utc(value):%b %Y, %H:%M} UTC" if value else MISSING


def ago(value: datetime | None, now: datetime) -> str:
    """How long before ``now``: "just now", "5 min ago", "3 h ago", "2 days ago"; a future time is "in 3 h"."""
    if value is None:
        return MISSING
    away = (as_utc(now) - as_utc(value)).total_seconds()
    minutes = int(abs(away) // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        span = f"{minutes} min"
    elif minutes < 48 * 60:
        span = f"{minutes // 60} h"
    else:
        span = f"{minutes // (24 * 60)} days"
    return f"{span} ago" if away > 0 else f"in {span}"


def timecode(value: float | None) -> str:
    """Seconds from the start as minutes, seconds and tenths: ``65.25`` → "1:05.2"."""
    if not _known(value):
        return MISSING
    tenths = round(value * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"
