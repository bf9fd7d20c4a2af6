"""Messages, their deliveries and the one sender, as rows.

What changes rows takes the connection of a running transaction. Of links' tokens only hashes come here.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pilot_core.models import Feedback, FeedbackMode
from pilot_core.store.database import Row, rows
from pilot_core.store.lease import Connection
from pilot_core.store.rows import from_column, to_column

SENDER_SECONDS = 60.0
"""A sender that has not been heard from for this long is gone."""
FAR = timedelta(days=2)
"""A time this far ahead is one from before the clock was set back."""


class Kind(StrEnum):
    """What a message tells of."""

    CUT_READY = "cut_ready"
    REMINDER = "reminder"
    LINK_EXPIRING = "link_expiring"
    FEEDBACK_RECEIVED = "feedback_received"
    RENDER_FAILED = "render_failed"
    REPORT_READY = "report_ready"
    DIGEST = "digest"


class State(StrEnum):
    """How a message stands. ``HELD`` waits for a person, ``BY_HAND`` can only be copied, the last four are over."""

    WAITING = "waiting"
    HELD = "held"
    GOING = "going"
    BY_HAND = "by_hand"
    SENT = "sent"
    GIVEN_UP = "given_up"
    CANCELLED = "cancelled"


EDITABLE = (State.WAITING, State.HELD, State.BY_HAND)
TO_FOUNDERS = (Kind.CUT_READY, Kind.REMINDER, Kind.LINK_EXPIRING)
OPEN = (State.WAITING, State.HELD, State.GOING, State.BY_HAND, State.GIVEN_UP)


@dataclass(frozen=True)
class Message:
    """One message; times in UTC. ``subject``, ``body`` and ``html`` are None until they are kept."""

    message_id: str
    pilot_id: str | None
    kind: Kind
    attempt_number: int | None
    about: str
    position: int
    state: State
    reason: str | None
    written_at: datetime
    go_at: datetime | None
    ended_at: datetime | None
    subject: str | None
    body: str | None
    html: str | None
    edited_at: datetime | None
    edited_by: str | None

    @property
    def audience(self) -> str:
        """``founder`` or ``leads``."""
        return "founder" if self.kind in TO_FOUNDERS else "leads"


@dataclass(frozen=True)
class Delivery:
    """One way and recipient of a message; times in UTC. ``trouble`` is why the last try came to nothing."""

    delivery_id: str
    message_id: str
    pilot_id: str | None
    way: str
    recipient: str
    state: State
    tries: int
    next_try_at: datetime
    sent_at: datetime | None
    trouble: str | None


def message_id_of(kind: Kind, pilot_id: str | None, attempt_number: int | None, about: str) -> str:
    """The id of the message of one event; the same however often the event is told."""
    told = "\n".join((kind.value, pilot_id or "", str(attempt_number or ""), about))
    return "message_" + hashlib.sha256(told.encode()).hexdigest()[:24]


def tell(
    connection: Connection,
    kind: Kind,
    pilot_id: str | None,
    now: datetime,
    *,
    attempt_number: int | None = None,
    about: str = "",
    held: str | None = None,
) -> bool:
    """Write the message of an event, unless it is written already or messages are off for its pilot.

    ``about`` tells events of one kind and attempt apart. With ``held``, the reason, it waits for a person.
    """
    message_id = message_id_of(kind, pilot_id, attempt_number, about)
    known = "SELECT 1 FROM messages WHERE message_id = ?"
    off = "SELECT 1 FROM pilot_contacts WHERE pilot_id = ? AND messages_off"
    if rows(connection, known, [message_id]) or rows(connection, off, [pilot_id]):
        return False
    last = "SELECT COALESCE(max(position), 0) AS last FROM messages WHERE pilot_id = ?"
    connection.execute(
        "INSERT INTO messages (message_id, pilot_id, kind, attempt_number, about, position, state, reason, written_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            message_id,
            pilot_id,
            kind.value,
            attempt_number,
            about,
            rows(connection, last, [pilot_id])[0]["last"] + 1,
            (State.HELD if held else State.WAITING).value,
            held,
            to_column(now),
        ],
    )
    return True


def tell_of_feedback(
    connection: Connection, pilot_id: str, attempt_number: int, given: Feedback, now: datetime
) -> None:
    """Write the message that a person has spoken; of simulated feedback nobody is told."""
    if given.mode is FeedbackMode.HUMAN:
        about = given.feedback_id
        tell(connection, Kind.FEEDBACK_RECEIVED, pilot_id, now, attempt_number=attempt_number, about=about)


def written(connection: Connection, message_ids: list[str]) -> set[str]:
    """Those of the ids that there are messages of."""
    sql = "SELECT message_id FROM messages WHERE message_id = ANY(?)"
    return {row["message_id"] for row in rows(connection, sql, [message_ids])} if message_ids else set()


def message(connection: Connection, message_id: str) -> Message | None:
    """The message of that id."""
    found = rows(connection, "SELECT * FROM messages WHERE message_id = ?", [message_id])
    return _message(found[0]) if found else None


def messages_of(connection: Connection, pilot_id: str) -> list[Message]:
    """The pilot's messages, the newest first."""
    sql = "SELECT * FROM messages WHERE pilot_id = ? ORDER BY position DESC"
    return [_message(row) for row in rows(connection, sql, [pilot_id])]


def deliveries_of(connection: Connection, pilot_id: str) -> list[Delivery]:
    """The deliveries of the pilot's messages."""
    sql = "SELECT * FROM deliveries WHERE pilot_id = ? ORDER BY message_id, way, recipient"
    return [_delivery(row) for row in rows(connection, sql, [pilot_id])]


def digests(connection: Connection, most: int) -> list[Message]:
    """The newest digests, which belong to no pilot."""
    sql = "SELECT * FROM messages WHERE kind = 'digest' ORDER BY written_at DESC, message_id LIMIT ?"
    return [_message(row) for row in rows(connection, sql, [most])]


def given_up(connection: Connection, most: int = 50) -> list[tuple[Message, list[Delivery]]]:
    """The messages given up on, the newest first, with their deliveries that came to nothing."""
    sql = "SELECT * FROM messages WHERE state = 'given_up' ORDER BY ended_at DESC, message_id LIMIT ?"
    found = [_message(row) for row in rows(connection, sql, [most])]
    failed = "SELECT * FROM deliveries WHERE state = 'given_up' AND message_id = ANY(?) ORDER BY recipient"
    lost = [_delivery(row) for row in rows(connection, failed, [[told.message_id for told in found]])]
    return [(told, [d for d in lost if d.message_id == told.message_id]) for told in found]


def count_given_up(connection: Connection) -> int:
    """How many messages are given up on."""
    return int(rows(connection, "SELECT count(*) AS many FROM messages WHERE state = 'given_up'")[0]["many"])


def due_messages(connection: Connection, written_before: datetime, is_open: bool) -> list[Message]:
    """The messages whose time has come: those a person released, and in the hours for it those written before then."""
    sql = (
        "SELECT * FROM messages WHERE state = 'waiting' AND (go_at IS NOT NULL OR (? AND written_at <= ?)) "
        "ORDER BY written_at, pilot_id, position"
    )
    return [_message(row) for row in rows(connection, sql, [is_open, to_column(written_before)])]


def keep_words(connection: Connection, message_id: str, subject: str, body: str, html: str) -> None:
    """Keep what the message says, unless its words are kept already."""
    connection.execute(
        "UPDATE messages SET subject = ?, body = ?, html = ? WHERE message_id = ? AND subject IS NULL",
        [subject, body, html, message_id],
    )


def edit(connection: Connection, message_id: str, subject: str, body: str, html: str, by: str, now: datetime) -> bool:
    """Put other words in place; False when the message goes or is over."""
    changed = connection.execute(
        "UPDATE messages SET subject = ?, body = ?, html = ?, edited_by = ?, edited_at = ? "
        "WHERE message_id = ? AND state = ANY(?) RETURNING 1",
        [subject, body, html, by, to_column(now), message_id, [state.value for state in EDITABLE]],
    )
    return bool(changed.fetchall())


def move(
    connection: Connection,
    message_id: str,
    before: tuple[State, ...],
    after: State,
    reason: str | None,
    now: datetime,
    *,
    released: bool = False,
) -> bool:
    """Bring a message from one of those states into another; False when it was in none of them."""
    over = after in (State.SENT, State.GIVEN_UP, State.CANCELLED, State.BY_HAND)
    changed = connection.execute(
        "UPDATE messages SET state = ?, reason = ?, ended_at = ?, go_at = COALESCE(?, go_at) "
        "WHERE message_id = ? AND state = ANY(?) RETURNING 1",
        [
            after.value,
            reason,
            to_column(now) if over else None,
            to_column(now) if released else None,
            message_id,
            [state.value for state in before],
        ],
    ).fetchall()
    if changed and after is State.CANCELLED:
        connection.execute(
            "UPDATE deliveries SET state = 'cancelled' WHERE message_id = ? AND state = 'waiting'", [message_id]
        )
    return bool(changed)


def begin(connection: Connection, told: Message, recipients: list[tuple[str, str]], now: datetime) -> None:
    """Let a waiting message go to those (way, recipient) whom it has not reached yet; nothing where it goes already."""
    if not move(connection, told.message_id, (State.WAITING,), State.GOING, None, now):
        return
    connection.execute("DELETE FROM deliveries WHERE message_id = ? AND state <> 'sent'", [told.message_id])
    reached = "SELECT way, recipient FROM deliveries WHERE message_id = ?"
    sent = {(row["way"], row["recipient"]) for row in rows(connection, reached, [told.message_id])}
    for way, recipient in recipients:
        if (way, recipient) in sent:
            continue
        mixed = hashlib.sha256(f"{told.message_id}\n{way}\n{recipient}".encode()).hexdigest()[:32]
        connection.execute(
            "INSERT INTO deliveries (delivery_id, message_id, pilot_id, way, recipient, state, tries, next_try_at) "
            "VALUES (?, ?, ?, ?, ?, 'waiting', 0, ?)",
            [mixed, told.message_id, told.pilot_id, way, recipient, to_column(now)],
        )
    if sent.issuperset(recipients):
        move(connection, told.message_id, (State.GOING,), State.SENT, None, now)


def claim_delivery(
    connection: Connection, holder: str, now: datetime, is_open: bool, pauses: tuple[timedelta, ...]
) -> tuple[Delivery, Message] | None:
    """Take the next delivery that is due, counting the try before it is made; None when there is none to take.

    Webhooks answer soon, so mail comes after them. Of a pilot's deliveries by webhook, only the earliest that is not
    over is due. Its next try stands in the row
    already, after the pause that belongs to this one, for the case that nothing more is heard of this sender.
    """
    if not claim_sender(connection, holder, now):
        return None
    sql = """
        SELECT d.* FROM deliveries d JOIN messages m ON m.message_id = d.message_id
        WHERE d.state = 'waiting' AND m.state = 'going' AND (d.next_try_at <= ? OR d.next_try_at > ?)
            AND (? OR m.go_at IS NOT NULL)
            AND NOT (d.way = 'webhook' AND EXISTS (
                SELECT 1 FROM deliveries e JOIN messages n ON n.message_id = e.message_id
                WHERE e.way = 'webhook' AND e.state = 'waiting' AND n.state = 'going'
                    AND n.pilot_id = m.pilot_id AND n.position < m.position
            ))
        ORDER BY d.way = 'mail', m.written_at, m.position, d.delivery_id LIMIT 1
    """
    found = rows(connection, sql, [to_column(now), to_column(now + FAR), is_open])
    if not found:
        return None
    taken = _delivery(found[0])
    pause = pauses[min(taken.tries, len(pauses) - 1)]
    connection.execute(
        "UPDATE deliveries SET tries = tries + 1, next_try_at = ? WHERE delivery_id = ?",
        [to_column(now + pause), taken.delivery_id],
    )
    told = message(connection, taken.message_id)
    assert told is not None
    return taken, told


def note_trouble(connection: Connection, delivery_id: str, trouble: str, next_try_at: datetime) -> None:
    """Keep why a try came to nothing, and when the next one is."""
    connection.execute(
        "UPDATE deliveries SET trouble = ?, next_try_at = ? WHERE delivery_id = ?",
        [trouble, to_column(next_try_at), delivery_id],
    )


def anything_due(connection: Connection, now: datetime, is_open: bool) -> bool:
    """Whether a delivery's time has come."""
    sql = (
        "SELECT 1 FROM deliveries d JOIN messages m ON m.message_id = d.message_id "
        "WHERE d.state = 'waiting' AND m.state = 'going' AND (d.next_try_at <= ? OR d.next_try_at > ?) "
        "AND (? OR m.go_at IS NOT NULL) LIMIT 1"
    )
    return bool(rows(connection, sql, [to_column(now), to_column(now + FAR), is_open]))


def extend_link(connection: Connection, link_id: str, until: datetime) -> None:
    """Let a living review link end later; its token and grants stay."""
    connection.execute("UPDATE review_links SET expires_at = ? WHERE link_id = ?", [to_column(until), link_id])


def settle(connection: Connection, delivery_id: str, state: State, now: datetime, trouble: str | None = None) -> None:
    """Note how a try ended, and with the last delivery of a message how that ended."""
    found = rows(connection, "SELECT * FROM deliveries WHERE delivery_id = ? AND state = 'waiting'", [delivery_id])
    if not found:
        return
    sent_at = to_column(now) if state is State.SENT else None
    connection.execute(
        "UPDATE deliveries SET state = ?, sent_at = ?, trouble = ? WHERE delivery_id = ?",
        [state.value, sent_at, trouble, delivery_id],
    )
    message_id = found[0]["message_id"]
    ends = {row["state"] for row in rows(connection, "SELECT state FROM deliveries WHERE message_id = ?", [message_id])}
    if "waiting" not in ends:
        end = State.GIVEN_UP if "given_up" in ends else State.SENT
        move(connection, message_id, (State.GOING,), end, trouble if end is State.GIVEN_UP else None, now)


def claim_sender(connection: Connection, holder: str, now: datetime) -> bool:
    """Become, or stay, the one sender; False while another one lives."""
    found = rows(connection, "SELECT holder, until FROM message_sender WHERE place = 1")
    if found:
        until = from_column(found[0]["until"])
        assert until is not None
        if found[0]["holder"] != holder and now < until < now + FAR:
            return False
    connection.execute(
        "INSERT INTO message_sender (place, holder, until) VALUES (1, ?, ?) "
        "ON CONFLICT (place) DO UPDATE SET holder = EXCLUDED.holder, until = EXCLUDED.until",
        [holder, to_column(now + timedelta(seconds=SENDER_SECONDS))],
    )
    return True


def release_sender(connection: Connection, holder: str) -> None:
    """Let another one send at once."""
    connection.execute("DELETE FROM message_sender WHERE holder = ?", [holder])


def forget_words(connection: Connection, pilot_id: str) -> None:
    """Take words and recipients out of a pilot's messages; what waits is called off."""
    _cancel(connection, "pilot_id = ?", [pilot_id])
    connection.execute(
        "UPDATE messages SET subject = '', body = '', html = '', reason = NULL WHERE pilot_id = ?", [pilot_id]
    )
    connection.execute("UPDATE deliveries SET recipient = '', trouble = NULL WHERE pilot_id = ?", [pilot_id])
    connection.execute("UPDATE pilot_contacts SET email = NULL WHERE pilot_id = ?", [pilot_id])


def forget_digests(connection: Connection) -> None:
    """Take the words out of digests, which name pilots and people."""
    _cancel(connection, "pilot_id IS NULL", [])
    connection.execute("UPDATE messages SET subject = '', body = '', html = '', reason = NULL WHERE pilot_id IS NULL")


def _cancel(connection: Connection, where: str, given: list[str]) -> None:
    connection.execute(
        f"UPDATE messages SET state = 'cancelled' WHERE {where} AND state NOT IN ('sent', 'cancelled')",  # noqa: S608
        given,
    )
    connection.execute(f"UPDATE deliveries SET state = 'cancelled' WHERE {where} AND state = 'waiting'", given)  # noqa: S608


def _message(row: Row) -> Message:
    times = {name: from_column(row[name]) for name in ("written_at", "go_at", "ended_at", "edited_at")}
    return Message(**{**row, **times, "kind": Kind(row["kind"]), "state": State(row["state"])})


def _delivery(row: Row) -> Delivery:
    times = {name: from_column(row[name]) for name in ("next_try_at", "sent_at")}
    return Delivery(**{**row, **times, "state": State(row["state"])})
