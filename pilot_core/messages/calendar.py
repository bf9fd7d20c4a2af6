"""The leads' calendar of due dates as iCalendar (RFC 5545), at a capability link that can be revoked."""

from datetime import UTC, datetime, timedelta

from pilot_core import ids
from pilot_core.documents.text import line
from pilot_core.domain.actors import Actor, Way
from pilot_core.domain.contacts import Feed
from pilot_core.domain.roles import ActKind
from pilot_core.messages import deadlines
from pilot_core.settings import Settings
from pilot_core.store import permission
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import contacts
from pilot_core.tokens import hashed, new_token

LINE_BYTES = 75
EVENT_LENGTH = timedelta(minutes=30)


def make_feed(store: PilotStore, actor: Actor) -> str:
    """Create a calendar feed for a member of the team, ending their earlier one; returns its token."""
    token, now = new_token(), store.clock()
    feed = Feed(ids.new_id("feed"), str(actor), actor.source.way is Way.ACCOUNT, now, None)

    def add_feed(connection: Connection) -> None:
        permission.check(connection, actor, ActKind.FEED, None, now)
        contacts.add_feed(connection, feed, hashed(token))

    store.database.transaction(add_feed)
    return token


def end_feed(store: PilotStore, actor: Actor) -> None:
    """End the member's feed, if there is one."""
    now = store.clock()

    def end(connection: Connection) -> None:
        permission.check(connection, actor, ActKind.FEED, None, now)
        contacts.end_feeds(connection, actor, now)

    store.database.transaction(end)


def feeds(store: PilotStore) -> list[Feed]:
    """Return the active feeds, oldest first."""
    return store.database.read(contacts.feeds)


def feed_of(store: PilotStore, token: str) -> Feed | None:
    """Return the active feed of a token, or None. One made with a key is active while its person is signed in."""
    now = store.clock()
    return store.database.read(lambda connection: contacts.feed_of(connection, hashed(token), now))


def calendar(store: PilotStore, config: Settings) -> str:
    """Return a calendar with each due date of an active pilot as an event that ends at that time."""
    now = store.clock()
    lines: list[str] = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Pilot Ops//Due dates//EN",
        "X-WR-CALNAME:Pilot Ops",
    ]
    for due in deadlines.dues(store.database, config, now):
        whose = "ours" if due.is_ours else "the founder’s"
        lines += [
            "BEGIN:VEVENT",
            f"UID:{due.pilot_id}-{due.attempt_number or 0}-{due.step}@pilot-ops",
            f"DTSTAMP:{_moment(now)}",
            f"DTSTART:{_moment(due.due_at - EVENT_LENGTH)}",
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
    """Return a text escaped as in RFC 5545, 3.3.11, without line breaks."""
    text = line(value)
    for mark in "\\;,":
        text = text.replace(mark, f"\\{mark}")
    return text


def _folded(text: str) -> str:
    """Return a line folded to at most 75 bytes, between characters (RFC 5545, 3.1)."""
    here = ""
    lines: list[str] = []
    for character in text:
        if len((here + character).encode()) > (LINE_BYTES if not lines else LINE_BYTES - 1):
            lines.append(here)
            here = ""
        here += character
    return "\r\n ".join([*lines, here])
