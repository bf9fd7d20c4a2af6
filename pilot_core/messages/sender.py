"""Send the messages that are due. Only one process sends at a time, and it claims each delivery before trying it.

The claim counts the try and sets the time of the next one, so that the delivery is tried again if the sender dies. The
sender keeps its claim by a heartbeat, so that no other process sends the same message while it waits for a slow server.
"""

import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pilot_core.domain.attempt import SentHow
from pilot_core.domain.contacts import Contact
from pilot_core.domain.messages import Audience, Delivery, Message, MessageKind, MessageState, NewMessage
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import Conflict, PilotError, PilotNotFound, StoreError
from pilot_core.messages import deadlines, templates
from pilot_core.messages.capability_links import ACTOR, Withheld
from pilot_core.messages.letters import Envelope, letter_of, recipients_of, why_by_hand
from pilot_core.messages.outbox import outdated
from pilot_core.messages.transports import MAIL, Letter, NotTaken, Patience, post, send_mail
from pilot_core.server_address import why_unreachable
from pilot_core.settings import Settings
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.processes import this_machine
from pilot_core.store.tables import contacts, outbox

log = logging.getLogger(__name__)

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720))
"""The pauses after failed tries. A delivery whose last try fails too is given up."""

TOO_LATE = timedelta(days=7)
HEARTBEAT_SECONDS = 15.0
SETTLE_TRIES = 5


@dataclass
class Report:
    """The result of one round: deliveries sent, tries failed, and deliveries given up."""

    sent: int = 0
    failed: int = 0
    given_up: int = 0


def send_due(store: PilotStore, config: Settings, stop: Callable[[], bool] = lambda: False) -> Report:
    """Enqueue the reminders and digests that are due, and send all due messages; ``stop`` is called between deliveries.

    Does nothing while another process is sending. Raises StoreError.
    """
    report, patience, now = Report(), Patience(), store.clock()
    is_open = config.hours.is_open(now)
    before = now - timedelta(minutes=config.hold_minutes)
    for_leads = bool((config.mail and config.mail_leads) or config.webhook)

    def asked_for(connection: Connection) -> list[NewMessage]:
        return deadlines.asked_for(connection, config, now, for_leads=for_leads)

    def due(connection: Connection) -> list[Message]:
        return outbox.due_messages(connection, before, is_open)

    def is_idle(connection: Connection) -> bool:
        return not (asked_for(connection) or due(connection) or outbox.anything_due(connection, now, is_open))

    def send(*kinds: MessageKind) -> None:
        def enqueue(connection: Connection) -> None:
            for asked in asked_for(connection):
                if asked.kind in kinds:
                    outbox.enqueue(connection, asked, now)

        store.database.transaction(enqueue)
        for message in store.database.read(due):
            if message.kind in kinds:
                with store.database.session():
                    _prepare(store, config, message)
        while not stop() and (taken := _claim(store, config, holder)):
            _try(store, config, *taken, patience, report)

    if store.database.read(is_idle):
        return report
    holder = f"{this_machine()}/{os.getpid()}/{secrets.token_hex(4)}"
    if not store.database.transaction(lambda connection: outbox.claim_sender(connection, holder, now)):
        return report
    try:
        with _heartbeat(store, holder):
            # The digest is written last: what goes to a founder now is not left for the team to send.
            send(*(kind for kind in MessageKind if kind is not MessageKind.DIGEST))
            send(MessageKind.DIGEST)
    finally:
        with suppress(StoreError):
            store.database.transaction(lambda connection: outbox.release_sender(connection, holder))
    return report


def _prepare(store: PilotStore, config: Settings, message: Message) -> None:
    """Start a message's deliveries, or record why it is not sent. Its text is stored from here on."""
    now = store.clock()

    def end(state: MessageState, reason: str) -> None:
        store.database.transaction(
            lambda c: outbox.move(c, message.message_id, (MessageState.WAITING,), state, reason, now)
        )

    try:
        pilot = store.load(message.pilot_id) if message.pilot_id else None
        contact = _contact(store, message)
        if over := outdated(message, pilot, contact) if pilot else _digest_over(store, config, message, now):
            return end(MessageState.CANCELLED, over)
        if not message.go_at and now - message.written_at > TOO_LATE:
            return end(MessageState.BY_HAND, "It waited for over a week. Read it again, then send it.")
        recipients = recipients_of(config, message, contact)
        if not recipients:
            return end(MessageState.BY_HAND, why_by_hand(config, message))
        if message.audience is Audience.FOUNDER and (unreachable := why_unreachable(config.address)):
            return end(MessageState.HELD, unreachable)
        words = templates.words_of(store, config, message, pilot)
        # Creates the link in it, or raises Withheld if a person has to decide.
        kept = replace(message, subject=words.subject, body=words.body, html=words.html)
        letter_of(store, config, kept, pilot, Envelope(""), released=message.go_at is not None)
    except Withheld as error:
        return end(MessageState.HELD, str(error))
    except PilotNotFound as error:
        return end(MessageState.CANCELLED, str(error))
    except StoreError:
        raise
    except Exception as error:
        log.exception("the message %s could not be written", message.message_id)
        return end(
            MessageState.GIVEN_UP, f"Its template could not be filled in ({type(error).__name__}); the log says more."
        )

    def begin_deliveries(connection: Connection) -> None:
        outbox.keep_words(connection, message.message_id, words)
        outbox.begin(connection, message, recipients, now)

    store.database.transaction(begin_deliveries)
    return None


def _digest_over(store: PilotStore, config: Settings, message: Message, now: datetime) -> str:
    """Return why a digest that nobody edited or released need not be sent any more; "" if it should be."""
    if message.go_at or message.edited_at:
        return ""
    if message.about != config.hours.day_of(now).isoformat():
        return "Its day is over."
    has_lines = store.database.read(lambda connection: deadlines.has_digest(connection, config, now))
    return "" if has_lines else "There is nothing to tell any more."


def _claim(store: PilotStore, config: Settings, holder: str) -> tuple[Delivery, Message] | None:
    now = store.clock()
    is_open = config.hours.is_open(now)
    return store.database.transaction(lambda c: outbox.claim_delivery(c, holder, now, is_open, PAUSES))


def _try(
    store: PilotStore, config: Settings, delivery: Delivery, message: Message, patience: Patience, report: Report
) -> None:
    """Try one delivery, and record the result."""
    try:
        if delivery.tries > len(PAUSES):
            raise NotTaken(delivery.trouble or "The server ended at each try.", lasting=True)
        letter = _letter(store, config, delivery, message)
        if letter is None:
            return
        _send(config, delivery, letter, patience, store.clock())
    except PilotNotFound:
        return
    except Withheld as error:
        why = str(error)
        store.database.transaction(
            lambda c: outbox.move(c, message.message_id, (MessageState.GOING,), MessageState.HELD, why, store.clock())
        )
    except NotTaken as error:
        _failed(store, delivery, str(error), error.lasting or delivery.tries >= len(PAUSES), report)
    except StoreError:
        raise
    except Exception as error:
        log.exception("the message %s could not be sent", message.message_id)
        _failed(
            store, delivery, f"It could not be made ready ({type(error).__name__}); the log says more.", True, report
        )
    else:
        report.sent += 1
        _settle_sent(store, delivery, message)


def _letter(store: PilotStore, config: Settings, delivery: Delivery, message: Message) -> Letter | None:
    """Return the letter to send, or None.

    None means that the message was outdated and is now cancelled, or that its recipient changed and it starts again.
    """

    def end(state: MessageState, reason: str | None) -> None:
        store.database.transaction(
            lambda c: outbox.move(c, message.message_id, (MessageState.GOING,), state, reason, store.clock())
        )

    # One session, so that the database is not opened for each question.
    with store.database.session():
        pilot = store.load(message.pilot_id) if message.pilot_id else None
        contact = _contact(store, message)
        if pilot and (over := outdated(message, pilot, contact)):
            end(MessageState.CANCELLED, over)
            return None
        if (delivery.way, delivery.recipient) not in recipients_of(config, message, contact):
            end(MessageState.WAITING, None)
            return None
        envelope = Envelope(delivery.delivery_id, delivery.recipient)
        return letter_of(store, config, message, pilot, envelope, released=message.go_at is not None)


def _send(config: Settings, delivery: Delivery, letter: Letter, patience: Patience, now: datetime) -> None:
    if delivery.way == MAIL:
        assert config.mail is not None
        send_mail(config.mail, letter, patience)
    else:
        assert config.webhook is not None
        post(config.webhook, letter, now)


def _failed(store: PilotStore, delivery: Delivery, trouble: str, lasting: bool, report: Report) -> None:
    report.failed += 1
    log.warning("a message was not taken", extra={"pilot_id": delivery.pilot_id})
    if lasting:
        report.given_up += 1
        _settle(store, delivery, MessageState.GIVEN_UP, trouble)
    else:
        after = store.clock() + PAUSES[delivery.tries]
        store.database.transaction(lambda c: outbox.note_trouble(c, delivery.delivery_id, trouble, after))


def _settle_sent(store: PilotStore, delivery: Delivery, message: Message) -> None:
    """Record that a delivery was made and, with the first to a founder, that the attempt was sent to them."""
    number, now = message.attempt_number, store.clock()
    how = SentHow.MAIL if delivery.way == MAIL else SentHow.WEBHOOK

    def mark_sent(pilot: PilotRun) -> None:
        if number is not None and not pilot.why_not_sendable(pilot.attempt(number)):
            pilot.mark_sent(number, message.released_by or "", how, now)

    def settle(connection: Connection, pilot: PilotRun, _: None) -> None:
        outbox.settle(connection, delivery.delivery_id, MessageState.SENT, now)

    def settle_and_mark() -> None:
        assert message.pilot_id
        store.change(message.pilot_id, mark_sent, ACTOR, also=settle)

    try:
        pilot = store.load(message.pilot_id or "") if message.audience is Audience.FOUNDER else None
        is_first = pilot and number is not None and not pilot.why_not_sendable(pilot.attempt(number))
    except PilotError:
        is_first = False
    if is_first:
        with suppress(PilotNotFound, Conflict):
            return _persist(settle_and_mark)
    return _settle(store, delivery, MessageState.SENT, None)


def _settle(store: PilotStore, delivery: Delivery, state: MessageState, trouble: str | None) -> None:
    """Record how a delivery ended."""

    def settle() -> None:
        store.database.transaction(lambda c: outbox.settle(c, delivery.delivery_id, state, store.clock(), trouble))

    _persist(settle)


def _persist(settle: Callable[[], None]) -> None:
    """Retry while the store is busy, since an unrecorded delivery is sent again."""
    for left in reversed(range(SETTLE_TRIES)):
        try:
            return settle()
        except StoreError:
            if not left:
                raise
    return None


def _contact(store: PilotStore, message: Message) -> Contact:
    pilot_id = message.pilot_id
    return store.database.read(lambda c: contacts.contact(c, pilot_id)) if pilot_id else Contact()


@contextmanager
def _heartbeat(store: PilotStore, holder: str) -> Iterator[None]:
    """Send this sender's heartbeat from a thread of its own until the block ends."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            # A busy store must not stop the sending. The next heartbeat follows soon.
            with suppress(PilotError):
                store.database.transaction(lambda c: outbox.claim_sender(c, holder, store.clock()))

    thread = threading.Thread(target=beat, name="sender's heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
