"""Send the messages that are due. Only one process sends at a time, and it claims each delivery before trying it.

Mail and webhook each have a thread of their own, so that a slow one does not hold the other up.

The claim counts the try and sets the time of the next one, so that the delivery is tried again if the sender dies. The
sender keeps its claim by a heartbeat, so that no other process sends the same message while it waits for a slow server.
"""

import logging
import os
import secrets
import threading
import time
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
from pilot_core.messages.transports import MAIL, WEBHOOK, Letter, NotTaken, Patience, post, send_mail
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
WAYS = (MAIL, WEBHOOK)
AGAIN_SECONDS = 20.0
"""How often to look for new messages while one of the ways is still busy."""
DIGEST_SECONDS = 300.0
"""How long a digest waits for the messages before it while one of the ways is busy."""
HEARTBEAT_SECONDS = 15.0
SETTLE_TRIES = 5


@dataclass
class Report:
    """The result of one round: deliveries sent, tries failed, and deliveries given up."""

    sent: int = 0
    failed: int = 0
    given_up: int = 0

    def __add__(self, other: "Report") -> "Report":
        return Report(self.sent + other.sent, self.failed + other.failed, self.given_up + other.given_up)


def send_due(store: PilotStore, config: Settings, stop: Callable[[], bool] = lambda: False) -> Report:
    """Enqueue the reminders and digests that are due, and send all due messages; ``stop`` is called between deliveries.

    It is called by several threads.

    Does nothing while another process is sending. Raises StoreError.
    """
    patience = Patience()
    for_leads = bool((config.mail and config.mail_leads) or config.webhook)

    def asked_for(connection: Connection) -> list[NewMessage]:
        return deadlines.asked_for(connection, config, store.clock(), for_leads=for_leads)

    def due(connection: Connection) -> list[Message]:
        now = store.clock()
        return outbox.due_messages(connection, now - timedelta(minutes=config.hold_minutes), config.hours.is_open(now))

    def is_idle(connection: Connection) -> bool:
        now = store.clock()
        waits = outbox.anything_due(connection, now, config.hours.is_open(now))
        return not (asked_for(connection) or due(connection) or waits)

    def prepare(kinds: tuple[MessageKind, ...]) -> None:
        def enqueue(connection: Connection) -> None:
            for asked in asked_for(connection):
                if asked.kind in kinds:
                    outbox.enqueue(connection, asked, store.clock())

        store.database.transaction(enqueue)
        for message in store.database.read(due):
            if message.kind in kinds:
                with store.database.session():
                    _prepare(store, config, message)

    def deliver(way: str, report: Report) -> None:
        while not stop() and (taken := _claim(store, config, holder, way)):
            _try(store, config, *taken, patience, report)

    if store.database.read(is_idle):
        return Report()
    holder = f"{this_machine()}/{os.getpid()}/{secrets.token_hex(4)}"
    if not store.database.transaction(lambda connection: outbox.claim_sender(connection, holder, store.clock())):
        return Report()
    try:
        with _heartbeat(store, holder):
            return _send_by_each_way(prepare, deliver)
    finally:
        with suppress(StoreError):
            store.database.transaction(lambda connection: outbox.release_sender(connection, holder))


class _Way(threading.Thread):
    """What goes one way, one delivery after another. ``error`` is what ended it early."""

    def __init__(self, way: str, deliver: Callable[[str, Report], None]):
        super().__init__(name=f"messages by {way}", daemon=True)
        self.way, self.report = way, Report()
        self.error: Exception | None = None
        self._deliver = deliver

    def run(self) -> None:
        try:
            self._deliver(self.way, self.report)
        except Exception as error:
            self.error = error


def _send_by_each_way(
    prepare: Callable[[tuple[MessageKind, ...]], None], deliver: Callable[[str, Report], None]
) -> Report:
    """Prepare messages and deliver them, until every way is done. While one is busy, the others get what is new.

    Raises what ended a way early, once no other is busy.
    """
    begun, ended, busy = time.monotonic(), list[_Way](), list[_Way]()
    # The digest is written last: what goes to a founder now is not left for the team to send.
    kinds: tuple[MessageKind, ...] = tuple(kind for kind in MessageKind if kind is not MessageKind.DIGEST)
    try:
        while True:
            prepare(kinds)
            for way in WAYS:
                if way not in [each.way for each in busy]:
                    busy.append(_Way(way, deliver))
                    busy[-1].start()
            until = time.monotonic() + AGAIN_SECONDS
            for each in busy:
                each.join(max(0.0, until - time.monotonic()))
            ended += [each for each in busy if not each.is_alive()]
            busy = [each for each in busy if each not in ended]
            if error := next((each.error for each in ended if each.error), None):
                raise error
            if not busy and MessageKind.DIGEST in kinds:
                return sum((each.report for each in ended), Report())
            if not busy:
                kinds = (MessageKind.DIGEST,)
            elif time.monotonic() - begun > DIGEST_SECONDS:
                kinds = tuple(MessageKind)
    finally:
        for each in busy:
            each.join()


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


def _claim(store: PilotStore, config: Settings, holder: str, way: str) -> tuple[Delivery, Message] | None:
    now = store.clock()
    is_open = config.hours.is_open(now)
    return store.database.transaction(lambda c: outbox.claim_delivery(c, holder, way, now, is_open, PAUSES))


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
