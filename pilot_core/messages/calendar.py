"""The leads' calendar: what is due, as iCalendar (RFC 5545), at a secret address that can be ended."""

from datetime import UTC, datetime, timedelta

from pilot_core import ids
from pilot_core.documents.text import line
from pilot_core.messages import clocks
from pilot_core.settings import Settings
from pilot_core.store import contacts
from pilot_core.store.contacts import Feed
from pilot_core.store.pilots import PilotStore
from pilot_core.tokens import hashed, new_token

LINE_BYTES = 75
LONG = timedelta(minutes=30)


def make_feed(store: PilotStore, name: str, *, is_account: bool) -> str:
    """A secret address for someone of the team, as its token, shown this once; the one they had before ends."""
    token = new_token()
    feed = Feed(ids.new_id("feed"), name, is_account, store.clock(), None)
    store.database.transaction(lambda connection: contacts.add_feed(connection, feed, hashed(token)))
    return token


def end_feed(store: PilotStore, name: str) -> None:
    """End the secret address of a name; without one, nothing happens."""
    store.database.transaction(lambda connection: contacts.end_feeds(connection, name, store.clock()))


def feeds(store: PilotStore) -> list[Feed]:
    """The feeds that live, the oldest first."""
    return store.database.read(contacts.feeds)


def feed_of(store: PilotStore, token: str) -> Feed | None:
    """The living feed behind a token."""
    return store.database.read(lambda connection: contacts.feed_of(connection, hashed(token)))


def calendar(store: PilotStore, config: Settings) -> str:
    """Every due date of an open pilot as an event that ends with it."""
    now = store.clock()
    lines: list[str] = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Pilot Ops//Due dates//EN",
        "X-WR-CALNAME:Pilot Ops",
    ]
    for due in clocks.dues(store.database, config, now):
        whose = "ours" if due.is_ours else "the founder’s"
        lines += [
            "BEGIN:VEVENT",
            f"UID:{due.pilot_id}-{due.attempt_number or 0}-{due.step}@pilot-ops",
            f"DTSTAMP:{_moment(now)}",
            f"DTSTART:{_moment(due.due_at - LONG)}",
            f"DTEND:{_moment(due.due_at)}",
            f"SUMMARY:{_text(f'{due.company_name}: {due.words}')}",
            f"DESCRIPTION:{_text(f'Due; the step is {whose}.')}",
            f"URL:{config.address}/pilot?pilot={due.pilot_id}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    return "".join(_folded(text) + "\r\n" for text in [*lines, "END:VCALENDAR"])


def _moment(value: datetime) -> str:
    return f"{value.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    """As RFC 5545 writes a text (3.3.11); no line break is left in it."""
    text = line(value)
    for mark in "\\;,":
        text = text.replace(mark, f"\\{mark}")
    return text


def _folded(text: str) -> str:
    """At most 75 bytes a line, broken between characters (3.1)."""
    here = ""
    lines: list[str] = []
    for character in text:
        if len((here + character).encode()) > (LINE_BYTES if not lines else LINE_BYTES - 1):
            lines.append(here)
            here = ""
        here += character
    return "\r\n ".join([*lines, here])
