"""The ways out as they are set, and how one message takes each: by mail, and by webhook.

Whether a message that a server took just before it died has arrived cannot be known by its sender (RFC 1047): it goes
again, the same to the byte and under the same Message-ID (by webhook: the same id), by which mailboxes and receivers
know it. That window is from the final dot to the server's answer; whatever fails before it goes once.
"""

import hashlib
import hmac
import json
import re
import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any
from urllib.parse import unquote, urlsplit

from pilot_core.errors import InvalidRequest, PilotError
from pilot_core.messages.addresses import checked_sender

MAIL, WEBHOOK = "mail", "webhook"
TIMEOUT_SECONDS = 20.0
ANSWER_SECONDS = 600.0
"""How long a mail server may think about a message that it has whole: what RFC 5321 asks of us (4.5.3.2.6)."""
GOODBYE_SECONDS = 2.0
SHAPES = ("json", "slack", "teams")
SECURITY = {"starttls": 587, "tls": 465, "plain": 25}
LOCAL = ("localhost", "127.0.0.1", "::1")
LONGEST_CHAT = 2_800
SECRET_LENGTH = 16


class NotTaken(PilotError):
    """The other side did not take the message. ``lasting`` when it will not take it later either."""

    def __init__(self, message: str, *, lasting: bool = False):
        super().__init__(message)
        self.lasting = lasting


class Patience:
    """How many ``seconds`` a round of the sender waits for the answer to a whole message.

    The long time is there once a round: a server that let it pass holds up the messages after it for moments each.
    """

    def __init__(self) -> None:
        self.seconds = ANSWER_SECONDS

    def is_over(self) -> None:
        """Note that no answer came."""
        self.seconds = TIMEOUT_SECONDS


@dataclass(frozen=True)
class Mail:
    """A mail server: ``security`` is starttls, tls or plain; the sender is a name, maybe empty, and an address."""

    host: str
    port: int
    security: str
    user: str
    password: str
    sender_name: str
    sender: str


@dataclass(frozen=True)
class Webhook:
    """An address that takes messages, in one of ``SHAPES``; each is signed with ``secret``, if there is one."""

    url: str
    secret: str
    shape: str


@dataclass(frozen=True)
class Letter:
    """One message to one recipient, its addresses filled in. ``letter_id`` is the same however often it is tried."""

    letter_id: str
    kind: str
    pilot_id: str | None
    attempt_number: int | None
    audience: str
    recipient: str
    recipient_name: str
    subject: str
    text: str
    html: str
    written_at: datetime
    quiet: str = ""
    page: str = ""


def parse_mail(address: str, password: str, sender: str) -> Mail | None:
    """A mail server as settings spell it: "starttls://user@mail.example.com:587". Raises InvalidRequest."""
    if not address.strip():
        return None
    parts = urlsplit(address.strip())
    try:
        port = parts.port
    except ValueError:
        port = None
    if (
        parts.scheme not in SECURITY
        or not parts.hostname
        or parts.path.strip("/")
        or (port is None and ":" in parts.netloc.rpartition("@")[2].rpartition("]")[2])
    ):
        raise InvalidRequest(
            "The mail server must look like starttls://user@mail.example.com:587; tls:// and plain:// are the others."
        )
    if parts.password:
        raise InvalidRequest("The mail server's password belongs into PILOT_OPS_SMTP_PASSWORD, not into its address.")
    user = unquote(parts.username or "")
    if parts.scheme == "plain" and user and parts.hostname not in LOCAL:
        raise InvalidRequest("A password is not sent in the clear; use starttls:// or tls:// for this mail server.")
    if not sender.strip():
        raise InvalidRequest("With a mail server, PILOT_OPS_MAIL_FROM must say from whom messages come.")
    name, own = checked_sender(sender)
    return Mail(parts.hostname, port or SECURITY[parts.scheme], parts.scheme, user, password, name, own)


def parse_webhook(url: str, secret: str, shape: str) -> Webhook | None:
    """A webhook as settings spell it. Raises InvalidRequest."""
    url, shape = url.strip(), shape.strip().lower() or "json"
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidRequest("The webhook must be an address that begins with https:// or http://.")
    if shape not in SHAPES:
        raise InvalidRequest(f"“{shape}” is no shape of a webhook; use one of: {', '.join(SHAPES)}.")
    if secret and len(secret) < SECRET_LENGTH:
        raise InvalidRequest(f"The webhook's secret must have at least {SECRET_LENGTH} characters.")
    return Webhook(url, secret, shape)


def email_of(letter: Letter, sender_name: str, sender: str) -> EmailMessage:
    """The message as mail, in both parts. Raises ValueError when a header would hold a line break: never sent so."""
    made = EmailMessage(policy=SMTP)
    made["From"] = Address(sender_name, addr_spec=sender)
    if letter.recipient:
        made["To"] = Address(_said_plainly(letter.recipient_name), addr_spec=letter.recipient)
    made["Subject"] = _said_plainly(letter.subject)
    made["Date"] = letter.written_at
    made["Message-ID"] = f"<{letter.letter_id}@{sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    if letter.quiet:
        made["List-Unsubscribe"] = f"<{letter.quiet}>"
    made.set_content(letter.text, cte="quoted-printable")
    # Not one by chance, so that a second try is the same to the byte; quoted-printable never has these two characters.
    made.make_alternative(boundary=f"=_{letter.letter_id}")
    made.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return made


def send_mail(mail: Mail, letter: Letter, patience: Patience) -> None:
    """Give the message to the mail server. Raises NotTaken."""
    content = email_of(letter, mail.sender_name, mail.sender).as_bytes()
    try:
        server = _connected(mail)
    except (OSError, smtplib.SMTPException) as error:
        raise NotTaken(_trouble("The mail server did not let us in", error)) from error
    try:
        _hand_over(server, mail.sender, letter.recipient, content)
        _end(server, patience)
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        lasting = 500 <= code < 600
        raise NotTaken(
            f"The mail server does not take this address ({code} {_said(said)}).", lasting=lasting
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        raise NotTaken(_trouble("The mail server did not take the message", error)) from error
    finally:
        # The message is taken by now, or is not; how the farewell goes changes nothing.
        with suppress(OSError, smtplib.SMTPException):
            if server.sock:
                server.sock.settimeout(GOODBYE_SECONDS)
                server.quit()
        server.close()


def post(webhook: Webhook, letter: Letter, now: datetime) -> None:
    """Give the message to the webhook; any answer from 200 to 299 means that it is taken. Raises NotTaken."""
    import httpx

    body = json.dumps(shaped(webhook.shape, letter), ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "Pilot Ops", "Pilot-Ops-Id": letter.letter_id}
    if webhook.secret:
        headers["Pilot-Ops-Signature"] = signature(webhook.secret, int(now.timestamp()), body)
    # Certificates are read only where they are needed: it takes longer than the rest.
    verify = ssl.create_default_context() if webhook.url.lower().startswith("https:") else False
    try:
        with (
            httpx.Client(verify=verify, timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", webhook.url, content=body, headers=headers) as answer,
        ):
            status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotTaken(f"The webhook did not answer ({type(error).__name__}).") from error
    if not 200 <= status < 300:
        raise NotTaken(f"The webhook answered {status}.")


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """``t=<seconds>,v1=<hex>``: the HMAC-SHA256, under the secret, of the time, a full stop and the body."""
    told = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={told}"


def shaped(shape: str, letter: Letter) -> dict[str, Any]:
    """What goes to a webhook of that shape."""
    if shape == "slack":
        return {"text": f"*{_slack(letter.subject)}*\n{_slack(_shortened(letter))}"}
    if shape == "teams":
        blocks = [
            {"type": "TextBlock", "text": _teams(letter.subject), "weight": "Bolder", "wrap": True},
            {"type": "TextBlock", "text": _teams(_shortened(letter)), "wrap": True},
        ]
        # In the text an address is no link there.
        acts = [{"type": "Action.OpenUrl", "title": "Open Pilot Ops", "url": letter.page}]
        card = {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard"}
        content = card | {"version": "1.4", "body": blocks, "actions": acts}
        kind = "application/vnd.microsoft.card.adaptive"
        return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": content}]}
    return {
        "id": letter.letter_id,
        "kind": letter.kind,
        "pilot_id": letter.pilot_id,
        "attempt": letter.attempt_number,
        "audience": letter.audience,
        "to": letter.recipient or None,
        "to_name": letter.recipient_name or None,
        "written_at": letter.written_at.isoformat(),
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
    }


def _connected(mail: Mail) -> smtplib.SMTP:
    """A connection, signed in. Raises OSError and SMTPException."""
    server: smtplib.SMTP
    if mail.security == "tls":
        server = smtplib.SMTP_SSL(mail.host, mail.port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
    else:
        server = smtplib.SMTP(mail.host, mail.port, timeout=TIMEOUT_SECONDS)
    try:
        if mail.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if mail.user:
            server.login(mail.user, mail.password)
    except BaseException:
        server.close()
        raise
    return server


def _hand_over(server: smtplib.SMTP, sender: str, recipient: str, content: bytes) -> None:
    """All of a message but its final dot. Raises OSError and SMTPException; then it has surely not been taken."""
    server.ehlo_or_helo_if_needed()
    code, said = server.mail(sender, [f"size={len(content)}"] if server.has_extn("size") else [])
    if code != 250:
        raise smtplib.SMTPSenderRefused(code, said, sender)
    code, said = server.rcpt(recipient)
    if code not in (250, 251):
        raise smtplib.SMTPRecipientsRefused({recipient: (code, said)})
    code, said = server.docmd("DATA")
    if code != 354:
        raise smtplib.SMTPDataError(code, said)
    assert server.sock is not None
    # Else the dot waits until the rest was acknowledged, which takes its time.
    server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server.send(re.sub(rb"(?m)^\.", b"..", content))


def _end(server: smtplib.SMTP, patience: Patience) -> None:
    """The final dot, and the answer to it. Raises NotTaken and SMTPDataError."""
    assert server.sock is not None
    server.sock.settimeout(patience.seconds)
    try:
        server.send(b".\r\n")
        code, said = server.getreply()
    except (OSError, smtplib.SMTPServerDisconnected) as error:
        if isinstance(error.__context__, TimeoutError):
            patience.is_over()
        raise NotTaken(_trouble("The mail server did not say whether it took the message", error)) from error
    if code != 250:
        raise smtplib.SMTPDataError(code, said)


def _said_plainly(text: str) -> str:
    """Without what a reader of headers would decode into something else, such as "=?utf-8?q?Bcc=3A?="."""
    return text.replace("=?", "= ?")


def _shortened(letter: Letter) -> str:
    """The text as far as a chat shows one, in whole lines, and where the rest is."""
    text = letter.text.strip()
    if len(text) <= LONGEST_CHAT:
        return text
    whole = text[:LONGEST_CHAT].rpartition("\n")[0] or text[:LONGEST_CHAT]
    return f"{whole.rstrip()}\n… The rest is here: {letter.page}"


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _teams(text: str) -> str:
    """Without what Markdown would make of it, links above all, and with its line breaks."""
    for mark in "\\`*_[]#~":
        text = text.replace(mark, f"\\{mark}")
    return text.replace("\n", "\n\n")


def _trouble(what: str, error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{what} ({error.smtp_code} {_said(error.smtp_error)})."
    return f"{what} ({_said(str(error)) or type(error).__name__})."


def _said(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]
