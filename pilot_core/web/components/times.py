"""Times for visitors: how long ago, and the exact time in their time zone and in UTC."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import streamlit as st

from pilot_core.clock import as_utc
from pilot_core.formatting import MISSING, ago, moment


def viewer_zone() -> str:
    """Return the name of the visitor's time zone; UTC if the browser sends none or an unknown one."""
    try:
        return ZoneInfo(st.context.timezone or "UTC").key
    except (KeyError, ValueError):
        return "UTC"


def exact(value: datetime | None, zone: str) -> str:
    """Return the time in that zone and in UTC: "22 Nov 2026, 14:05 in Europe/Berlin, 13:05 UTC"."""
    if value is None:
        return MISSING
    if zone == "UTC":
        return moment(value)
    there = as_utc(value).astimezone(ZoneInfo(zone))
    return f"{there.day} {there:%b %Y, %H:%M} in {zone.replace('_', ' ')}, {moment(value)}"


def when(value: datetime | None, prefix: str = "") -> None:
    """Draw "3 h ago" in small type, with the exact time on hover."""
    st.caption(f"{prefix}{ago(value, datetime.now(UTC))}", help=exact(value, viewer_zone()), width="content")
