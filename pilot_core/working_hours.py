"""Working time: the days and hours, in one time zone, in which messages are sent and due dates count.

Due dates count all 24 hours of a working day, so 24 hours from Friday noon is Monday noon. Messages are sent only
between the first and the last hour of a working day. Times are added in UTC, so a day may have 23 or 25 hours.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from pilot_core.errors import InvalidRequest

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_DAYS = 400


@dataclass(frozen=True)
class Hours:
    """``days`` are weekdays from 0 (Monday); messages are sent from ``first`` to ``last``, local hours."""

    zone: str = "UTC"
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    first: int = 8
    last: int = 19

    def local(self, moment: datetime) -> datetime:
        """Return the moment in the zone's local time."""
        return moment.astimezone(ZoneInfo(self.zone))

    def day_of(self, moment: datetime) -> date:
        """Return the local day of a moment."""
        return self.local(moment).date()

    def is_open(self, moment: datetime) -> bool:
        """Whether messages may be sent at that moment."""
        here = self.local(moment)
        return here.weekday() in self.days and self.first <= here.hour < self.last

    def after(self, moment: datetime, hours: float) -> datetime:
        """Return the moment (UTC) that many hours later, counting only working days."""
        left = timedelta(hours=hours)
        at = moment.astimezone(UTC)
        for _ in range(LONGEST_DAYS):
            day = self.day_of(at)
            end = self.begins(day + timedelta(days=1))
            if day.weekday() in self.days:
                if end - at > left:
                    return at + left
                left -= end - at
            at = end
        return at

    def before(self, moment: datetime, hours: float) -> datetime:
        """Return the last moment (UTC) from which :meth:`after` gives ``moment`` or earlier, if it is in a working day.

        If ``moment`` is not in a working day, ``after`` may give the next working day instead.
        """
        left = timedelta(hours=hours)
        at, day = moment.astimezone(UTC), self.day_of(moment)
        for _ in range(LONGEST_DAYS):
            begin = self.begins(day)
            if day.weekday() in self.days:
                if at - begin >= left:
                    return at - left
                left -= at - begin
            at, day = begin, day - timedelta(days=1)
        return at

    def begins(self, day: date) -> datetime:
        """Return the moment (UTC) at which a local day begins."""
        return datetime.combine(day, time(), ZoneInfo(self.zone)).astimezone(UTC)


USUAL = Hours()


@cache
def parse(zone: str, days: str, hours: str) -> Hours:
    """Parse working time: "Europe/Berlin", "mon-fri" or "sun,mon,tue", "8-19". Raises InvalidRequest."""
    zone, days, hours = zone.strip() or "UTC", days.strip().lower() or "mon-fri", hours.strip() or "8-19"
    try:
        ZoneInfo(zone)
    except (OSError, ValueError, KeyError):
        raise InvalidRequest(f"“{zone}” is not a time zone; one looks like Europe/Berlin.") from None
    return Hours(zone, _days(days), *_span(hours))


def _days(text: str) -> tuple[int, ...]:
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = (name.strip() for name in part.partition("-"))
        if first not in DAYS or (last and last not in DAYS):
            raise InvalidRequest(f"“{text}” are not days; write them as mon-fri, or sun,mon,tue.")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        found.update(day % 7 for day in range(begin, end + 1 if end >= begin else end + 8))
    return tuple(sorted(found))


def _span(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    if first.isdecimal() and last.isdecimal() and 0 <= int(first) < int(last) <= 24:
        return int(first), int(last)
    raise InvalidRequest(f"“{text}” are not hours; write the first and the last as 8-19, or 0-24 for always.")
