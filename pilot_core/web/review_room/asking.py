"""The first line of the room: who asks for what, by when."""

from datetime import date, datetime

from pilot_core.messages import deadlines
from pilot_core.settings import Settings
from pilot_core.web.review_room.room import Room

NEAR_DAYS = 6
"""Up to how many days ahead a day is named by its weekday."""

DUES_KEPT = 256

_dues: dict[tuple[str, str, int, datetime], datetime | None] = {}


def sender(settings: Settings) -> str:
    """Who asks: "Priya at Northwind Video", or as much of it as is set."""
    named = " at ".join(part for part in (settings.lead_name, settings.team_name) if part)
    return named or "The team"


def first_line(room: Room, settings: Settings) -> str:
    """One sentence: "Priya at Northwind Video would like your decision on version 2 by Thursday."."""
    who = sender(settings)
    newest = room.newest
    if newest is None:
        return f"{who} is making the first version of your video."
    version = f"version {newest.attempt_number}"
    if room.next_is_made:
        return f"{who} is making version {room.pilot.runs[-1].attempt_number}."
    if room.takes_decision or (room.grant is None and not room.is_completed):
        return f"{who} would like your decision on {version}{_by(room, settings)}."
    if room.is_completed and room.approval:
        return f"Version {room.approval[0].attempt_number} of {room.pilot.company_name}’s video is approved."
    if room.is_completed:
        return f"The review of {room.pilot.company_name}’s video has ended."
    return f"{who} has your decision on {version}."


def _by(room: Room, settings: Settings) -> str:
    """ " by Thursday", where a decision is due and not late; otherwise nothing."""
    due_at = _due_at(room, settings)
    if due_at is None or due_at <= room.now:
        return ""
    return f" by {day_word(settings.hours.local(due_at).date(), settings.hours.local(room.now))}"


def _due_at(room: Room, settings: Settings) -> datetime | None:
    """When the reviewer's decision is due, asked once a minute for each state of a pilot, which comments do not change.

    It is a third of what a page costs, and everyone in a room fetches the page at the same news.
    """
    key = (str(room.store.root), room.pilot.pilot_id, room.pilot.version, room.now.replace(second=0, microsecond=0))
    if key not in _dues:
        due = next(iter(deadlines.dues(room.store.database, settings, room.now, room.pilot.pilot_id)), None)
        while len(_dues) >= DUES_KEPT:
            _dues.pop(next(iter(_dues)), None)
        _dues[key] = due.due_at if due and not due.is_ours else None
    return _dues[key]


def day_word(day: date, now: datetime) -> str:
    """A day as it is said now: "today", "tomorrow", "Thursday", "15 January"."""
    ahead = (day - now.date()).days
    if ahead < 2:
        return "today" if ahead < 1 else "tomorrow"
    return f"{day:%A}" if ahead <= NEAR_DAYS else f"{day.day} {day:%B}"
