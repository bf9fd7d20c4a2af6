"""The settings, read once from the environment and passed on.

Each field of :class:`Settings` is one setting: its environment variable, its default and what it means. The README's
table and the diagnostics page are made from the fields, so a new setting is one entry here and ``make settings``.
"""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from pilot_core.addresses import checked_address, checked_database_url
from pilot_core.channels import Mail, Webhook, parse_mail, parse_webhook
from pilot_core.errors import InvalidRequest
from pilot_core.logs import LEVELS
from pilot_core.media_place import Place, parse_place
from pilot_core.working_hours import Hours
from pilot_core.working_hours import parse as parse_hours

ROOT = Path(__file__).resolve().parent.parent
CATALOG_DIR = ROOT / "data" / "catalog"
VERSION = "0.1.0"
SHORTEST_SECRET = 32  # characters
LOCAL_URL = "http://localhost:8501"


@dataclass(frozen=True)
class Shown:
    """How the README names a setting's default, and how the diagnostics page shows its value."""

    default: str = ""
    value: Callable[[Any], str] | None = None


def _number(given: str | float, least: float) -> float:
    try:
        value = float(given)
    except ValueError:
        value = least - 1
    if not least <= value < float("inf"):
        raise ValueError(f"is “{given}”; it must be a number of at least {least:g}.")
    return value


def _at_least(least: float) -> BeforeValidator:
    return BeforeValidator(lambda given: _number(given, least))


def _renders(given: str | int) -> int:
    return 0 if str(given).strip() == "0" else int(_number(given, 1))  # only a plain 0 leaves renders to the workers


def _command(given: str | tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(given)) if isinstance(given, str) else given
    except ValueError:
        raise ValueError("is not right: a quotation mark in it has no partner.") from None


def _level(text: str) -> str:
    if text.lower() not in LEVELS:
        raise ValueError(f"is “{text.lower()}”; it must be one of: {', '.join(LEVELS)}.")
    return text.lower()


def _origin(text: str) -> str:
    origin = text.rstrip("/").lower()
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or not parts.hostname or f"{parts.scheme}://{parts.netloc}" != origin:
        raise ValueError(f"is “{origin}”; it must look like https://pilots.example.com.")
    return origin


def _secret(text: str) -> str:
    if len(text) < SHORTEST_SECRET:
        raise ValueError(
            "is too short to be a secret; make one with: python -c 'import secrets; print(secrets.token_hex(32))'."
        )
    return text


def _words(given: str | tuple[str, ...]) -> tuple[str, ...]:
    return tuple(given.replace(",", " ").split()) if isinstance(given, str) else given


def _accounts(given: tuple[str, ...]) -> tuple[str, ...]:
    """E-mail addresses, and domains written with their @, in lower case."""
    for part in (found := tuple(part.lower() for part in given)):
        if part.count("@") != 1 or part.endswith("@"):
            raise ValueError(f"names “{part}”; give e-mail addresses, or domains as @example.com.")
    return found


def _addresses(given: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(checked_address(address) for address in given)
    except InvalidRequest as error:
        raise ValueError(f"is not right. {error}") from error


Accounts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words), AfterValidator(_accounts)]
Addresses = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words), AfterValidator(_addresses)]
Database = Annotated[str, AfterValidator(lambda url: checked_database_url("The setting PILOT_OPS_DATABASE_URL", url))]
Command = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_command)]


def _setting(variable: str, default: object, help: str, *, secret: bool = False) -> Any:
    """Return the field of a setting: its variable, its default, and a sentence on what it means, with the unit."""
    return Field(default, validation_alias=variable, description=help, repr=not secret)


class Settings(BaseSettings):
    """All settings. Times are in seconds, unless their names say otherwise."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        case_sensitive=True,
        populate_by_name=True,
        str_strip_whitespace=True,
        hide_input_in_errors=True,
    )

    store: Annotated[Path, Shown("`data/pilots`")] = _setting(
        "PILOT_OPS_STORE", ROOT / "data" / "pilots", "The folder of the store."
    )
    database_url: Database | None = _setting(
        "PILOT_OPS_DATABASE_URL",
        None,
        "The PostgreSQL database that holds the pilots instead of the folder: "
        "`postgresql://user:password@host:5432/name`.",
        secret=True,
    )
    database_connections: Annotated[int, BeforeValidator(lambda given: int(_number(given, 6)))] = _setting(
        "PILOT_OPS_DATABASE_CONNECTIONS",
        44,
        "How many connections to PostgreSQL a process may hold for its store; 6 or more. Jobs and sign-ins have more.",
    )
    catalog: Annotated[Path, Shown("`data/catalog`")] = _setting(
        "PILOT_OPS_CATALOG", CATALOG_DIR, "The folder of your own catalogue, a copy of `data/catalog` that you edit."
    )
    pipeline: str = _setting("PILOT_OPS_PIPELINE", "storyboard", "The pipeline used when none is named.")
    command: Annotated[Command, Shown(value=lambda command: Path(command[0]).name)] = _setting(
        "PILOT_OPS_COMMAND", (), "The program of the command pipeline, with its arguments."
    )
    command_timeout_seconds: Annotated[float, _at_least(1)] = _setting(
        "PILOT_OPS_COMMAND_TIMEOUT", 600.0, "How long that program may run, in seconds."
    )
    renders_at_once: Annotated[int, BeforeValidator(_renders)] = _setting(
        "PILOT_OPS_RENDERS",
        1,
        "How many attempts the dashboard renders at once. `0` leaves them to workers (`make worker`, on PostgreSQL).",
    )
    media_url: str | None = _setting(
        "PILOT_OPS_MEDIA",
        None,
        "The bucket that stores films and documents: `s3://bucket/prefix`. See [docs/bucket.md](docs/bucket.md).",
    )
    media_endpoint: Annotated[str | None, Shown("Amazon’s")] = _setting(
        "PILOT_OPS_MEDIA_ENDPOINT", None, "The address of another S3 service: `https://s3.example.com`."
    )
    backups: Path | None = _setting(
        "PILOT_OPS_BACKUPS",
        None,
        "The folder for nightly backups. One is made each night after 2:00 UTC, and the last seven are kept.",
    )
    backups_restored: bool = _setting(
        "PILOT_OPS_BACKUPS_RESTORED", False, "`1` restores each nightly backup on trial, and compares every row."
    )
    log_level: Annotated[Annotated[str, AfterValidator(_level)] | None, Shown("`info`")] = _setting(
        "PILOT_OPS_LOG_LEVEL",
        None,
        "The lowest level that is logged: `debug`, `info`, `warning` or `error`. Commands start at `warning`. "
        "Each line on stderr is a JSON object.",
    )
    url: Annotated[str, AfterValidator(_origin)] | None = _setting(
        "PILOT_OPS_URL",
        None,
        "The address others reach, such as `https://pilots.example.com`. Once it is set, everyone signs in.",
    )
    proxies: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)] = _setting(
        "FORWARDED_ALLOW_IPS", (), "Addresses or networks of proxies: only these are believed about who asks."
    )
    secret: Annotated[str, AfterValidator(_secret)] | None = _setting(
        "PILOT_OPS_SECRET",
        None,
        "At least 32 characters that several servers share, so that each accepts what another signed.",
        secret=True,
    )
    leads: Accounts = _setting(
        "PILOT_OPS_LEADS", (), "Accounts that may sign in as leads: e-mail addresses, or domains as `@example.com`."
    )
    viewers: Accounts = _setting("PILOT_OPS_VIEWERS", (), "Accounts that may sign in as viewers, written the same way.")
    smtp: str | None = _setting(
        "PILOT_OPS_SMTP",
        None,
        "The mail server: `starttls://user@mail.example.com:587`. `tls://` and `plain://` are the other schemes.",
    )
    smtp_password: str = _setting("PILOT_OPS_SMTP_PASSWORD", "", "The password for the mail server.", secret=True)
    mail_from: str = _setting("PILOT_OPS_MAIL_FROM", "", "The sender of messages: `Pilot Ops <pilots@example.com>`.")
    mail_leads: Annotated[Addresses, Shown("the addresses in `PILOT_OPS_LEADS`")] = Field(
        default_factory=lambda data: tuple(account for account in data["leads"] if not account.startswith("@")),
        validation_alias="PILOT_OPS_MAIL_LEADS",
        description="The leads who get messages, as e-mail addresses.",
    )
    # Show only the host: anyone who has the full address of a webhook can post to it.
    webhook_url: Annotated[str | None, Shown(value=lambda url: str(urlsplit(url).hostname))] = _setting(
        "PILOT_OPS_WEBHOOK", None, "An address that takes messages as JSON.", secret=True
    )
    webhook_secret: str = _setting(
        "PILOT_OPS_WEBHOOK_SECRET",
        "",
        'Signs what is sent there: `Pilot-Ops-Signature: t=<seconds>,v1=<HMAC-SHA256 of "t.body">`.',
        secret=True,
    )
    webhook_shape: str = _setting(
        "PILOT_OPS_WEBHOOK_SHAPE",
        "json",
        "`json`, or `slack` or `teams` for such a channel. A channel gets the messages for leads.",
    )
    time_zone: str = _setting(
        "PILOT_OPS_TIME_ZONE", "UTC", "The time zone of working days and hours, such as `Europe/Berlin`."
    )
    working_days: str = _setting(
        "PILOT_OPS_WORKING_DAYS", "mon-fri", "The days on which deadlines run and messages are sent."
    )
    working_hours: str = _setting(
        "PILOT_OPS_WORKING_HOURS", "8-19", "Their hours in which messages are sent. `0-24` is at any hour."
    )
    answer_hours: Annotated[float, _at_least(1)] = _setting(
        "PILOT_OPS_ANSWER_HOURS", 24.0, "How long the team has to answer, in hours of working days."
    )
    review_hours: Annotated[float, _at_least(1)] = _setting(
        "PILOT_OPS_REVIEW_HOURS", 48.0, "How long a founder has to review, in hours of working days."
    )
    hold_minutes: Annotated[float, _at_least(0)] = _setting(
        "PILOT_OPS_HOLD_MINUTES", 10.0, "How long a message can be read and edited before it is sent, in minutes."
    )
    second_reason: bool = _setting(
        "PILOT_OPS_SECOND_REASON",
        False,
        "`1` lets an override of a recommendation take effect only once a second person has given their reason.",
    )
    team_name: Annotated[str, StringConstraints(max_length=80)] = _setting(
        "PILOT_OPS_TEAM", "", "The name of the team, as reviewers read it in the review room’s first line."
    )
    lead_name: Annotated[str, StringConstraints(max_length=80)] = _setting(
        "PILOT_OPS_LEAD", "", "Who asks for the review, as reviewers read it there."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment alone: no .env file, no folder of secrets. The parameters are those of pydantic."""
        return init_settings, env_settings

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Treat an empty variable as not set."""
        return {name: value for name, value in data.items() if not isinstance(value, str) or value.strip()}

    @model_validator(mode="after")
    def _check_together(self) -> "Settings":
        """Refuse settings that do not go together. Raises InvalidRequest."""
        if self.renders_at_once == 0 and not self.database_url:
            raise InvalidRequest(
                "The setting PILOT_OPS_RENDERS is 0, which leaves the cuts to workers; they need "
                "PILOT_OPS_DATABASE_URL."
            )
        _named("PILOT_OPS_SMTP", lambda: self.mail)
        _named("PILOT_OPS_WEBHOOK", lambda: self.webhook)
        _named("PILOT_OPS_TIME_ZONE, PILOT_OPS_WORKING_DAYS or PILOT_OPS_WORKING_HOURS", lambda: self.hours)
        _named("PILOT_OPS_MEDIA or PILOT_OPS_MEDIA_ENDPOINT", lambda: self.media)
        return self

    @property
    def address(self) -> str:
        """The address that links begin with, without a slash at its end."""
        return self.url or LOCAL_URL

    @property
    def mail(self) -> Mail | None:
        """The mail server, if one is set."""
        return parse_mail(self.smtp or "", self.smtp_password, self.mail_from)

    @property
    def webhook(self) -> Webhook | None:
        """The webhook, if one is set."""
        return parse_webhook(self.webhook_url or "", self.webhook_secret, self.webhook_shape)

    @property
    def hours(self) -> Hours:
        """The working time."""
        return parse_hours(self.time_zone, self.working_days, self.working_hours)

    @property
    def media(self) -> Place | None:
        """The place in a bucket where videos and documents are stored; None for the store's folder."""
        return parse_place(self.media_url, self.media_endpoint or "") if self.media_url else None

    @property
    def workers_database_url(self) -> str | None:
        """The database whose workers render the attempts; None where the dashboard renders them itself."""
        return self.database_url if self.renders_at_once == 0 else None


def read_settings() -> Settings:
    """Read the settings from the environment. Raises InvalidRequest, which names the variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        reason = str(first.get("ctx", {}).get("error") or f"is not right: {first['msg']}.")
        # Not chained: the error behind it may hold a password.
        raise InvalidRequest(f"The setting {first['loc'][0]} {reason}") from None


@dataclass(frozen=True)
class Described:
    """A setting as the README and the diagnostics page show it; ``default`` is Markdown."""

    variable: str
    default: str
    help: str
    value: str


def described(settings: Settings | None = None) -> list[Described]:
    """Return each setting in the order of the fields, with its value in ``settings`` (empty if not set).

    The value of a secret says only whether it is set.
    """
    return [
        Described(
            str(field.validation_alias),
            _default_of(field),
            field.description or "",
            _value_of(field, getattr(settings, name)) if settings else "",
        )
        for name, field in Settings.model_fields.items()
    ]


def table() -> str:
    """The README's table of settings, in Markdown."""
    lines = [f"| `{setting.variable}` | {setting.default} | {setting.help} |" for setting in described()]
    return "\n".join(["| Variable | Default | Meaning |", "|---|---|---|", *lines]) + "\n"


def _named(variables: str, parse: Callable[[], object]) -> None:
    """Call ``parse`` to check a setting. Raises InvalidRequest, which names the variables at fault."""
    try:
        parse()
    except InvalidRequest as error:
        raise InvalidRequest(f"The setting {variables} is not right. {error}") from error


def _shown(field: FieldInfo) -> Shown:
    return next((entry for entry in field.metadata if isinstance(entry, Shown)), Shown())


def _default_of(field: FieldInfo) -> str:
    if named := _shown(field).default:
        return named
    return f"`{_text(field.default)}`" if field.default not in (None, (), "") else "–"


def _value_of(field: FieldInfo, value: object) -> str:
    if value in (None, (), ""):
        return "" if field.repr else "not set"
    if convert := _shown(field).value:
        return convert(value)
    return _text(value) if field.repr else "set"


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
