"""What people do with messages: read, edit, hold, release and cancel them, and set whether a founder gets any."""

from pilot_core import ids
from pilot_core.addresses import checked_address
from pilot_core.clock import iso
from pilot_core.domain.actors import Actor
from pilot_core.domain.attempt import SentHow
from pilot_core.domain.contacts import Contact
from pilot_core.domain.messages import (
    KINDS,
    MOVABLE,
    OPEN,
    Audience,
    Message,
    MessageKind,
    MessageState,
    NewMessage,
)
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.roles import ActKind
from pilot_core.errors import NotAllowedNow, PilotError
from pilot_core.messages import templates
from pilot_core.settings import Settings
from pilot_core.store import permission
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import contacts, outbox
from pilot_core.tokens import hashed

GONE = "This message goes just now, or is over; nothing was changed."


class NoSuchMessage(PilotError):
    """There is no message with that id."""


def messages_of(store: PilotStore, pilot_id: str) -> list[Message]:
    """Return the pilot's messages, newest first."""
    return store.database.read(lambda connection: outbox.messages_of(connection, ids.checked_pilot_id(pilot_id)))


def contact_of(store: PilotStore, pilot_id: str) -> Contact:
    """Return the founder's address, and whether messages and reminders are sent to it."""
    return store.database.read(lambda connection: contacts.contact(connection, pilot_id))


def set_address(store: PilotStore, pilot_id: str, email: str, actor: Actor) -> None:
    """Set the founder's e-mail address; "" removes it. Raises InvalidRequest and PilotNotFound."""
    address = checked_address(email) if email.strip() else None
    _set_contact(store, pilot_id, actor, email=address)


def set_enabled(store: PilotStore, pilot_id: str, on: bool, actor: Actor) -> None:
    """Switch the pilot's messages on or off; off also cancels the waiting ones."""
    _set_contact(store, pilot_id, actor, messages_off=not on)


def resume_reminders(store: PilotStore, pilot_id: str, actor: Actor) -> None:
    """Resume reminders, after the founder has agreed to get them again."""
    _set_contact(store, pilot_id, actor, quiet_at=None)


def pilot_of_opt_out(store: PilotStore, token: str) -> str | None:
    """Return the id of the pilot whose reminders the opt-out link ends, or None."""
    return store.database.read(lambda connection: contacts.pilot_of_quiet(connection, hashed(token)))


def opt_out(store: PilotStore, token: str) -> bool:
    """Stop a founder's reminders; returns False if there is no such link. May be repeated."""
    now = store.clock()

    def set_quiet(connection: Connection) -> bool:
        pilot_id = contacts.pilot_of_quiet(connection, hashed(token))
        if pilot_id and contacts.contact(connection, pilot_id).quiet_at is None:
            contacts.set_contact(connection, pilot_id, None, now, quiet_at=now)
        return pilot_id is not None

    return store.database.transaction(set_quiet)


def edit(store: PilotStore, message_id: str, subject: str, body: str, actor: Actor) -> None:
    """Replace the text of a message that has not been sent. Raises InvalidRequest, NotAllowedNow."""
    new, now = templates.edited(subject, body), store.clock()

    def replace_words(connection: Connection) -> None:
        permission.check(connection, actor, ActKind.EDIT_MESSAGE, None, now)
        if not outbox.edit(connection, message_id, new, actor, now):
            raise NotAllowedNow(GONE)

    store.database.transaction(replace_words)


def hold(store: PilotStore, message_id: str, actor: Actor) -> None:
    """Hold a waiting message until a person releases it. Raises NotAllowedNow."""
    _move(store, message_id, actor, MessageState.HELD, f"Held by {actor}.")


def release(store: PilotStore, message_id: str, actor: Actor) -> None:
    """Let a message be sent now, at any hour, to the recipients it has not reached yet. Raises NotAllowedNow."""
    now = store.clock()

    def release_message(connection: Connection) -> None:
        permission.check(connection, actor, ActKind.MOVE_MESSAGE, None, now)
        if not outbox.release(connection, message_id, actor, now):
            raise NotAllowedNow(GONE)

    store.database.transaction(release_message)


def cancel(store: PilotStore, message_id: str, actor: Actor) -> None:
    """Cancel a message for good. Raises NotAllowedNow."""
    _move(store, message_id, actor, MessageState.CANCELLED, f"Cancelled by {actor}.")


def remind(store: PilotStore, pilot_id: str, actor: Actor) -> str:
    """Add a reminder to the founder of the pilot's latest attempt; returns its id.

    Like every message it can be read, edited and cancelled before it is sent. Raises NotAllowedNow if the founder's
    review is not awaited, if they get no reminders, or while another reminder waits.
    """
    now = store.clock()
    permission.ask(store.database, actor, ActKind.REMIND, pilot_id, now)
    pilot = store.load(pilot_id)
    newest = pilot.newest_ready_attempt
    number = newest.attempt_number if newest else None
    new = NewMessage(MessageKind.REMINDER, pilot_id, number, about=f"asked for {iso(now)}")

    def add_reminder(connection: Connection) -> None:
        permission.check(connection, actor, ActKind.REMIND, pilot_id, now)
        waiting = [one for one in outbox.messages_of(connection, pilot_id) if one.state in OPEN]
        if any(KINDS[one.kind].is_reminder for one in waiting):
            raise NotAllowedNow(f"A reminder to {pilot.founder_name} is waiting to be sent already.")
        if not outbox.enqueue(connection, new, now):
            raise NotAllowedNow("Messages are switched off for this pilot.")
        [message] = [one for one in outbox.messages_of(connection, pilot_id) if one.message_id == new.message_id]
        if reason := outdated(message, pilot, contacts.contact(connection, pilot_id)):
            raise NotAllowedNow(f"No reminder was added. {reason}")

    store.database.transaction(add_reminder)
    return new.message_id


def mark_sent(store: PilotStore, config: Settings, message_id: str, actor: Actor) -> None:
    """Record that a person has sent the message, and store its text. To a founder, its attempt is sent with it.

    Raises NotAllowedNow.
    """
    now = store.clock()
    permission.ask(store.database, actor, ActKind.MOVE_MESSAGE, None, now)
    message = find(store, message_id)
    words = templates.words_of(store, config, message)

    def mark(connection: Connection) -> None:
        permission.check(connection, actor, ActKind.MOVE_MESSAGE, None, now)
        if not outbox.move(connection, message_id, MOVABLE, MessageState.SENT, f"Sent by hand by {actor}.", now):
            raise NotAllowedNow(GONE)
        outbox.keep_words(connection, message_id, words)

    def mark_attempt(pilot: PilotRun) -> None:
        attempt = pilot.attempt(message.attempt_number or 0)
        if not pilot.why_not_sendable(attempt):
            pilot.mark_sent(attempt.attempt_number, actor, SentHow.HAND, now)

    if message.pilot_id and message.audience is Audience.FOUNDER:
        store.change(message.pilot_id, mark_attempt, actor, also=lambda c, pilot, _: mark(c), kind=ActKind.MOVE_MESSAGE)
    else:
        store.database.transaction(mark)


def find(store: PilotStore, message_id: str) -> Message:
    """Return the message. Raises NoSuchMessage."""
    found = store.database.read(lambda connection: outbox.message(connection, message_id))
    if found is None:
        raise NoSuchMessage("There is no such message.")
    return found


def outdated(message: Message, pilot: PilotRun, contact: Contact) -> str:
    """Return a sentence that says why a pilot's message need not be sent any more; "" if it should be."""
    kind = KINDS[message.kind]
    if contact.messages_off:
        return "Messages are switched off for this pilot."
    if kind.is_reminder and contact.quiet_at:
        return "The founder asked for no more reminders."
    return kind.outdated(message, pilot)


def _set_contact(store: PilotStore, pilot_id: str, actor: Actor, **values: object) -> None:
    now = store.clock()
    permission.ask(store.database, actor, ActKind.CONTACT, pilot_id, now)
    store.load(pilot_id)

    def write_contact(connection: Connection) -> None:
        permission.check(connection, actor, ActKind.CONTACT, pilot_id, now)
        contacts.set_contact(connection, pilot_id, actor, now, **values)

    store.database.transaction(write_contact)


def _move(store: PilotStore, message_id: str, actor: Actor, after: MessageState, reason: str) -> None:
    now = store.clock()

    def move(connection: Connection) -> None:
        permission.check(connection, actor, ActKind.MOVE_MESSAGE, None, now)
        if not outbox.move(connection, message_id, MOVABLE, after, reason, now):
            raise NotAllowedNow(GONE)

    store.database.transaction(move)
