"""Send a letter by mail or by webhook.

If the connection ends between the final dot of a mail and the server's answer, the sender cannot know whether the
server accepted it (RFC 1047). The message is then sent again, byte for byte, with the same Message-ID (by webhook: the
same id), by which receivers recognise the duplicate. A message that fails earlier is never duplicated.
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

from pilot_core.channels import Mail, Webhook
from pilot_core.errors import PilotError
from pilot_core.messages.time_limit import TimeLimit

MAIL, WEBHOOK = "mail", "webhook"
TIMEOUT_SECONDS = 20.0
"""How long to wait for one answer, or one part of it."""
TRY_SECONDS = 60.0
"""How long a whole try may take: by mail up to the final dot, by webhook to the end."""
ANSWER_SECONDS = 600.0
"""How long to wait for a mail server's answer to a complete message, as RFC 5321, 4.5.3.2.6 requires."""
GOODBYE_SECONDS = 2.0
LONGEST_CHAT = 2_800


class NotTaken(PilotError):
    """The server did not accept the message. ``lasting`` means that a later try would fail too."""

    def __init__(self, message: str, *, lasting: bool = False):
        super().__init__(message)
        self.lasting = lasting


class Patience:
    """The timeout in ``seconds`` for a mail server's answer to a complete message, for one round of sending.

    It starts at ``ANSWER_SECONDS``. After the first timeout it is ``TIMEOUT_SECONDS`` for the rest of the round, so
    that a server that hangs does not hold up every message.
    """

    def __init__(self) -> None:
        self.seconds = ANSWER_SECONDS

    def is_over(self) -> None:
        """Shorten the timeout for the rest of the round, after one answer did not come in time."""
        self.seconds = TIMEOUT_SECONDS


@dataclass(frozen=True)
class Letter:
    """One message to one recipient, its links filled in. ``letter_id`` is the same for every try."""

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


def email_of(letter: Letter, sender_name: str, sender: str) -> EmailMessage:
    """Return the letter as mail, with text and HTML. Raises ValueError when a header would contain a line break."""
    made = EmailMessage(policy=SMTP)
    made["From"] = Address(sender_name, addr_spec=sender)
    if letter.recipient:
        made["To"] = Address(_without_encoded_words(letter.recipient_name), addr_spec=letter.recipient)
    made["Subject"] = _without_encoded_words(letter.subject)
    made["Date"] = letter.written_at
    made["Message-ID"] = f"<{letter.letter_id}@{sender.rpartition('@')[2]}>"
    made["Auto-Submitted"] = "auto-generated"
    if letter.quiet:
        made["List-Unsubscribe"] = f"<{letter.quiet}>"
    made.set_content(letter.text, cte="quoted-printable")
    # Not random, so that a second try is equal byte for byte; quoted-printable never contains these two characters.
    made.make_alternative(boundary=f"=_{letter.letter_id}")
    made.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return made


def send_mail(mail: Mail, letter: Letter, patience: Patience) -> None:
    """Send the letter through the mail server, within ``TRY_SECONDS`` and the time for its answer. Raises NotTaken."""
    content = email_of(letter, mail.sender_name, mail.sender).as_bytes()
    with TimeLimit(TRY_SECONDS) as limit:
        try:
            server = _connected(mail, limit)
        except (OSError, smtplib.SMTPException) as error:
            raise NotTaken(_trouble("The mail server did not let us in", error, limit)) from error
        try:
            _hand_over(server, mail.sender, letter.recipient, content)
            _end(server, patience, limit)
        except smtplib.SMTPRecipientsRefused as error:
            code, answer = next(iter(error.recipients.values()))
            lasting = 500 <= code < 600
            raise NotTaken(
                f"The mail server does not take this address ({code} {_plain(answer)}).", lasting=lasting
            ) from error
        except (OSError, smtplib.SMTPException) as error:
            raise NotTaken(_trouble("The mail server did not take the message", error, limit)) from error
        finally:
            # The message is accepted or refused by now, so errors while closing do not matter.
            limit.restart(GOODBYE_SECONDS)
            with suppress(OSError, smtplib.SMTPException):
                if server.sock:
                    server.quit()
            server.close()


def post(webhook: Webhook, letter: Letter, now: datetime) -> None:
    """Send the letter to the webhook, which accepts it with any status from 200 to 299. Raises NotTaken."""
    import httpx  # takes 0.2 s, needed only with a webhook

    body = json.dumps(shaped(webhook.shape, letter), ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "Pilot Ops", "Pilot-Ops-Id": letter.letter_id}
    if webhook.secret:
        headers["Pilot-Ops-Signature"] = signature(webhook.secret, int(now.timestamp()), body)
    # Read certificates only for https: it takes longer than the rest of the call.
    verify = ssl.create_default_context() if webhook.url.lower().startswith("https:") else False
    with TimeLimit(TRY_SECONDS) as limit:

        def watch(event: str, found: dict[str, Any]) -> None:
            if event == "connection.connect_tcp.complete":
                limit.watch(found["return_value"].get_extra_info("socket"))

        try:
            with (
                httpx.Client(verify=verify, timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False) as client,
                client.stream(
                    "POST", webhook.url, content=body, headers=headers, extensions={"trace": watch}
                ) as answer,
            ):
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = "it took too long" if limit.is_over else type(error).__name__
            raise NotTaken(f"The webhook did not answer ({why}).") from error
    if not 200 <= status < 300:
        raise NotTaken(f"The webhook answered {status}.")


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """Return ``t=<seconds>,v1=<hex>``: the HMAC-SHA256, under the secret, of the time, a full stop and the body."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def shaped(shape: str, letter: Letter) -> dict[str, Any]:
    """Return the JSON for a webhook of that shape."""
    if shape == "slack":
        return {"text": f"*{_slack(letter.subject)}*\n{_slack(_shortened(letter))}"}
    if shape == "teams":
        blocks = [
            {"type": "TextBlock", "text": _teams(letter.subject), "weight": "Bolder", "wrap": True},
            {"type": "TextBlock", "text": _teams(_shortened(letter)), "wrap": True},
        ]
        # Teams does not turn addresses in the text into links.
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


class _Server(smtplib.SMTP):
    """A connection that ``limit`` watches from its first byte on, the TLS handshake included."""

    def __init__(self, mail: Mail, limit: TimeLimit):
        self._limit = limit
        self._tls = ssl.create_default_context() if mail.security == "tls" else None
        super().__init__(mail.host, mail.port, timeout=TIMEOUT_SECONDS)

    # The standard library's own subclass for TLS overrides this method.
    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connection = socket.create_connection((host, port), timeout)
        self._limit.watch(connection)
        return self._tls.wrap_socket(connection, server_hostname=host) if self._tls else connection


def _connected(mail: Mail, limit: TimeLimit) -> smtplib.SMTP:
    """Return a connection that is signed in. Raises OSError and SMTPException."""
    server = _Server(mail, limit)
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
    """Send a message without its final dot. After an OSError or SMTPException it is certain not to be accepted."""
    server.ehlo_or_helo_if_needed()
    code, answer = server.mail(sender, [f"size={len(content)}"] if server.has_extn("size") else [])
    if code != 250:
        raise smtplib.SMTPSenderRefused(code, answer, sender)
    code, answer = server.rcpt(recipient)
    if code not in (250, 251):
        raise smtplib.SMTPRecipientsRefused({recipient: (code, answer)})
    code, answer = server.docmd("DATA")
    if code != 354:
        raise smtplib.SMTPDataError(code, answer)
    assert server.sock is not None
    # Otherwise the final dot is delayed until the rest is acknowledged.
    server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server.send(re.sub(rb"(?m)^\.", b"..", content))


def _end(server: smtplib.SMTP, patience: Patience, limit: TimeLimit) -> None:
    """Send the final dot and read the answer. Raises NotTaken and SMTPDataError."""
    assert server.sock is not None
    server.sock.settimeout(patience.seconds)
    limit.restart(patience.seconds)
    try:
        server.send(b".\r\n")
        code, answer = server.getreply()
    except (OSError, smtplib.SMTPServerDisconnected) as error:
        if limit.is_over or isinstance(error.__context__, TimeoutError):
            patience.is_over()
        raise NotTaken(_trouble("The mail server did not say whether it took the message", error, limit)) from error
    if code != 250:
        raise smtplib.SMTPDataError(code, answer)


def _without_encoded_words(text: str) -> str:
    """Return the text without anything that mail programs decode in headers, such as "=?utf-8?q?Bcc=3A?="."""
    return text.replace("=?", "= ?")


def _shortened(letter: Letter) -> str:
    """Return the lines of the text that fit into a chat message, and where to read the rest."""
    text = letter.text.strip()
    if len(text) <= LONGEST_CHAT:
        return text
    whole = text[:LONGEST_CHAT].rpartition("\n")[0] or text[:LONGEST_CHAT]
    return f"{whole.rstrip()}\n… The rest is here: {letter.page}"


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _teams(text: str) -> str:
    """Return the text with Markdown escaped, links included, and its line breaks preserved."""
    for mark in "\\`*_[]#~":
        text = text.replace(mark, f"\\{mark}")
    return text.replace("\n", "\n\n")


def _trouble(what: str, error: Exception, limit: TimeLimit) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{what} ({error.smtp_code} {_plain(error.smtp_error)})."
    if limit.is_over:
        return f"{what} (it timed out)."
    return f"{what} ({_plain(str(error)) or type(error).__name__})."


def _plain(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]
