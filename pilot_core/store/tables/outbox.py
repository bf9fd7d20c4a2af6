"""Messages, their deliveries and the process that sends them, as rows."""

import hashlib
from datetime import datetime, timedelta

from pilot_core.domain.feedback import Feedback, FeedbackMode
from pilot_core.domain.messages import (
    EDITABLE,
    MOVABLE,
    Delivery,
    Message,
    MessageKind,
    MessageState,
    NewMessage,
    Words,
)
from pilot_core.store.engine.connection import Connection, Row, rows
from pilot_core.store.tables.columns import from_column, to_column

SENDER_SECONDS = 60.0
"""A sender that has sent no heartbeat for this long counts as ended."""
FAR = timedelta(days=2)
"""A time this far ahead was written before the clock was set back."""


def enqueue(connection: Connection, new: NewMessage, now: datetime, *, held: str | None = None) -> bool:
    """Add a message; False if it exists already or messages are off for its pilot.

    ``held`` is the reason for which it waits for a person, if it does.
    """
    known = "SELECT 1 FROM messages WHERE message_id = ?"
    off = "SELECT 1 FROM pilot_contacts WHERE pilot_id = ? AND messages_off"
    if rows(connection, known, [new.message_id]) or rows(connection, off, [new.pilot_id]):
        return False
    last = "SELECT COALESCE(max(position), 0) AS last FROM messages WHERE pilot_id = ?"
    connection.execute(
        "INSERT INTO messages (message_id, pilot_id, kind, attempt_number, about, position, state, reason, written_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            new.message_id,
            new.pilot_id,
            new.kind.value,
            new.attempt_number,
            new.about,
            rows(connection, last, [new.pilot_id])[0]["last"] + 1,
            (MessageState.HELD if held else MessageState.WAITING).value,
            held,
            to_column(now),
        ],
    )
    return True


def enqueue_feedback(
    connection: Connection, pilot_id: str, attempt_number: int, given: Feedback, now: datetime
) -> None:
    """Add the message that a person gave feedback. Simulated feedback sends none."""
    if given.mode is FeedbackMode.HUMAN:
        enqueue(connection, NewMessage(MessageKind.FEEDBACK_RECEIVED, pilot_id, attempt_number, given.feedback_id), now)


def written(connection: Connection, message_ids: list[str]) -> set[str]:
    """Those of the ids that exist."""
    sql = "SELECT message_id FROM messages WHERE message_id = ANY(?)"
    return {row["message_id"] for row in rows(connection, sql, [message_ids])} if message_ids else set()


def message(connection: Connection, message_id: str) -> Message | None:
    """The message with that id, or None."""
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
    """The newest digests, at most ``most``. They belong to no pilot."""
    sql = "SELECT * FROM messages WHERE kind = 'digest' ORDER BY written_at DESC, message_id LIMIT ?"
    return [_message(row) for row in rows(connection, sql, [most])]


def given_up(connection: Connection, most: int = 50) -> list[tuple[Message, list[Delivery]]]:
    """The failed messages, the newest first, each with its failed deliveries."""
    sql = "SELECT * FROM messages WHERE state = 'given_up' ORDER BY ended_at DESC, message_id LIMIT ?"
    found = [_message(row) for row in rows(connection, sql, [most])]
    failed = "SELECT * FROM deliveries WHERE state = 'given_up' AND message_id = ANY(?) ORDER BY recipient"
    lost = [_delivery(row) for row in rows(connection, failed, [[each.message_id for each in found]])]
    return [(each, [d for d in lost if d.message_id == each.message_id]) for each in found]


def count_given_up(connection: Connection) -> int:
    """How many messages have failed."""
    return int(rows(connection, "SELECT count(*) AS many FROM messages WHERE state = 'given_up'")[0]["many"])


def count_reminders(connection: Connection, pilot_id: str, attempt_number: int) -> int:
    """How many reminders about an attempt were sent, or put up to be copied by hand."""
    sql = (
        "SELECT count(*) AS many FROM messages WHERE pilot_id = ? AND attempt_number = ? AND kind = 'reminder' "
        "AND state IN ('sent', 'by_hand')"
    )
    return int(rows(connection, sql, [pilot_id, attempt_number])[0]["many"])


def due_messages(connection: Connection, written_before: datetime, is_open: bool) -> list[Message]:
    """The messages that are due: those that a person released, and while ``is_open`` those written before then."""
    sql = (
        "SELECT * FROM messages WHERE state = 'waiting' AND (go_at IS NOT NULL OR (? AND written_at <= ?)) "
        "ORDER BY written_at, pilot_id, position"
    )
    return [_message(row) for row in rows(connection, sql, [is_open, to_column(written_before)])]


def keep_words(connection: Connection, message_id: str, words: Words) -> None:
    """Store the message's text, unless it is stored already."""
    connection.execute(
        "UPDATE messages SET subject = ?, body = ?, html = ? WHERE message_id = ? AND subject IS NULL",
        [words.subject, words.body, words.html, message_id],
    )


def edit(connection: Connection, message_id: str, words: Words, by: str, now: datetime) -> bool:
    """Replace the message's text; False when it is being sent or has ended."""
    changed = connection.execute(
        "UPDATE messages SET subject = ?, body = ?, html = ?, edited_by = ?, edited_at = ? "
        "WHERE message_id = ? AND state = ANY(?) RETURNING 1",
        [words.subject, words.body, words.html, by, to_column(now), message_id, [state.value for state in EDITABLE]],
    )
    return bool(changed.fetchall())


def release(connection: Connection, message_id: str, by: str, now: datetime) -> bool:
    """Let a message be sent at once, at any hour; False when it is being sent or has ended."""
    changed = connection.execute(
        "UPDATE messages SET state = 'waiting', reason = NULL, ended_at = NULL, go_at = ?, released_by = ? "
        "WHERE message_id = ? AND state = ANY(?) RETURNING 1",
        [to_column(now), by, message_id, [state.value for state in MOVABLE]],
    )
    return bool(changed.fetchall())


def move(
    connection: Connection,
    message_id: str,
    before: tuple[MessageState, ...],
    after: MessageState,
    reason: str | None,
    now: datetime,
) -> bool:
    """Move a message from one of the states ``before`` to ``after``; False when it is in none of them."""
    over = after in (MessageState.SENT, MessageState.GIVEN_UP, MessageState.CANCELLED, MessageState.BY_HAND)
    changed = connection.execute(
        "UPDATE messages SET state = ?, reason = ?, ended_at = ? WHERE message_id = ? AND state = ANY(?) RETURNING 1",
        [after.value, reason, to_column(now) if over else None, message_id, [state.value for state in before]],
    ).fetchall()
    if changed and after is MessageState.CANCELLED:
        connection.execute(
            "UPDATE deliveries SET state = 'cancelled' WHERE message_id = ? AND state = 'waiting'", [message_id]
        )
    return bool(changed)


def begin(connection: Connection, started: Message, recipients: list[tuple[str, str]], now: datetime) -> None:
    """Start the deliveries of a waiting message to those (way, recipient) pairs that it has not reached yet."""
    if not move(connection, started.message_id, (MessageState.WAITING,), MessageState.GOING, None, now):
        return
    connection.execute("DELETE FROM deliveries WHERE message_id = ? AND state <> 'sent'", [started.message_id])
    reached = "SELECT way, recipient FROM deliveries WHERE message_id = ?"
    sent = {(row["way"], row["recipient"]) for row in rows(connection, reached, [started.message_id])}
    for way, recipient in recipients:
        if (way, recipient) in sent:
            continue
        mixed = hashlib.sha256(f"{started.message_id}\n{way}\n{recipient}".encode()).hexdigest()[:32]
        connection.execute(
            "INSERT INTO deliveries (delivery_id, message_id, pilot_id, way, recipient, state, tries, next_try_at) "
            "VALUES (?, ?, ?, ?, ?, 'waiting', 0, ?)",
            [mixed, started.message_id, started.pilot_id, way, recipient, to_column(now)],
        )
    if sent.issuperset(recipients):
        move(connection, started.message_id, (MessageState.GOING,), MessageState.SENT, None, now)


def claim_delivery(
    connection: Connection, holder: str, way: str, now: datetime, is_open: bool, pauses: tuple[timedelta, ...]
) -> tuple[Delivery, Message] | None:
    """Claim the next delivery by that way that is due, and count the try before it is made; None when none is due.

    Of a pilot's deliveries by webhook, only the earliest open one is
    due. The time of the next try is stored already, in case this sender ends without recording a result.
    """
    if not claim_sender(connection, holder, now):
        return None
    sql = """
        SELECT d.* FROM deliveries d JOIN messages m ON m.message_id = d.message_id
        WHERE d.way = ? AND d.state = 'waiting' AND m.state = 'going' AND (d.next_try_at <= ? OR d.next_try_at > ?)
            AND (? OR m.go_at IS NOT NULL)
            AND NOT (d.way = 'webhook' AND EXISTS (
                SELECT 1 FROM deliveries e JOIN messages n ON n.message_id = e.message_id
                WHERE e.way = 'webhook' AND e.state = 'waiting' AND n.state = 'going'
                    AND n.pilot_id = m.pilot_id AND n.position < m.position
            ))
        ORDER BY m.written_at, m.position, d.delivery_id LIMIT 1
    """
    found = rows(connection, sql, [way, to_column(now), to_column(now + FAR), is_open])
    if not found:
        return None
    taken = _delivery(found[0])
    pause = pauses[min(taken.tries, len(pauses) - 1)]
    connection.execute(
        "UPDATE deliveries SET tries = tries + 1, next_try_at = ? WHERE delivery_id = ?",
        [to_column(now + pause), taken.delivery_id],
    )
    due = message(connection, taken.message_id)
    assert due is not None
    return taken, due


def note_trouble(connection: Connection, delivery_id: str, trouble: str, next_try_at: datetime) -> None:
    """Record why a try failed, and when the next one is."""
    connection.execute(
        "UPDATE deliveries SET trouble = ?, next_try_at = ? WHERE delivery_id = ?",
        [trouble, to_column(next_try_at), delivery_id],
    )


def anything_due(connection: Connection, now: datetime, is_open: bool) -> bool:
    """Whether any delivery is due."""
    sql = (
        "SELECT 1 FROM deliveries d JOIN messages m ON m.message_id = d.message_id "
        "WHERE d.state = 'waiting' AND m.state = 'going' AND (d.next_try_at <= ? OR d.next_try_at > ?) "
        "AND (? OR m.go_at IS NOT NULL) LIMIT 1"
    )
    return bool(rows(connection, sql, [to_column(now), to_column(now + FAR), is_open]))


def extend_link(connection: Connection, link_id: str, until: datetime) -> None:
    """Extend a valid review link; its token and grants stay."""
    connection.execute("UPDATE review_links SET expires_at = ? WHERE link_id = ?", [to_column(until), link_id])


def settle(
    connection: Connection, delivery_id: str, state: MessageState, now: datetime, trouble: str | None = None
) -> None:
    """Record how a delivery ended and, with the last one, how its message ended."""
    found = rows(connection, "SELECT * FROM deliveries WHERE delivery_id = ? AND state = 'waiting'", [delivery_id])
    if not found:
        return
    sent_at = to_column(now) if state is MessageState.SENT else None
    connection.execute(
        "UPDATE deliveries SET state = ?, sent_at = ?, trouble = ? WHERE delivery_id = ?",
        [state.value, sent_at, trouble, delivery_id],
    )
    message_id = found[0]["message_id"]
    # Both of two deliveries that end at once change the sender's row, so that the later one sees how the other ended.
    # The value must become another: DuckDB passes over an update that changes nothing.
    connection.execute("UPDATE message_sender SET until = until + INTERVAL '1 microsecond'")
    ends = {row["state"] for row in rows(connection, "SELECT state FROM deliveries WHERE message_id = ?", [message_id])}
    if "waiting" not in ends:
        end = MessageState.GIVEN_UP if "given_up" in ends else MessageState.SENT
        move(connection, message_id, (MessageState.GOING,), end, trouble if end is MessageState.GIVEN_UP else None, now)


def claim_sender(connection: Connection, holder: str, now: datetime) -> bool:
    """Become or remain the only sender; False while another one is running."""
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
    """Let another process send at once."""
    connection.execute("DELETE FROM message_sender WHERE holder = ?", [holder])


def forget_words(connection: Connection, pilot_id: str) -> None:
    """Remove text and recipients from a pilot's messages, and cancel those that wait."""
    _cancel(connection, "pilot_id = ?", [pilot_id])
    connection.execute(
        "UPDATE messages SET subject = '', body = '', html = '', reason = NULL WHERE pilot_id = ?", [pilot_id]
    )
    connection.execute("UPDATE deliveries SET recipient = '', trouble = NULL WHERE pilot_id = ?", [pilot_id])
    connection.execute("UPDATE pilot_contacts SET email = NULL WHERE pilot_id = ?", [pilot_id])


def forget_digests(connection: Connection) -> None:
    """Remove the text of digests, which name pilots and people, and cancel those that wait."""
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
    return Message(**{**row, **times, "kind": MessageKind(row["kind"]), "state": MessageState(row["state"])})


def _delivery(row: Row) -> Delivery:
    times = {name: from_column(row[name]) for name in ("next_try_at", "sent_at")}
    return Delivery(**{**row, **times, "state": MessageState(row["state"])})
