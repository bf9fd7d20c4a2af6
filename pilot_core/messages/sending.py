"""Send an attempt to the founder, or remind them: the message before it goes, by mail or by hand, and that it went."""

from dataclasses import dataclass
from datetime import datetime

from pilot_core.domain.actors import Actor
from pilot_core.domain.attempt import SentHow
from pilot_core.domain.contacts import Contact
from pilot_core.domain.messages import KINDS, MOVABLE, OPEN, Message, MessageKind, MessageState, NewMessage, Words
from pilot_core.domain.pilot import PilotRun, PilotStatus
from pilot_core.domain.roles import ActKind
from pilot_core.errors import NotAllowedNow
from pilot_core.messages import templates
from pilot_core.messages.capability_links import review_address
from pilot_core.messages.letters import Envelope, letter_of, recipients_of
from pilot_core.messages.outbox import GONE
from pilot_core.server_address import why_unreachable
from pilot_core.settings import Settings
from pilot_core.store import permission
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import contacts, outbox

BY_HAND_AGAIN = (MessageState.CANCELLED, *MOVABLE)


@dataclass(frozen=True)
class Sending:
    """How an attempt would be sent now.

    ``message`` need not be stored yet (``is_stored``). ``recipients`` are (channel, address) pairs; with none, it can
    only be copied. ``why_not_by_server`` is a sentence that says why the server cannot send it, "" if it can.
    """

    message: Message
    is_stored: bool
    contact: Contact
    recipients: list[tuple[str, str]]
    why_not_by_server: str


def sending_of(
    store: PilotStore,
    config: Settings,
    pilot: PilotRun,
    attempt_number: int,
    kind: MessageKind = MessageKind.CUT_READY,
) -> Sending:
    """Return how the attempt would be sent to the founder now; with the kind REMINDER, how they would be reminded."""
    new = _new(config, pilot.pilot_id, attempt_number, kind, store.clock())

    def read(connection: Connection) -> tuple[Message | None, Contact]:
        written = [one for one in outbox.messages_of(connection, pilot.pilot_id) if _is_of(new, one)]
        return next(iter(written), None), contacts.contact(connection, pilot.pilot_id)

    known, contact = store.database.read(read)
    message = known or _unwritten(new, store.clock())
    recipients = recipients_of(config, message, contact)
    why_not = _why_not_by_server(config, pilot, message, contact, recipients)
    return Sending(message, known is not None, contact, recipients, why_not)


def copy_for(store: PilotStore, config: Settings, pilot: PilotRun, sending: Sending) -> Words:
    """Return the message with its links filled in, for a person to copy. Creates the review link if there is none."""
    letter = letter_of(store, config, sending.message, pilot, Envelope(sending.message.message_id), released=True)
    return Words(letter.subject, letter.text, letter.html)


def link_for(store: PilotStore, config: Settings, pilot: PilotRun, actor: Actor) -> str:
    """Return the review link that messages to the founder carry, valid for 14 days from now.

    Raises NotAllowedNow if a founder could not open it.
    """
    permission.ask(store.database, actor, ActKind.MAKE_LINK, pilot.pilot_id, store.clock())
    if reason := why_unreachable(config.address):
        raise NotAllowedNow(reason)
    return review_address(store, pilot, config.address, renew=True, secret=config.secret, released_by=actor)


def send_now(
    store: PilotStore,
    config: Settings,
    pilot_id: str,
    attempt_number: int,
    actor: Actor,
    kind: MessageKind = MessageKind.CUT_READY,
) -> None:
    """Have the server send the attempt to the founder at once, or remind them of it.

    The attempt is marked as sent when the message is delivered. Raises NotAllowedNow with the reason if it cannot be.
    """
    now = store.clock()
    permission.ask(store.database, actor, ActKind.SEND, pilot_id, now)
    pilot = store.load(pilot_id)
    sending = sending_of(store, config, pilot, attempt_number, kind)
    if reason := _why_not(pilot, attempt_number, kind) or sending.why_not_by_server:
        raise NotAllowedNow(reason)
    new = NewMessage(kind, pilot_id, attempt_number, sending.message.about)
    message_id = new.message_id

    def enqueue_and_release(connection: Connection) -> None:
        permission.check(connection, actor, ActKind.SEND, pilot_id, now)
        outbox.enqueue(connection, new, now)
        outbox.move(connection, message_id, (MessageState.CANCELLED,), MessageState.HELD, None, now)
        if not outbox.release(connection, message_id, actor, now):
            raise NotAllowedNow(GONE)

    store.database.transaction(enqueue_and_release)


def mark_sent(
    store: PilotStore,
    config: Settings,
    pilot_id: str,
    attempt_number: int,
    actor: Actor,
    kind: MessageKind = MessageKind.CUT_READY,
    *,
    seen_version: int | None = None,
) -> PilotRun:
    """Record that a person has sent the attempt by hand, or a reminder of it. The text of the message is stored.

    Its parameters are those of ``send_now``, and the version that was seen. Raises NotAllowedNow, PilotNotFound and
    Conflict.
    """
    now = store.clock()
    permission.ask(store.database, actor, ActKind.SEND, pilot_id, now)
    pilot = store.load(pilot_id)
    if reason := _why_not(pilot, attempt_number, kind):
        raise NotAllowedNow(reason)
    message = sending_of(store, config, pilot, attempt_number, kind).message
    new = NewMessage(kind, pilot_id, attempt_number, message.about)
    words = templates.words_of(store, config, message, pilot)

    def mark(pilot: PilotRun) -> None:
        if not pilot.why_not_sendable(pilot.attempt(attempt_number)) or kind is MessageKind.CUT_READY:
            pilot.mark_sent(attempt_number, actor, SentHow.HAND, now)

    def end_message(connection: Connection, pilot: PilotRun, _: None) -> None:
        outbox.enqueue(connection, new, now)
        if outbox.message(connection, new.message_id) is None:
            return  # messages are switched off for the pilot
        if not outbox.move(connection, new.message_id, BY_HAND_AGAIN, MessageState.SENT, by_hand(actor), now):
            raise NotAllowedNow(GONE)
        outbox.keep_words(connection, new.message_id, words)

    return store.change(pilot_id, mark, actor, seen_version, also=end_message, kind=ActKind.SEND)[0]


def undo_sent(
    store: PilotStore, pilot_id: str, attempt_number: int, actor: Actor, *, seen_version: int | None = None
) -> PilotRun:
    """Undo within ten minutes that an attempt was marked as sent. Its message then waits for a person to send it.

    Raises NotAllowedNow, PilotNotFound and Conflict.
    """
    now = store.clock()
    message_id = NewMessage(MessageKind.CUT_READY, pilot_id, attempt_number).message_id

    def hold_message(connection: Connection, pilot: PilotRun, _: None) -> None:
        reason = f"{actor} undid marking it as sent."
        outbox.move(connection, message_id, (MessageState.SENT,), MessageState.HELD, reason, now)

    def undo(pilot: PilotRun) -> None:
        pilot.undo_sent(attempt_number, now)

    return store.change(pilot_id, undo, actor, seen_version, also=hold_message, kind=ActKind.SEND)[0]


def by_hand(actor: str) -> str:
    """Return the reason that a message which ``actor`` sent by hand is kept with."""
    return f"Sent by hand by {actor}."


def _why_not_by_server(
    config: Settings, pilot: PilotRun, message: Message, contact: Contact, recipients: list[tuple[str, str]]
) -> str:
    if pilot.status is not PilotStatus.ACTIVE:
        return f"The pilot is {pilot.status}."
    if message.state is MessageState.GOING:
        return "The message is being sent."
    if message.state is MessageState.SENT:
        return f"{pilot.founder_name} was reminded today." if KINDS[message.kind].is_reminder else "It was sent."
    if contact.messages_off:
        return "Messages are switched off for this pilot."
    if contact.quiet_at and KINDS[message.kind].is_reminder:
        return f"{pilot.founder_name} asked for no more reminders."
    if not recipients and config.mail:
        return f"There is no e-mail address of {pilot.founder_name}."
    if not recipients:
        return "Mail isn’t set up."
    return why_unreachable(config.address)


def _new(config: Settings, pilot_id: str, attempt_number: int, kind: MessageKind, now: datetime) -> NewMessage:
    """Return the message of that kind. There is one of each, but of reminders one a day."""
    about = f"on {config.hours.day_of(now)}" if kind is MessageKind.REMINDER else ""
    return NewMessage(kind, pilot_id, attempt_number, about)


def _is_of(new: NewMessage, written: Message) -> bool:
    """Whether a stored message is the new one, or a reminder of the same attempt that is not sent yet."""
    same = (written.kind, written.attempt_number) == (new.kind, new.attempt_number)
    waits = written.state in OPEN and KINDS[written.kind].is_reminder
    return written.message_id == new.message_id or (same and waits)


def _why_not(pilot: PilotRun, attempt_number: int, kind: MessageKind) -> str:
    """Return why the attempt cannot be sent, or the founder not be reminded of it, as a sentence, or ""."""
    attempt = pilot.attempt(attempt_number)
    if kind is MessageKind.CUT_READY or attempt.reached_at is None:
        return pilot.why_not_sendable(attempt)
    if pilot.status is not PilotStatus.ACTIVE:
        return f"The pilot is {pilot.status}."
    return f"Attempt {attempt_number} is decided already." if attempt.review else ""


def _unwritten(new: NewMessage, now: datetime) -> Message:
    """Return a message that nobody has written yet. That a video is ready is not written if it was not made here."""
    return Message(
        message_id=new.message_id,
        pilot_id=new.pilot_id,
        kind=new.kind,
        attempt_number=new.attempt_number,
        about=new.about,
        position=0,
        state=MessageState.HELD,
        reason=None,
        written_at=now,
        go_at=None,
        ended_at=None,
        subject=None,
        body=None,
        html=None,
        edited_at=None,
        edited_by=None,
    )
