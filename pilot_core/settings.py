"""Settings, read from the environment in this one place. The README lists them; a test compares the two."""

import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from pilot_core.errors import InvalidRequest

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Settings:
    """What can be set; times in seconds."""

    store: Path
    pipeline: str
    command: tuple[str, ...]
    command_timeout_seconds: float
    renders_at_once: int


def settings() -> Settings:
    """The settings in force now. Raises InvalidRequest naming the variable that is wrong."""
    env = os.environ
    return Settings(
        store=Path(env.get("PILOT_OPS_STORE") or ROOT / "data" / "pilots"),
        pipeline=env.get("PILOT_OPS_PIPELINE", "storyboard"),
        command=tuple(shlex.split(env.get("PILOT_OPS_COMMAND", ""))),
        command_timeout_seconds=_number("PILOT_OPS_COMMAND_TIMEOUT", 600, 1),
        renders_at_once=int(_number("PILOT_OPS_RENDERS", 1, 1)),
    )


def _number(name: str, default: float, least: float) -> float:
    text = os.environ.get(name, "")
    try:
        value = float(text) if text else default
    except ValueError:
        value = least - 1
    if not least <= value < float("inf"):
        raise InvalidRequest(f"The setting {name} is “{text}”; it must be a number of at least {least:g}.")
    return value
