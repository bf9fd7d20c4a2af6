"""Make a message for one recipient, with its links filled in, and find the recipients of a message."""

from dataclasses import dataclass

from pilot_core.documents.text import line
from pilot_core.domain.contacts import Contact
from pilot_core.domain.messages import KINDS, Audience, Message, Words
from pilot_core.domain.pilot import PilotRun
from pilot_core.messages import templates
from pilot_core.messages.capability_links import ACTOR, opt_out_address, review_address
from pilot_core.messages.outbox import contact_of, find
from pilot_core.messages.transports import MAIL, WEBHOOK, Letter, email_of
from pilot_core.settings import Settings
from pilot_core.store.pilots import PilotStore

NOBODY = "someone@example.com"


@dataclass(frozen=True)
class Envelope:
    """The recipient of a letter, "" if there is none yet. Receivers recognise a repeat by its ``letter_id``."""

    letter_id: str
    recipient: str = ""


def copy_of(store: PilotStore, config: Settings, message_id: str) -> tuple[Words, bytes]:
    """Return a message with its links filled in, for a person to copy, and the same as an .eml file.

    Copying counts as releasing the message: a revoked link is created anew.
    """
    message = find(store, message_id)
    pilot = store.load(message.pilot_id) if message.pilot_id else None
    to_founder = pilot and message.audience is Audience.FOUNDER
    address = contact_of(store, pilot.pilot_id).email if pilot and to_founder else None
    letter = letter_of(store, config, message, pilot, Envelope(message.message_id, address or ""), released=True)
    sender = (config.mail.sender_name, config.mail.sender) if config.mail else ("", NOBODY)
    email = email_of(letter, *sender)
    if config.mail is None:
        del email["From"]
    # Mail programs open it as a draft to be sent.
    email["X-Unsent"] = "1"
    return Words(letter.subject, letter.text, letter.html), email.as_bytes()


def letter_of(
    store: PilotStore,
    config: Settings,
    message: Message,
    pilot: PilotRun | None,
    envelope: Envelope,
    *,
    released: bool = False,
) -> Letter:
    """Return a message to one recipient with its links filled in. Creates the review link if there is none.

    ``released`` says that a person decided to send the message. Raises Withheld and PilotNotFound.
    """
    words, opt_out = templates.words_of(store, config, message, pilot), ""
    if pilot and message.audience is Audience.FOUNDER:
        link = ""
        if templates.LINK in words.body + words.html:
            renew = KINDS[message.kind].renews_link
            by = ACTOR if released else None
            link = review_address(store, pilot, config.address, renew=renew, secret=config.secret, released_by=by)
        opt_out = opt_out_address(store, pilot.pilot_id, config.address, config.secret)
        words = templates.filled(words, link, opt_out)
    return Letter(
        letter_id=envelope.letter_id,
        kind=message.kind.value,
        pilot_id=message.pilot_id,
        attempt_number=message.attempt_number,
        audience=message.audience.value,
        recipient=envelope.recipient,
        recipient_name=line(pilot.founder_name) if pilot and message.audience is Audience.FOUNDER else "",
        subject=words.subject,
        text=words.body,
        html=words.html,
        written_at=message.written_at,
        quiet=opt_out,
        page=templates.page_of(config, message.pilot_id),
    )


def recipients_of(config: Settings, message: Message, contact: Contact) -> list[tuple[str, str]]:
    """Return the (channel, address) pairs to send to. Chats get only messages to leads, a JSON webhook gets all."""
    for_leads = message.audience is Audience.LEADS
    addresses = list(config.mail_leads) if for_leads else [contact.email] if contact.email else []
    found = [(MAIL, address) for address in dict.fromkeys(addresses)] if config.mail else []
    if config.webhook and (for_leads or config.webhook.shape == "json"):
        found.append((WEBHOOK, "" if for_leads else contact.email or ""))
    return found


def why_by_hand(config: Settings, message: Message) -> str:
    """Return a sentence that says why a message without a recipient can only be copied."""
    if config.mail and message.audience is Audience.FOUNDER:
        return "There is no contact address. Enter one and send it, or copy it."
    if config.mail:
        return "The settings name no leads’ addresses. Copy it."
    return "Neither mail nor a webhook is set up for it. Copy it."
