"""Indexes that keep lists of pilots fast on PostgreSQL however many there are. Without them lists are as right.

They belong to no migration, since one of them needs the extension ``pg_trgm``, which may be installed years later.
"""

import logging

import psycopg

from pilot_core.errors import StoreError
from pilot_core.store.engine import postgres_errors
from pilot_core.store.engine.connection import Connection
from pilot_core.store.engine.database import Database

log = logging.getLogger(__name__)

SEARCHED = "pilots_by_words"
ORDERED = {
    "pilots_by_last_step": "updated_at",
    "pilots_by_creation": "created_at",
    "pilots_by_company": "lower(company_name)",
    "pilots_by_founder": "lower(founder_name)",
}
"""The index of each order of a list, with its expression. A list's second column, the id, is sorted within ties."""
EXTENSION_SCHEMA = (
    "SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
    "WHERE e.extname = 'pg_trgm'"
)
MAY_BE_ADDED = (
    "SELECT has_database_privilege(current_database(), 'CREATE') "
    "AND EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm')"
)


def add_list_indexes(database: Database) -> None:
    """Create the indexes that are missing. Logs a warning where one cannot be created, and never raises for that."""
    there = database.read(_existing)
    try:
        if not ORDERED.keys() <= there:
            database.transaction(_add_ordered)
        if SEARCHED in there:
            return
        # Asked before the table is locked: each process that opens the store comes here.
        if database.read(_can_be_searched):
            database.transaction(_add_searched)
        else:
            _warn(database, "the extension pg_trgm is not installed, and this user may not install it")
    except (psycopg.Error, StoreError) as error:
        _warn(database, postgres_errors.reason(error) if isinstance(error, psycopg.Error) else str(error))


def _warn(database: Database, reason: str) -> None:
    log.warning("lists of pilots in %s work without an index and may be slow: %s", database.name, reason)


def _existing(connection: Connection) -> set[str]:
    asked = "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename = 'pilots'"
    return {name for (name,) in connection.execute(asked).fetchall()}


def _add_ordered(connection: Connection) -> None:
    _wait_for_others(connection)
    for name, expression in ORDERED.items():
        connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON pilots ({expression})")


def _can_be_searched(connection: Connection) -> bool:
    """Return whether the extension of the trigram index is installed or may be."""
    return bool(connection.execute(EXTENSION_SCHEMA).fetchall()) or (
        connection.execute(MAY_BE_ADDED).fetchone() == (True,)
    )


def _add_searched(connection: Connection) -> None:
    _wait_for_others(connection)
    if not connection.execute(EXTENSION_SCHEMA).fetchall():
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    [(place,)] = connection.execute(EXTENSION_SCHEMA).fetchall()
    columns = ("founder_name", "company_name", "pilot_id", "owner")
    trigrams = ", ".join(f"lower({column}) {place}.gin_trgm_ops" for column in columns)
    # A search reads the whole list of pending entries, which PostgreSQL otherwise lets grow to 4 MB.
    connection.execute(
        f"CREATE INDEX IF NOT EXISTS {SEARCHED} ON pilots USING gin ({trigrams}) WITH (gin_pending_list_limit = 512)"
    )
    # The planner knows how rare a word is only from figures of the index's own expressions.
    connection.execute("ANALYZE pilots")


def _wait_for_others(connection: Connection) -> None:
    """Let one server at a time do this: two that add an extension at once would both fail.

    A lock of the table, unlike an advisory lock, is waited for before the transaction's snapshot is taken.
    """
    connection.execute("LOCK TABLE pilots IN SHARE ROW EXCLUSIVE MODE")
