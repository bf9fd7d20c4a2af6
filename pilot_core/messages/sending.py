"""Send an attempt to the founder: the message before it goes, by mail or by hand, and that it was sent."""

from dataclasses import dataclass

from pilot_core.domain.actors import Actor
from pilot_core.domain.attempt import SentHow
from pilot_core.domain.contacts import Contact
from pilot_core.domain.messages import MOVABLE, Message, MessageKind, MessageState, NewMessage, Words
from pilot_core.domain.pilot import PilotRun, PilotStatus
from pilot_core.domain.roles import ActKind
from pilot_core.errors import NotAllowedNow
from pilot_core.messages import templates
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

    ``message`` need not be stored yet. ``recipients`` are (channel, address) pairs; with none, it can only be copied.
    ``why_not_by_server`` is a sentence that says why the server cannot send it, "" if it can.
    """

    message: Message
    contact: Contact
    recipients: list[tuple[str, str]]
    why_not_by_server: str


def sending_of(store: PilotStore, config: Settings, pilot: PilotRun, attempt_number: int) -> Sending:
    """Return how the attempt would be sent to the founder now."""

    def read(connection: Connection) -> tuple[Message | None, Contact]:
        new = NewMessage(MessageKind.CUT_READY, pilot.pilot_id, attempt_number)
        return outbox.message(connection, new.message_id), contacts.contact(connection, pilot.pilot_id)

    known, contact = store.database.read(read)
    message = known or _unwritten(store, pilot, attempt_number)
    recipients = recipients_of(config, message, contact)
    return Sending(message, contact, recipients, _why_not_by_server(config, pilot, message, contact, recipients))


def copy_for(store: PilotStore, config: Settings, pilot: PilotRun, sending: Sending) -> Words:
    """Return the message with its links filled in, for a person to copy. Creates the review link if there is none."""
    letter = letter_of(store, config, sending.message, pilot, Envelope(sending.message.message_id), released=True)
    return Words(letter.subject, letter.text, letter.html)


def send_now(store: PilotStore, config: Settings, pilot_id: str, attempt_number: int, actor: Actor) -> None:
    """Have the server send the attempt to the founder at once. Raises NotAllowedNow with the reason if it cannot."""
    now, pilot = store.clock(), store.load(pilot_id)
    permission.ask(store.database, actor, ActKind.SEND, pilot_id, now)
    sending = sending_of(store, config, pilot, attempt_number)
    if reason := pilot.why_not_sendable(pilot.attempt(attempt_number)) or sending.why_not_by_server:
        raise NotAllowedNow(reason)
    message_id = sending.message.message_id

    def enqueue_and_release(connection: Connection) -> None:
        permission.check(connection, actor, ActKind.SEND, pilot_id, now)
        outbox.enqueue(connection, NewMessage(MessageKind.CUT_READY, pilot_id, attempt_number), now)
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
    *,
    seen_version: int | None = None,
) -> PilotRun:
    """Record that a person has sent the attempt by hand. Its message ends with it, and its text is stored.

    Raises NotAllowedNow, PilotNotFound and Conflict.
    """
    now = store.clock()
    permission.ask(store.database, actor, ActKind.SEND, pilot_id, now)
    pilot = store.load(pilot_id)
    pilot.attempt(attempt_number)
    message = sending_of(store, config, pilot, attempt_number).message
    words = templates.words_of(store, config, message, pilot)

    def mark(pilot: PilotRun) -> None:
        pilot.mark_sent(attempt_number, actor, SentHow.HAND, now)

    def end_message(connection: Connection, pilot: PilotRun, _: None) -> None:
        kept = outbox.message(connection, message.message_id)
        if kept is None:
            return
        if not outbox.move(connection, kept.message_id, BY_HAND_AGAIN, MessageState.SENT, by_hand(actor), now):
            raise NotAllowedNow(GONE)
        outbox.keep_words(connection, kept.message_id, words)

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
    if contact.messages_off:
        return "Messages are switched off for this pilot."
    if not recipients and config.mail:
        return f"There is no e-mail address of {pilot.founder_name}."
    if not recipients:
        return "Mail isn’t set up."
    return why_unreachable(config.address)


def _unwritten(store: PilotStore, pilot: PilotRun, attempt_number: int) -> Message:
    """Return the message that the attempt is ready, which nobody has written: its video was not made here."""
    new = NewMessage(MessageKind.CUT_READY, pilot.pilot_id, attempt_number)
    return Message(
        message_id=new.message_id,
        pilot_id=pilot.pilot_id,
        kind=new.kind,
        attempt_number=attempt_number,
        about=new.about,
        position=0,
        state=MessageState.HELD,
        reason=None,
        written_at=store.clock(),
        go_at=None,
        ended_at=None,
        subject=None,
        body=None,
        html=None,
        edited_at=None,
        edited_by=None,
    )
