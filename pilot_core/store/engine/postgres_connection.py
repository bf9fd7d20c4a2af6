"""How this product connects to PostgreSQL. Every connection is made with ``OPTIONS`` and one of these two classes.

No wait for a database has no end. A server that is too slow ends a statement itself. A network that loses everything
is noticed by TCP, on both sides. A server that is frozen, or a proxy that takes everything and answers nothing, is
noticed by the limit for an answer, since TCP looks well then.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

CONNECT_SECONDS = 10
SILENT_SECONDS = 30
"""Seconds without any packet from the other side after which TCP gives a connection up."""
STATEMENT_SECONDS = 60
"""Seconds after which the server ends a statement."""
ANSWER_SECONDS = STATEMENT_SECONDS + 15.0
"""Seconds to wait for the answer to a statement. Longer than the server's limit, whose error says more."""
LONG_SECONDS = 3600
"""``STATEMENT_SECONDS`` of a statement that rewrites a whole table."""

SERVER_OPTIONS = {
    "lock_timeout": "15s",
    "idle_in_transaction_session_timeout": "15min",
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    # So that the server releases the locks of a client that is gone.
    "tcp_keepalives_idle": SILENT_SECONDS // 2,
    "tcp_keepalives_interval": SILENT_SECONDS // 6,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": f"{SILENT_SECONDS}s",
}
LIMITS = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives": 1,
    "keepalives_idle": SILENT_SECONDS // 2,
    "keepalives_interval": SILENT_SECONDS // 6,
    "keepalives_count": 3,
    "tcp_user_timeout": SILENT_SECONDS * 1000,
    "application_name": "pilot-ops",
}
OPTIONS: dict[str, Any] = {
    **LIMITS,
    "autocommit": True,
    "options": " ".join(f"-c {name}={value}" for name, value in {**SERVER_OPTIONS, "jit": "off"}.items()),
    "client_encoding": "utf8",
    # A prepared "SELECT *" fails permanently once another server's upgrade has added a column, and behind PgBouncer in
    # transaction mode the next statement may reach a server process that does not know it.
    "prepare_threshold": None,
}

RV = TypeVar("RV")


class Connection(psycopg.Connection[Any]):
    """A connection that waits at most ``answer_seconds`` for an answer, then closes and raises OperationalError.

    ``used_at`` is when it was made or last used (``time.monotonic``). ``answer_seconds`` is None for the default.
    """

    used_at: float = 0.0
    answer_seconds: float | None = None

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for the other side. Waits that psycopg limits itself, for a notification, are left to it."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        limit, began = self.answer_seconds or ANSWER_SECONDS, time.monotonic()
        try:
            return super().wait(gen, interval, limit)
        except psycopg.OperationalError as error:
            if time.monotonic() - began < limit:
                raise
            raise _given_up(self, limit) from error


class AsyncConnection(psycopg.AsyncConnection[Any]):
    """The same for asyncio."""

    async def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for the other side. Waits that psycopg limits itself are left to it."""
        if timeout is not None:
            return await super().wait(gen, interval, timeout)
        limit, began = ANSWER_SECONDS, time.monotonic()
        try:
            return await super().wait(gen, interval, limit)
        except psycopg.OperationalError as error:
            if time.monotonic() - began < limit:
                raise
            raise _given_up(self, limit) from error


def connect(url: str) -> Connection:
    """Return a new connection. Raises psycopg.Error."""
    return Connection.connect(url, **OPTIONS)


@contextmanager
def statements_within(raw: Connection, seconds: int) -> Iterator[None]:
    """Limit each statement of the block to that many seconds, instead of ``STATEMENT_SECONDS``."""
    before, raw.answer_seconds = raw.answer_seconds, seconds + 15.0
    try:
        # If the connection is lost here, the first statement of the block says so.
        with suppress(psycopg.OperationalError):
            raw.execute(f"SET statement_timeout = '{seconds}s'".encode())
        yield
    finally:
        raw.answer_seconds = before
        # A transaction that failed takes the setting back itself; a connection that was lost has none.
        with suppress(psycopg.Error):
            raw.execute("RESET statement_timeout")


def _given_up(raw: psycopg.Connection[Any] | psycopg.AsyncConnection[Any], seconds: float) -> psycopg.OperationalError:
    # Not close(): whoever lent it shall see that it broke, and the answer may still come.
    raw.pgconn.finish()
    return psycopg.OperationalError(f"the server did not answer within {seconds:g} s")
