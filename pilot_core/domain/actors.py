"""Who does an act: a name for the history, and where the person behind it is known from.

What an actor may do is decided when the act is done, by what their source is then: see ``store/permission.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pilot_core.domain.roles import Role


class Way(StrEnum):
    """How an actor is known.

    By a sign-in key, by an account of the organisation, as the user of this machine's browser or of its command line,
    by a review link, or as the program itself.
    """

    KEY = "key"
    ACCOUNT = "account"
    HERE = "here"
    COMMAND_LINE = "command line"
    GRANT = "grant"
    PROGRAM = "program"


@dataclass(frozen=True)
class Source:
    """Where an actor is known from, with the role they had then.

    ``secret`` is the id of a sign-in key or the hash of a grant; ``pilot_id`` is a grant's.
    """

    way: Way
    role: Role
    secret: str = ""
    pilot_id: str = ""


class Actor(str):
    """The name of whoever acts, as events keep it, with its source. A name alone is no actor."""

    source: Source

    def __new__(cls, name: str, source: Source) -> Actor:
        made = super().__new__(cls, name)
        made.source = source
        return made


def at_command_line(name: str) -> Actor:
    """Return the actor of a command or a program of that user of this machine."""
    return Actor(name, Source(Way.COMMAND_LINE, Role.COMMAND_LINE))


def program(name: str) -> Actor:
    """Return the actor of what the program does by itself, such as "pipeline:storyboard"."""
    return Actor(name, Source(Way.PROGRAM, Role.PROGRAM))


PILOT_OPS = program("Pilot Ops")
"""The actor of the reports that are filed by themselves."""
