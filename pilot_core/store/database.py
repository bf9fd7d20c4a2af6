"""Transactions and migrations on a leased database."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from pilot_core.clock import utc_now
from pilot_core.errors import StoreError
from pilot_core.store.lease import Connection, Lease, lease_on

MIGRATIONS = Path(__file__).parent / "migrations"
RETRY_SECONDS = 15.0
CONSTRAINT_TRIES = 5

T = TypeVar("T")
Row = dict[str, Any]


class Database:
    """One DuckDB file behind its lease."""

    def __init__(self, path: Path):
        self.path = path
        self.lease: Lease = lease_on(path)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a session. It must fetch all it needs before it returns."""
        with self.lease.session() as connection:
            return work(connection)

    def transaction(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in one transaction, all or nothing; run it again when another writer was first.

        ``work`` must have no effect outside the database. Raises StoreError after 15 s of conflicts.
        """
        deadline = time.monotonic() + RETRY_SECONDS
        pause = 0.002
        tries = 0
        while True:
            tries += 1
            try:
                with self.lease.session() as connection:
                    return _once(connection, work)
            except duckdb.ConstraintException:
                # Two transactions upserting one new key: the row of the other is not seen by this one, so begin anew.
                if tries == CONSTRAINT_TRIES:
                    raise
            except duckdb.TransactionException as error:
                if time.monotonic() > deadline:
                    raise StoreError(
                        "The store is too busy to take the change; nothing was written. Try again."
                    ) from error
            # Outside the session, so that a retry never keeps others waiting.
            time.sleep(pause * (0.5 + random.random()))
            pause = min(pause * 2, 0.1)

    def migrate(self) -> list[str]:
        """Bring the schema up to date, each numbered step in a transaction; returns the names applied.

        Raises StoreError, changing nothing, when the store was made by a newer version of this program.
        """
        steps = sorted(MIGRATIONS.glob("[0-9]*.sql"))

        def work(connection: Connection) -> list[str]:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_migrations "
                "(number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TIMESTAMP NOT NULL)"
            )
            done = {number for (number,) in connection.execute("SELECT number FROM schema_migrations").fetchall()}
            newest = max((_number(step) for step in steps), default=0)
            if done and max(done) > newest:
                raise StoreError(
                    f"The store {self.path.parent} was made by a newer version of Pilot Ops (schema {max(done)}, "
                    f"this one knows {newest}); update this program. Nothing was changed."
                )
            applied = []
            for step in steps:
                if _number(step) in done:
                    continue
                connection.execute(step.read_text(encoding="utf-8"))
                connection.execute(
                    "INSERT INTO schema_migrations VALUES (?, ?, ?)",
                    [_number(step), step.stem, utc_now().replace(tzinfo=None)],
                )
                applied.append(step.stem)
            return applied

        return self.transaction(work)


def _once(connection: Connection, work: Callable[[Connection], T]) -> T:
    connection.begin()
    try:
        result = work(connection)
        connection.commit()
        return result
    except BaseException:
        # A failed COMMIT has already ended the transaction.
        with suppress(duckdb.TransactionException):
            connection.rollback()
        raise


def _number(step: Path) -> int:
    return int(step.stem.split("_")[0])


def rows(connection: Connection, sql: str, parameters: list[Any] | dict[str, Any] | None = None) -> list[Row]:
    """All rows of a query as dictionaries, fetched."""
    result = connection.execute(sql, parameters or [])
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, values, strict=True)) for values in result.fetchall()]
