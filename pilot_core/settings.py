"""Settings, read from the environment in this one place. The README lists them; a test compares the two."""

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pilot_core.errors import InvalidRequest
from pilot_core.logs import LEVELS

ROOT = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"
HERE = "http://localhost:8501"


@dataclass(frozen=True)
class Settings:
    """What can be set; times in seconds."""

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
        renders_at_once=int(_number("PILOT_OPS_RENDERS", 1, 1)),
        url=_url("PILOT_OPS_URL"),
        leads=_accounts("PILOT_OPS_LEADS"),
        viewers=_accounts("PILOT_OPS_VIEWERS"),
        backups=Path(folder) if (folder := env.get("PILOT_OPS_BACKUPS")) else None,
        log_level=_level("PILOT_OPS_LOG_LEVEL"),
    )


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
