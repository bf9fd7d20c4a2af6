"""The log: one JSON object per line, from our own loggers, on stderr.

A line has ``time`` (ISO 8601, UTC), ``level``, ``logger`` and ``message``, the ``FACTS`` that are known, and a
``trace`` where something unexpected happened. Text that people typed is written as ASCII inside JSON strings, so that
it can neither fake a log line nor send control codes to a terminal. Secrets in addresses are never logged: see
:func:`shown_path`.
"""

import json
import logging
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from pilot_core.clock import iso

FACTS = ("request", "method", "path", "page", "status", "milliseconds", "pilot_id", "attempt", "actor")
"""``request`` is an id that the visitor sees too; ``path`` has no secrets; ``attempt`` is a number."""

LEVELS = ("debug", "info", "warning", "error")
SECRETS_AFTER = ("r", "sign-in")
LONGEST_PART = 42  # characters; a token has 43

AGAIN_SECONDS = 60.0
"""Seconds after which the same reason for failed background work is logged again."""

_told: dict[str, float] = {}
_known: ContextVar[dict[str, object] | None] = ContextVar("facts of log lines", default=None)


class _Lines(logging.Handler):
    """Writes each line in one call to the current ``sys.stderr``."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(line(record) + "\n")
            sys.stderr.flush()
        except Exception:
            self.handleError(record)


def set_up(level: str) -> None:
    """Make our loggers write lines of that level (one of ``LEVELS``) and above. May be called again."""
    ours = logging.getLogger("pilot_core")
    ours.setLevel(level.upper())
    if not any(isinstance(handler, _Lines) for handler in ours.handlers):
        ours.addHandler(_Lines())


def line(record: logging.LogRecord) -> str:
    """Return the record as a line of JSON, without the newline."""
    entry: dict[str, object] = {
        "time": iso(datetime.fromtimestamp(record.created, UTC)),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": record.getMessage(),
    }
    known = (_known.get() or {}) | {name: record.__dict__[name] for name in FACTS if name in record.__dict__}
    entry |= {name: known[name] for name in FACTS if known.get(name) is not None}
    if record.exc_info:
        entry["trace"] = logging.Formatter().formatException(record.exc_info)
    return json.dumps(entry, default=str)


def warn_of(log: logging.Logger, failed: str, reason: Exception) -> None:
    """Log in one line that work which is repeated every few seconds failed for a known reason, such as no database.

    The same reason is not logged again for a minute, whichever thread meets it.
    """
    now, words = time.monotonic(), str(reason)
    for old in [each for each, at in list(_told.items()) if now - at > AGAIN_SECONDS]:
        _told.pop(old, None)
    if _told.setdefault(words, now) == now:
        log.warning("%s: %s", failed, words)


@contextmanager
def about(**facts: object) -> Iterator[None]:
    """Add these facts to every line logged within the block, including by threads it waits for."""
    before = _known.set((_known.get() or {}) | facts)
    try:
        yield
    finally:
        _known.reset(before)


def begin(**facts: object) -> str:
    """Set the facts that lines of this thread or task carry until the next call, replacing others; returns the id."""
    reference = new_id()
    _known.set({"request": reference} | facts)
    return reference


def present_id() -> str | None:
    """Return the id of the request or page run that this thread or task is handling."""
    found = (_known.get() or {}).get("request")
    return str(found) if found else None


def new_id() -> str:
    """Return a new id, short enough to be read out."""
    return secrets.token_hex(5)


def shown_path(path: str) -> str:
    """Return a request's path with “…” in place of secrets: link tokens, keys, and any part that is as long as one."""
    parts = path.split("/")
    first = parts[1] if len(parts) > 1 else ""
    if first in SECRETS_AFTER and parts[2:3] != ["with"]:
        return f"/{first}/…"
    if first == "_stcore":
        return "/".join(parts[:3]) + ("/…" if len(parts) > 3 else "")
    return "/".join(part if len(part) <= LONGEST_PART else "…" for part in parts[:12])
