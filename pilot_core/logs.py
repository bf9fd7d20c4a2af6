"""What the log says: one JSON object a line, of our own loggers, to stderr.

A line has ``time`` (ISO 8601, UTC), ``level``, ``logger`` and ``message``; the ``FACTS`` as far as they are known; and
a ``trace`` where something unexpected happened. Whatever people typed stands inside JSON strings of ASCII, so that no
line can be forged and no terminal commanded. What could open something never gets here: see :func:`shown_path`.
"""

import json
import logging
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from pilot_core.clock import iso

FACTS = ("request", "method", "path", "page", "status", "milliseconds", "pilot_id", "attempt", "actor")
"""``request`` is an id that the visitor is told too; ``path`` is without secrets; ``attempt`` is a number."""

LEVELS = ("debug", "info", "warning", "error")
SECRETS_AFTER = ("r", "sign-in")
LONGEST_PART = 42  # characters; a token has 43

_known: ContextVar[dict[str, object] | None] = ContextVar("facts of log lines", default=None)


class _Lines(logging.Handler):
    """Writes to what is ``sys.stderr`` at that moment, each line in one go."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(line(record) + "\n")
            sys.stderr.flush()
        except Exception:
            self.handleError(record)


def set_up(level: str) -> None:
    """Have our loggers write from that level on (one of ``LEVELS``); may be called again."""
    ours = logging.getLogger("pilot_core")
    ours.setLevel(level.upper())
    if not any(isinstance(handler, _Lines) for handler in ours.handlers):
        ours.addHandler(_Lines())


def line(record: logging.LogRecord) -> str:
    """A record as its line, without the newline."""
    said: dict[str, object] = {
        "time": iso(datetime.fromtimestamp(record.created, UTC)),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": record.getMessage(),
    }
    told = (_known.get() or {}) | {name: record.__dict__[name] for name in FACTS if name in record.__dict__}
    said |= {name: told[name] for name in FACTS if told.get(name) is not None}
    if record.exc_info:
        said["trace"] = logging.Formatter().formatException(record.exc_info)
    return json.dumps(said, default=str)


@contextmanager
def about(**facts: object) -> Iterator[None]:
    """Every line logged within the block, also by threads it waits for, carries these facts."""
    before = _known.set((_known.get() or {}) | facts)
    try:
        yield
    finally:
        _known.reset(before)


def begin(**facts: object) -> str:
    """From here on, until the next call, lines of this thread or task carry these facts alone; returns the id."""
    reference = new_id()
    _known.set({"request": reference} | facts)
    return reference


def present_id() -> str | None:
    """The id of the request or page run at work here."""
    told = (_known.get() or {}).get("request")
    return str(told) if told else None


def new_id() -> str:
    """A fresh id, short enough to be read out."""
    return secrets.token_hex(5)


def shown_path(path: str) -> str:
    """A request's path with “…” for what could open something: links' tokens, keys, and whatever is as long as one."""
    parts = path.split("/")
    first = parts[1] if len(parts) > 1 else ""
    if first in SECRETS_AFTER and parts[2:3] != ["with"]:
        return f"/{first}/…"
    if first == "_stcore":
        return "/".join(parts[:3]) + ("/…" if len(parts) > 3 else "")
    return "/".join(part if len(part) <= LONGEST_PART else "…" for part in parts[:12])
