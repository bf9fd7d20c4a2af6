"""Sending what is due: one sender at a time, whichever process it is in, and each delivery claimed before it is tried.

The claim counts the try and moves the next one on, so that a sender that dies leaves a delivery that is tried again. It
lives by its heartbeat, so that one that hangs on a slow server keeps others from sending the same meanwhile.
"""

import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pilot_core.errors import PilotError, PilotNotFound, StoreError
from pilot_core.messages import clocks, words
from pilot_core.messages.outbox import letter_of, recipients_of, what_ended, why_by_hand
from pilot_core.messages.secret_addresses import Withheld
from pilot_core.messages.ways import MAIL, Letter, NotTaken, Patience, post, send_mail
from pilot_core.settings import Settings
from pilot_core.store import contacts, outbox
from pilot_core.store.contacts import Contact
from pilot_core.store.lease import Connection
from pilot_core.store.outbox import Delivery, Message, State
from pilot_core.store.pilots import PilotStore
from pilot_core.store.renders import this_machine

log = logging.getLogger(__name__)

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720))
"""After each try that came to nothing; after one more try it is given up."""

TOO_LATE = timedelta(days=7)
HEARTBEAT_SECONDS = 15.0
SETTLE_TRIES = 5


@dataclass
class Report:
    """What one round did: deliveries sent, tries that came to nothing, deliveries given up."""

    sent: int = 0
    failed: int = 0
    given_up: int = 0


def send_due(store: PilotStore, config: Settings, stop: Callable[[], bool] = lambda: False) -> Report:
    """Write what the time asks for and send everything that is due; ``stop`` is asked between two deliveries.

    Nothing is done where another process is sending just now. Raises StoreError.
    """
    report, now = Report(), store.clock()
    is_open = config.hours.is_open(now)
    before = now - timedelta(minutes=config.hold_minutes)
    for_leads = bool((config.mail and config.mail_leads) or config.webhook)

    def look(connection: Connection) -> tuple[list[clocks.Asked], bool]:
        asked = clocks.asked_for(connection, config, now, for_leads=for_leads)
        due = outbox.due_messages(connection, before, is_open) or outbox.anything_due(connection, now, is_open)
        return asked, bool(due)

    asked, due = store.database.read(look)
    if not (asked or due):
        return report
    holder = f"{this_machine()}/{os.getpid()}/{secrets.token_hex(4)}"
    if not store.database.transaction(lambda connection: outbox.claim_sender(connection, holder, now)):
        return report
    try:
        with _heartbeat(store, holder):
            store.database.transaction(lambda connection: _write(connection, asked, now))
            for message in store.database.read(lambda c: outbox.due_messages(c, before, is_open)):
                with store.database.lease.session():
                    _prepare(store, config, message)
            patience = Patience()
            while not stop() and (taken := _claim(store, config, holder)):
                _try(store, config, *taken, patience, report)
    finally:
        with suppress(StoreError):
            store.database.transaction(lambda connection: outbox.release_sender(connection, holder))
    return report


def _write(connection: Connection, asked: list[clocks.Asked], now: datetime) -> None:
    for one in asked:
        outbox.tell(connection, one.kind, one.pilot_id, now, attempt_number=one.attempt_number, about=one.about)


def _prepare(store: PilotStore, config: Settings, message: Message) -> None:
    """Let a message begin to go, or say why it does not: its words are kept from here on."""
    now = store.clock()

    def end(state: State, reason: str) -> None:
        store.database.transaction(lambda c: outbox.move(c, message.message_id, (State.WAITING,), state, reason, now))

    try:
        pilot = store.load(message.pilot_id) if message.pilot_id else None
        contact = _contact(store, message)
        if over := what_ended(message, pilot, contact) if pilot else _digest_over(store, config, message, now):
            return end(State.CANCELLED, over)
        if not message.go_at and now - message.written_at > TOO_LATE:
            return end(State.BY_HAND, "It waited for over a week. Read it again, then send it.")
        recipients = recipients_of(config, message, contact)
        if not recipients:
            return end(State.BY_HAND, why_by_hand(config, message))
        said = words.words_of(store, config, message, pilot)
        # Makes the link that it names, or says why a person should decide.
        kept = replace(message, subject=said.subject, body=said.body, html=said.html)
        letter_of(store, config, kept, pilot, "", "", released=message.go_at is not None)
    except Withheld as error:
        return end(State.HELD, str(error))
    except PilotNotFound as error:
        return end(State.CANCELLED, str(error))
    except StoreError:
        raise
    except Exception as error:
        log.exception("the message %s could not be written", message.message_id)
        return end(State.GIVEN_UP, f"Its template could not be filled in ({type(error).__name__}); the log says more.")

    def work(connection: Connection) -> None:
        outbox.keep_words(connection, message.message_id, said.subject, said.body, said.html)
        outbox.begin(connection, message, recipients, now)

    store.database.transaction(work)
    return None


def _digest_over(store: PilotStore, config: Settings, message: Message, now: datetime) -> str:
    """Why a digest that nobody edited or released has nothing to tell any more; "" while it has."""
    if message.go_at or message.edited_at:
        return ""
    if message.about != config.hours.day_of(now).isoformat():
        return "Its day is over."
    said = store.database.read(lambda connection: clocks.says_something(connection, config, now))
    return "" if said else "There is nothing to tell any more."


def _claim(store: PilotStore, config: Settings, holder: str) -> tuple[Delivery, Message] | None:
    now = store.clock()
    is_open = config.hours.is_open(now)
    return store.database.transaction(lambda c: outbox.claim_delivery(c, holder, now, is_open, PAUSES))


def _try(
    store: PilotStore, config: Settings, delivery: Delivery, message: Message, patience: Patience, report: Report
) -> None:
    """One try at one delivery; whatever comes of it is in the store afterwards."""
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
            lambda c: outbox.move(c, message.message_id, (State.GOING,), State.HELD, why, store.clock())
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
        _settle(store, delivery, State.SENT, None)


def _letter(store: PilotStore, config: Settings, delivery: Delivery, message: Message) -> Letter | None:
    """What goes to the recipient; None when there is nothing to tell any more, and the message is called off, or when
    it is meant for another one since, and begins anew.
    """

    def end(state: State, reason: str | None) -> None:
        store.database.transaction(
            lambda c: outbox.move(c, message.message_id, (State.GOING,), state, reason, store.clock())
        )

    # One session, so that the database is not opened for each question.
    with store.database.lease.session():
        pilot = store.load(message.pilot_id) if message.pilot_id else None
        contact = _contact(store, message)
        if pilot and (over := what_ended(message, pilot, contact)):
            end(State.CANCELLED, over)
            return None
        if (delivery.way, delivery.recipient) not in recipients_of(config, message, contact):
            end(State.WAITING, None)
            return None
        released = message.go_at is not None
        return letter_of(store, config, message, pilot, delivery.delivery_id, delivery.recipient, released=released)


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
        _settle(store, delivery, State.GIVEN_UP, trouble)
    else:
        after = store.clock() + PAUSES[delivery.tries]
        store.database.transaction(lambda c: outbox.note_trouble(c, delivery.delivery_id, trouble, after))


def _settle(store: PilotStore, delivery: Delivery, state: State, trouble: str | None) -> None:
    """Note the end. What is sent and not noted would be sent again, so a busy store is asked more than once."""
    for left in reversed(range(SETTLE_TRIES)):
        try:
            store.database.transaction(lambda c: outbox.settle(c, delivery.delivery_id, state, store.clock(), trouble))
            return
        except StoreError:
            if not left:
                raise


def _contact(store: PilotStore, message: Message) -> Contact:
    pilot_id = message.pilot_id
    return store.database.read(lambda c: contacts.contact(c, pilot_id)) if pilot_id else Contact()


@contextmanager
def _heartbeat(store: PilotStore, holder: str) -> Iterator[None]:
    """Say that this sender lives, from a thread of its own, until the block ends."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            # A busy store must not end the sending; the next beat tells.
            with suppress(PilotError):
                store.database.transaction(lambda c: outbox.claim_sender(c, holder, store.clock()))

    thread = threading.Thread(target=beat, name="sender's heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
