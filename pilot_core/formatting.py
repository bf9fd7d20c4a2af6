"""Numbers and times as people read them: units always, no digits the data does not deserve, "–" where none is known."""

import math
from datetime import datetime
from typing import TypeGuard

from pilot_core.clock import as_utc

MISSING = "–"


def printable(text: str) -> str:
    """The text with a mark for each character that cannot be shown: line ends, control codes, what is no text."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def _known(value: float | None) -> TypeGuard[float]:
    return value is not None and not math.isnan(value)


def _short(value: float) -> str:
    """One decimal under 10 where it says something, whole numbers from there on: 2.4, 3, 38, 9,999."""
    text = f"{value:,.1f}" if abs(value) < 9.95 else f"{value:,.0f}"
    return text.removesuffix(".0")


def seconds(value: float | None) -> str:
    """``38.2`` → "38 s", ``2.44`` → "2.4 s"."""
    return f"{_short(value)} s" if _known(value) else MISSING


def dollars(value: float | None) -> str:
    """``0.26`` → "$0.26"; more than nothing and less than a cent is said so, never shown as $0.00."""
    if not _known(value):
        return MISSING
    return "under $0.01" if 0 < value < 0.005 else f"${value:,.2f}"


def percent(value: float | None) -> str:
    """A share from 0 to 1: ``0.714`` → "71%"."""
    return f"{value:.0%}" if _known(value) else MISSING


def rate(numerator: int, denominator: int, low: float | None, high: float | None) -> str:
    """A rate with what it is made of and its interval (0 to 1): "71% (10 of 14, 45–88%)"; 0 of 0 is "–"."""
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


def day(value: datetime | None) -> str:
    """The day in UTC: "15 January 2024"."""
    return f"{as_utc(value).day} {as_utc(value):%B %Y}" if value else MISSING


def moment(value: datetime | None) -> str:
    """Day and minute in UTC: "15 Jan 2024, 10:00 UTC"."""
    return f"{as_utc(value).day} {as_utc(value):%b %Y, %H:%M} UTC" if value else MISSING


def ago(value: datetime | None, now: datetime) -> str:
    """How long before ``now``: "just now", "5 min ago", "3 h ago", "2 days ago"; a time to come is "in 3 h"."""
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
