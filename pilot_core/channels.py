"""The channels that messages are sent through, a mail server and a webhook, and how they are written in settings."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from pilot_core.addresses import checked_sender
from pilot_core.errors import InvalidRequest

SHAPES = ("json", "slack", "teams")
SECURITY = {"starttls": 587, "tls": 465, "plain": 25}
LOCAL = ("localhost", "127.0.0.1", "::1")
SECRET_LENGTH = 16


@dataclass(frozen=True)
class Mail:
    """A mail server: ``security`` is starttls, tls or plain. The sender has an address and maybe a name."""

    host: str
    port: int
    security: str
    user: str
    password: str
    sender_name: str
    sender: str


@dataclass(frozen=True)
class Webhook:
    """An address that messages are posted to, in one of ``SHAPES``. With a ``secret``, each message is signed."""

    url: str
    secret: str
    shape: str


def parse_mail(address: str, password: str, sender: str) -> Mail | None:
    """Parse the mail server in the settings: "starttls://user@mail.example.com:587". Raises InvalidRequest."""
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
    """Parse the webhook in the settings. Raises InvalidRequest."""
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
