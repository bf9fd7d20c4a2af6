"""Settings, read from the environment in this one place. The README lists them; a test compares the two."""

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from pilot_core.errors import InvalidRequest
from pilot_core.logs import LEVELS
from pilot_core.messages.addresses import checked_address
from pilot_core.messages.hours import USUAL, Hours
from pilot_core.messages.hours import parse as parse_hours
from pilot_core.messages.ways import Mail, Webhook, parse_mail, parse_webhook
from pilot_core.store.bucket import Place, parse_place

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"
SHORTEST_SECRET = 32
HERE = "http://localhost:8501"


@dataclass(frozen=True)
class Settings:
    """What can be set; times in seconds, unless their names say otherwise."""

    store: Path
    pipeline: str
    command: tuple[str, ...]
    command_timeout_seconds: float
    renders_at_once: int
    url: str | None
    leads: tuple[str, ...]
    viewers: tuple[str, ...]
    backups: Path | None = None
    log_level: str | None = None
    mail: Mail | None = None
    mail_leads: tuple[str, ...] = ()
    webhook: Webhook | None = None
    hours: Hours = USUAL
    answer_hours: float = 24.0
    review_hours: float = 48.0
    hold_minutes: float = 10.0
    database_url: str | None = field(default=None, repr=False)  # it holds a password
    media: Place | None = None
    secret: str | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        """The address links begin with, without a slash at its end."""
        return self.url or HERE


def settings() -> Settings:
    """The settings in force now. Raises InvalidRequest naming the variable that is wrong."""
    env = os.environ
    return Settings(
        store=Path(env.get("PILOT_OPS_STORE") or ROOT / "data" / "pilots"),
        pipeline=env.get("PILOT_OPS_PIPELINE", "storyboard"),
        command=tuple(shlex.split(env.get("PILOT_OPS_COMMAND", ""))),
        command_timeout_seconds=_number("PILOT_OPS_COMMAND_TIMEOUT", 600, 1),
        renders_at_once=_renders("PILOT_OPS_RENDERS"),
        url=_url("PILOT_OPS_URL"),
        leads=_accounts("PILOT_OPS_LEADS"),
        viewers=_accounts("PILOT_OPS_VIEWERS"),
        backups=Path(folder) if (folder := env.get("PILOT_OPS_BACKUPS")) else None,
        log_level=_level("PILOT_OPS_LOG_LEVEL"),
        mail=_named(
            "PILOT_OPS_SMTP",
            lambda: parse_mail(
                env.get("PILOT_OPS_SMTP", ""),
                env.get("PILOT_OPS_SMTP_PASSWORD", ""),
                env.get("PILOT_OPS_MAIL_FROM", ""),
            ),
        ),
        mail_leads=_mail_leads(),
        webhook=_named(
            "PILOT_OPS_WEBHOOK",
            lambda: parse_webhook(
                env.get("PILOT_OPS_WEBHOOK", ""),
                env.get("PILOT_OPS_WEBHOOK_SECRET", ""),
                env.get("PILOT_OPS_WEBHOOK_SHAPE", ""),
            ),
        ),
        hours=_named(
            "PILOT_OPS_TIME_ZONE, PILOT_OPS_WORKING_DAYS or PILOT_OPS_WORKING_HOURS",
            lambda: parse_hours(
                env.get("PILOT_OPS_TIME_ZONE", ""),
                env.get("PILOT_OPS_WORKING_DAYS", ""),
                env.get("PILOT_OPS_WORKING_HOURS", ""),
            ),
        ),
        answer_hours=_number("PILOT_OPS_ANSWER_HOURS", 24, 1),
        review_hours=_number("PILOT_OPS_REVIEW_HOURS", 48, 1),
        hold_minutes=_number("PILOT_OPS_HOLD_MINUTES", 10, 0),
        database_url=database_url(),
        media=media_place(),
        secret=_secret("PILOT_OPS_SECRET"),
    )


def database_url() -> str | None:
    """The PostgreSQL database that stores are kept in; None for the file in their folder. Raises InvalidRequest."""
    url = os.environ.get("PILOT_OPS_DATABASE_URL", "").strip()
    return checked_database_url("The setting PILOT_OPS_DATABASE_URL", url) if url else None


def checked_database_url(what: str, url: str) -> str:
    """The address of a PostgreSQL database. Raises InvalidRequest, which does not repeat it: it may hold a password."""
    try:
        parts = urlsplit(url)
        is_right = parts.scheme in ("postgresql", "postgres") and len(parts.path) > 1 and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right:
        raise InvalidRequest(f"{what} is not right; it must look like postgresql://user:password@host:5432/name.")
    return url


def media_place() -> Place | None:
    """The place in a bucket where films and documents are kept; None for the store's folder alone."""
    url, endpoint = (os.environ.get(name, "").strip() for name in ("PILOT_OPS_MEDIA", "PILOT_OPS_MEDIA_ENDPOINT"))
    return _named("PILOT_OPS_MEDIA or PILOT_OPS_MEDIA_ENDPOINT", lambda: parse_place(url, endpoint)) if url else None


def _named(name: str, parsed: Callable[[], T]) -> T:
    """What ``parsed`` gives. Raises InvalidRequest that says in which setting the fault is."""
    try:
        return parsed()
    except InvalidRequest as error:
        raise InvalidRequest(f"The setting {name} is not right. {error}") from error


def _mail_leads() -> tuple[str, ...]:
    """The addresses leads are written to: those set, else the accounts that are addresses."""
    text = os.environ.get("PILOT_OPS_MAIL_LEADS", "")
    if not text.strip():
        accounts = _accounts("PILOT_OPS_LEADS")
        return tuple(account for account in accounts if not account.startswith("@"))
    found = text.replace(",", " ").split()
    return _named("PILOT_OPS_MAIL_LEADS", lambda: tuple(checked_address(address) for address in found))


def left_to_workers() -> str | None:
    """The database through which workers are asked for cuts; None where a dashboard makes its cuts itself."""
    return database_url() if os.environ.get("PILOT_OPS_RENDERS", "").strip() == "0" else None


def _renders(name: str) -> int:
    if os.environ.get(name, "").strip() != "0":
        return int(_number(name, 1, 1))
    if not left_to_workers():
        raise InvalidRequest(
            f"The setting {name} is 0, which leaves the cuts to workers; they need PILOT_OPS_DATABASE_URL."
        )
    return 0


def _secret(name: str) -> str | None:
    text = os.environ.get(name, "").strip()
    if text and len(text) < SHORTEST_SECRET:
        raise InvalidRequest(
            f"The setting {name} is too short to be a secret; make one with: "
            "python -c 'import secrets; print(secrets.token_hex(32))'."
        )
    return text or None


def _level(name: str) -> str | None:
    text = os.environ.get(name, "").strip().lower()
    if text and text not in LEVELS:
        raise InvalidRequest(f"The setting {name} is “{text}”; it must be one of: {', '.join(LEVELS)}.")
    return text or None


def _url(name: str) -> str | None:
    """An origin such as ``https://pilots.example.com``, in lower case."""
    text = os.environ.get(name, "").strip().rstrip("/").lower()
    if not text:
        return None
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or f"{parts.scheme}://{parts.netloc}" != text:
        raise InvalidRequest(f"The setting {name} is “{text}”; it must look like https://pilots.example.com.")
    return text


def _accounts(name: str) -> tuple[str, ...]:
    """E-mail addresses, and domains written with their @, in lower case."""
    found = tuple(part for part in os.environ.get(name, "").lower().replace(",", " ").split())
    for part in found:
        if part.count("@") != 1 or part.endswith("@"):
            raise InvalidRequest(
                f"The setting {name} names “{part}”; give e-mail addresses, or domains as @example.com."
            )
    return found


def _number(name: str, default: float, least: float) -> float:
    text = os.environ.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = least - 1
    if not least <= value < float("inf"):
        raise InvalidRequest(f"The setting {name} is “{text}”; it must be a number of at least {least:g}.")
    return value
