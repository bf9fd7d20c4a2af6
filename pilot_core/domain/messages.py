"""Messages: the kinds, their audience and when they become outdated, and the state and deliveries of a message.

To add a kind, add a member to :class:`MessageKind`, describe it in ``KINDS``, and write its two templates,
``templates/messages/<kind>.txt.j2`` and ``<kind>.html.j2``. The code that causes a message calls ``outbox.enqueue`` in
the same transaction. Messages caused by the passage of time are in :mod:`pilot_core.messages.deadlines`.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pilot_core.domain.attempt import AttemptState
from pilot_core.domain.pilot import PilotRun, PilotStatus


class MessageKind(StrEnum):
    """What a message is about."""

    CUT_READY = "cut_ready"
    REMINDER = "reminder"
    LINK_EXPIRING = "link_expiring"
    FEEDBACK_RECEIVED = "feedback_received"
    RENDER_FAILED = "render_failed"
    REPORT_READY = "report_ready"
    DIGEST = "digest"


class MessageState(StrEnum):
    """The state of a message or delivery.

    ``HELD`` waits for a person to send it. ``BY_HAND`` can only be copied and sent by hand. ``SENT``, ``GIVEN_UP`` and
    ``CANCELLED`` have ended.
    """

    WAITING = "waiting"
    HELD = "held"
    GOING = "going"
    BY_HAND = "by_hand"
    SENT = "sent"
    GIVEN_UP = "given_up"
    CANCELLED = "cancelled"


EDITABLE = (MessageState.WAITING, MessageState.HELD, MessageState.BY_HAND)
MOVABLE = (*EDITABLE, MessageState.GIVEN_UP)
"""The states in which a person may send, cancel or mark a message as sent."""
OPEN = (*MOVABLE, MessageState.GOING)


class Audience(StrEnum):
    """Who gets a message: the pilot's founder or the team's leads."""

    FOUNDER = "founder"
    LEADS = "leads"


@dataclass(frozen=True)
class Message:
    """One message. Times are in UTC. ``subject``, ``body`` and ``html`` are None until they are saved.

    ``about`` distinguishes messages of the same kind and attempt, for example by a feedback's id or a time.
    ``released_by`` is the lead who decided that it is sent, None if it is sent by itself.
    """

    message_id: str
    pilot_id: str | None
    kind: MessageKind
    attempt_number: int | None
    about: str
    position: int
    state: MessageState
    reason: str | None
    written_at: datetime
    go_at: datetime | None
    ended_at: datetime | None
    subject: str | None
    body: str | None
    html: str | None
    edited_at: datetime | None
    edited_by: str | None
    released_by: str | None = None

    @property
    def audience(self) -> Audience:
        """Who gets the message."""
        return KINDS[self.kind].audience


@dataclass(frozen=True)
class Delivery:
    """A message to one recipient over one channel (``way``). Times in UTC. ``trouble`` is why the last try failed."""

    delivery_id: str
    message_id: str
    pilot_id: str | None
    way: str
    recipient: str
    state: MessageState
    tries: int
    next_try_at: datetime
    sent_at: datetime | None
    trouble: str | None


@dataclass(frozen=True)
class NewMessage:
    """A message to add to the outbox. ``about`` distinguishes messages of the same kind and attempt."""

    kind: MessageKind
    pilot_id: str | None
    attempt_number: int | None = None
    about: str = ""

    @property
    def message_id(self) -> str:
        """The message's id. It is derived from the cause, so that one cause creates only one message."""
        cause = "\n".join((self.kind.value, self.pilot_id or "", str(self.attempt_number or ""), self.about))
        return "message_" + hashlib.sha256(cause.encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Words:
    """A message's subject (one line), plain text and HTML."""

    subject: str
    body: str
    html: str


@dataclass(frozen=True)
class KindInfo:
    """What all messages of a kind have in common.

    ``outdated`` returns a sentence that says why a message no longer needs to be sent, or "". ``facts`` names the
    entries of ``messages.templates.FACTS`` that its templates need besides the common ones. ``is_reminder``: not sent
    to founders who opted out. ``renews_link``: sending it renews the review link's validity.
    """

    label: str
    audience: Audience
    outdated: Callable[[Message, PilotRun], str]
    facts: tuple[str, ...] = ()
    is_reminder: bool = False
    renews_link: bool = False


def _never(message: Message, pilot: PilotRun) -> str:
    return ""


def _not_awaited(message: Message, pilot: PilotRun) -> str:
    """Return why the founder's review of the attempt is no longer awaited, or ""."""
    newest = pilot.newest_ready_attempt
    if pilot.status is not PilotStatus.ACTIVE:
        return f"The pilot is {pilot.status}."
    if newest is None or newest.attempt_number != message.attempt_number:
        return "A newer attempt is there."
    if newest.review:
        return "The founder has decided."
    if pilot.latest_attempt is not newest:
        return "The next attempt is being made."
    return ""


def _feedback_undone(message: Message, pilot: PilotRun) -> str:
    known = any(
        feedback.feedback_id == message.about
        for attempt in pilot.runs
        if attempt.attempt_number == message.attempt_number
        for feedback in attempt.feedback
    )
    return "" if known else "The feedback was taken back."


def _retried(message: Message, pilot: PilotRun) -> str:
    failed = any(
        attempt.state is AttemptState.FAILED
        for attempt in pilot.runs
        if attempt.attempt_number == message.attempt_number
    )
    return "" if failed else "The attempt is being made again."


KINDS: dict[MessageKind, KindInfo] = {
    MessageKind.CUT_READY: KindInfo(
        "Cut ready", Audience.FOUNDER, _not_awaited, facts=("due_from_now", "changes"), renews_link=True
    ),
    MessageKind.REMINDER: KindInfo("Reminder", Audience.FOUNDER, _not_awaited, is_reminder=True),
    MessageKind.LINK_EXPIRING: KindInfo(
        "Link about to expire", Audience.FOUNDER, _not_awaited, facts=("link_ends",), is_reminder=True
    ),
    MessageKind.FEEDBACK_RECEIVED: KindInfo("Feedback received", Audience.LEADS, _feedback_undone, facts=("feedback",)),
    MessageKind.RENDER_FAILED: KindInfo("Render failed", Audience.LEADS, _retried, facts=("failure",)),
    MessageKind.REPORT_READY: KindInfo("Outcome report ready", Audience.LEADS, _never, facts=("recommendation",)),
    # Belongs to no pilot: it lists the day's due dates, and the sender decides whether that day is over.
    MessageKind.DIGEST: KindInfo("Daily digest", Audience.LEADS, _never),
}
