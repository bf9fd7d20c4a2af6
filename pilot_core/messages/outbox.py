"""What people do with messages: read, edit, hold, let go, call off, copy; and to whom they go."""

from pilot_core import ids
from pilot_core.documents.text import line
from pilot_core.errors import NotAllowedNow, PilotError
from pilot_core.messages import words
from pilot_core.messages.addresses import checked_address
from pilot_core.messages.secret_addresses import quiet_address, review_address
from pilot_core.messages.ways import MAIL, WEBHOOK, Letter, email_of
from pilot_core.messages.words import Words
from pilot_core.models import AttemptState, PilotRun, PilotStatus
from pilot_core.review.shown import newest_attempt
from pilot_core.settings import Settings
from pilot_core.store import contacts, outbox
from pilot_core.store.contacts import Contact
from pilot_core.store.lease import Connection
from pilot_core.store.outbox import Kind, Message, State
from pilot_core.store.pilots import PilotStore
from pilot_core.tokens import hashed

REMINDING = (Kind.REMINDER, Kind.LINK_EXPIRING)
GONE = "This message goes just now, or is over; nothing was changed."
NOBODY = "someone@example.com"


class NoSuchMessage(PilotError):
    """There is no message of that id."""


def messages_of(store: PilotStore, pilot_id: str) -> list[Message]:
    """The pilot's messages, the newest first."""
    return store.database.read(lambda connection: outbox.messages_of(connection, ids.checked_pilot_id(pilot_id)))


def contact_of(store: PilotStore, pilot_id: str) -> Contact:
    """Where the pilot's founder is written to, and whether."""
    return store.database.read(lambda connection: contacts.contact(connection, pilot_id))


def set_address(store: PilotStore, pilot_id: str, email: str, actor: str) -> None:
    """Set the founder's e-mail address; "" takes it out. Raises InvalidRequest and PilotNotFound."""
    address = checked_address(email) if email.strip() else None
    _set_contact(store, pilot_id, actor, email=address)


def switch(store: PilotStore, pilot_id: str, on: bool, actor: str) -> None:
    """Have messages of the pilot written, or not; what waits when they are switched off is called off."""
    _set_contact(store, pilot_id, actor, messages_off=not on)


def remind_again(store: PilotStore, pilot_id: str, actor: str) -> None:
    """Take up reminders after the founder said, to a person, that they may come again."""
    _set_contact(store, pilot_id, actor, quiet_at=None)


def pilot_to_quiet(store: PilotStore, token: str) -> str | None:
    """The pilot whose reminders an opt-out link would end."""
    return store.database.read(lambda connection: contacts.pilot_of_quiet(connection, hashed(token)))


def be_quiet(store: PilotStore, token: str) -> bool:
    """Send no more reminders; False when the link is none. Saying it twice is no error."""
    now = store.clock()

    def work(connection: Connection) -> bool:
        pilot_id = contacts.pilot_of_quiet(connection, hashed(token))
        if pilot_id and contacts.contact(connection, pilot_id).quiet_at is None:
            contacts.set_contact(connection, pilot_id, None, now, quiet_at=now)
        return pilot_id is not None

    return store.database.transaction(work)


def edit(store: PilotStore, message_id: str, subject: str, body: str, actor: str) -> None:
    """Put other words in a message that has not gone. Raises InvalidRequest, NotAllowedNow."""
    new, now = words.edited(subject, body), store.clock()

    def work(connection: Connection) -> None:
        if not outbox.edit(connection, message_id, new.subject, new.body, new.html, actor, now):
            raise NotAllowedNow(GONE)

    store.database.transaction(work)


def hold(store: PilotStore, message_id: str, actor: str) -> None:
    """Have a waiting message wait for a person. Raises NotAllowedNow."""
    _move(store, message_id, (State.WAITING,), State.HELD, f"Held by {actor}.")


def release(store: PilotStore, message_id: str) -> None:
    """Let a message go now, whatever the hour, to whom it has not reached yet. Raises NotAllowedNow."""
    now = store.clock()

    def work(connection: Connection) -> None:
        before = (State.WAITING, State.HELD, State.BY_HAND, State.GIVEN_UP)
        if not outbox.move(connection, message_id, before, State.WAITING, None, now, released=True):
            raise NotAllowedNow(GONE)

    store.database.transaction(work)


def call_off(store: PilotStore, message_id: str, actor: str) -> None:
    """Have a message never go. Raises NotAllowedNow."""
    before = (State.WAITING, State.HELD, State.BY_HAND, State.GIVEN_UP)
    _move(store, message_id, before, State.CANCELLED, f"Called off by {actor}.")


def sent_by_hand(store: PilotStore, config: Settings, message_id: str, actor: str) -> None:
    """Note that a person has sent the message, and keep its words. Raises NotAllowedNow."""
    told = find(store, message_id)
    kept, now = words.words_of(store, config, told), store.clock()

    def work(connection: Connection) -> None:
        before = (State.WAITING, State.HELD, State.BY_HAND, State.GIVEN_UP)
        if not outbox.move(connection, message_id, before, State.SENT, f"Sent by hand by {actor}.", now):
            raise NotAllowedNow(GONE)
        outbox.keep_words(connection, message_id, kept.subject, kept.body, kept.html)

    store.database.transaction(work)


def find(store: PilotStore, message_id: str) -> Message:
    """The message. Raises NoSuchMessage."""
    found = store.database.read(lambda connection: outbox.message(connection, message_id))
    if found is None:
        raise NoSuchMessage("There is no such message.")
    return found


def copied(store: PilotStore, config: Settings, message_id: str) -> tuple[Words, bytes]:
    """A message with its addresses filled in, to be copied, and the same as an .eml file.

    Who copies it decides that it goes: a link that was revoked is made anew for it.
    """
    told = find(store, message_id)
    pilot = store.load(told.pilot_id) if told.pilot_id else None
    address = contact_of(store, told.pilot_id).email if told.pilot_id else None
    to = address if told.audience == "founder" else None
    letter = letter_of(store, config, told, pilot, told.message_id, to or "", released=True)
    sender = (config.mail.sender_name, config.mail.sender) if config.mail else ("", NOBODY)
    message = email_of(letter, *sender)
    if config.mail is None:
        del message["From"]
    # Mail programs open it as a draft to be sent.
    message["X-Unsent"] = "1"
    return Words(letter.subject, letter.text, letter.html), message.as_bytes()


def letter_of(
    store: PilotStore,
    config: Settings,
    told: Message,
    pilot: PilotRun | None,
    letter_id: str,
    recipient: str,
    *,
    released: bool = False,
) -> Letter:
    """A message to one recipient, its addresses filled in. Raises Withheld, and PilotNotFound."""
    said, quiet = words.words_of(store, config, told, pilot), ""
    if pilot and told.audience == "founder":
        renew = told.kind is Kind.CUT_READY
        names = words.LINK in said.body + said.html
        link = review_address(store, pilot, config.address, renew=renew, released=released) if names else ""
        quiet = quiet_address(store, pilot.pilot_id, config.address)
        said = words.filled(said, link, quiet)
    return Letter(
        letter_id=letter_id,
        kind=told.kind.value,
        pilot_id=told.pilot_id,
        attempt_number=told.attempt_number,
        audience=told.audience,
        recipient=recipient,
        recipient_name=line(pilot.founder_name) if pilot and told.audience == "founder" else "",
        subject=said.subject,
        text=said.body,
        html=said.html,
        written_at=told.written_at,
        quiet=quiet,
        page=words.page_of(config, told.pilot_id),
    )


def recipients_of(config: Settings, told: Message, contact: Contact) -> list[tuple[str, str]]:
    """The (way, address) by which a message goes. A chat gets what is for leads, a JSON webhook everything."""
    for_leads = told.audience == "leads"
    addresses = list(config.mail_leads) if for_leads else [contact.email] if contact.email else []
    found = [(MAIL, address) for address in dict.fromkeys(addresses)] if config.mail else []
    if config.webhook and (for_leads or config.webhook.shape == "json"):
        found.append((WEBHOOK, "" if for_leads else contact.email or ""))
    return found


def why_by_hand(config: Settings, told: Message) -> str:
    """Why a message without a recipient can only be copied."""
    if config.mail and told.audience == "founder":
        return "There is no contact address. Enter one and send it, or copy it."
    if config.mail:
        return "The settings name no leads’ addresses. Copy it."
    return "Neither mail nor a webhook is set up for it. Copy it."


def what_ended(told: Message, pilot: PilotRun, contact: Contact) -> str:
    """Why there is nothing to tell any more, in a sentence; "" while there is."""
    if contact.messages_off:
        return "Messages are switched off for this pilot."
    if told.kind in REMINDING and contact.quiet_at:
        return "The founder asked for no more reminders."
    if told.audience == "founder":
        return _not_awaited(told, pilot)
    attempt = next((a for a in pilot.runs if a.attempt_number == told.attempt_number), None)
    if told.kind is Kind.FEEDBACK_RECEIVED:
        there = attempt and any(given.feedback_id == told.about for given in attempt.feedback)
        return "" if there else "The feedback was taken back."
    if told.kind is Kind.RENDER_FAILED:
        failed = attempt and attempt.state is AttemptState.FAILED
        return "" if failed else "The attempt is being made again."
    return ""


def _not_awaited(told: Message, pilot: PilotRun) -> str:
    newest = newest_attempt(pilot)
    if pilot.status is not PilotStatus.ACTIVE:
        return f"The pilot is {pilot.status}."
    if newest is None or newest.attempt_number != told.attempt_number:
        return "A newer attempt is there."
    if newest.review:
        return "The founder has decided."
    if pilot.latest_attempt is not newest:
        return "The next attempt is being made."
    return ""


def _set_contact(store: PilotStore, pilot_id: str, actor: str, **values: object) -> None:
    store.load(pilot_id)
    now = store.clock()

    def work(connection: Connection) -> None:
        contacts.set_contact(connection, pilot_id, actor, now, **values)

    store.database.transaction(work)


def _move(store: PilotStore, message_id: str, before: tuple[State, ...], after: State, reason: str) -> None:
    now = store.clock()

    def work(connection: Connection) -> None:
        if not outbox.move(connection, message_id, before, after, reason, now):
            raise NotAllowedNow(GONE)

    store.database.transaction(work)
