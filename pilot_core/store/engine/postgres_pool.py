"""This process's connections to one PostgreSQL database, pooled by psycopg_pool."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from weakref import WeakValueDictionary, finalize

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.numeric import FloatLoader
from psycopg.types.string import TextLoader
from psycopg_pool import ConnectionPool, PoolTimeout

from pilot_core.errors import StoreError
from pilot_core.store.engine import postgres_errors
from pilot_core.store.engine.postgres_connection import OPTIONS, Connection, connect

WAIT_SECONDS = 15.0
CONNECTIONS = 44
"""How many connections a process can hold, unless a setting says otherwise."""
ALONE = 4
"""How many standalone statements can run at once. Visitors without an account can cause them."""
BACKGROUND_SECONDS = 0.5
"""Seconds that a session waits for the pool before it connects itself, to learn why the pool could not."""
IDLE_SECONDS = 5.0
"""Seconds of idle time after which a connection is tested before it is used."""
CHECK_SECONDS = 5.0
"""Seconds to wait for the answer to that test."""

# The caller's StoreError already says why a connection failed, so the pool does not log it too.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


class PostgresPool:
    """The pool of one database. It is closed when the last store using it is gone, or when the process ends.

    Of ``connections``, ``ALONE`` are for standalone statements. Half of the others are sessions, for which one waits;
    each session can have one more, for a change inside its read, so that none waits for a connection it blocks itself.
    """

    def __init__(self, url: str, connections: int):
        self.name = shown(url)
        self._url = url
        _check_address(url)
        self._places = threading.BoundedSemaphore((connections - ALONE) // 2)
        self._pool = ConnectionPool(
            url,
            connection_class=Connection,
            kwargs=OPTIONS,
            min_size=0,
            max_size=connections,
            open=True,
            configure=_configure,
            check=_check,
            reconnect_timeout=1.0,
            num_workers=2,
        )
        finalize(self, self._pool.close, 2.0)

    @contextmanager
    def lent(self, *, nested: bool = False) -> Iterator[Connection]:
        """Yield a connection that is in no transaction. A ``nested`` one waits for no session to end.

        Raises StoreError if none is available.
        """
        if not nested and not self._places.acquire(timeout=WAIT_SECONDS):
            raise self._busy()
        try:
            raw = self._taken()
            try:
                yield raw
            finally:
                broken = raw.broken
                if raw.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                    raw.close()
                raw.used_at = time.monotonic()
                self._pool.putconn(raw)
                if broken:
                    # What cut this connection, a restart for example, has cut the idle ones too. They are not tested,
                    # because each that is silent would take its time.
                    self._pool.drain()
        finally:
            if not nested:
                self._places.release()

    def _taken(self) -> Connection:
        try:
            return self._pool.getconn(timeout=BACKGROUND_SECONDS)
        except PoolTimeout:
            self._try_to_connect()
        try:
            return self._pool.getconn(timeout=WAIT_SECONDS)
        except PoolTimeout:
            raise self._busy() from None

    def _try_to_connect(self) -> None:
        """Connect directly, because the pool does not say why it could not. Raises StoreError."""
        try:
            connect(self._url).close()
        except psycopg.Error as error:
            raise StoreError(
                f"The database {self.name} cannot be reached ({postgres_errors.reason(error)}). "
                "See whether PostgreSQL runs there and lets this user in."
            ) from error

    def _busy(self) -> StoreError:
        return StoreError(f"The store {self.name} is busy; try again.")


# Weak, so that connections close with the last store that uses them.
_pools: WeakValueDictionary[str, PostgresPool] = WeakValueDictionary()
_pools_guard = threading.Lock()


def pool_of(url: str, connections: int = CONNECTIONS) -> PostgresPool:
    """Return this process's only pool for that address; the first to ask says how many ``connections`` it may hold.

    Raises StoreError for an invalid address.
    """
    with _pools_guard:
        found = _pools.get(url)
        if found is None:
            found = _pools[url] = PostgresPool(url, connections)
        return found


def shown(url: str) -> str:
    """Return a database address without the user name and password."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2] or "localhost"
    return f"postgresql://{place}{parts.path}"


def _check_address(url: str) -> None:
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # The library's message repeats what it could not parse, including the password.
        raise StoreError(
            "The address of the database cannot be read; it looks like postgresql://user:password@host:5432/name."
        ) from None


def _configure(raw: Connection) -> None:
    raw.used_at = time.monotonic()
    raw.adapters.register_loader("json", TextLoader)
    raw.adapters.register_loader("numeric", FloatLoader)


def _check(raw: Connection) -> None:
    if time.monotonic() - raw.used_at > IDLE_SECONDS:
        raw.answer_seconds = CHECK_SECONDS
        ConnectionPool.check_connection(raw)
        raw.answer_seconds = None
