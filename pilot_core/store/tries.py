"""Counts of attempts for rate limits, shared by all servers of the PostgreSQL database at ``url``.

The table is not part of the store: moves and backups leave it out. A key is stored as its SHA-256 until it expires.
"""

from functools import cache

from pilot_core.store.engine.postgres_database import make_tables, run_alone
from pilot_core.tokens import hashed

SCHEMA = "limits"
# Unlogged: writes need not wait for the disk, and losing counts in a database crash is acceptable.
TABLES = """
CREATE UNLOGGED TABLE tries (key TEXT PRIMARY KEY, ends_at TIMESTAMPTZ NOT NULL, tries INTEGER NOT NULL);
CREATE INDEX tries_by_end ON tries (ends_at);
"""
# The database's clock is the same for all servers.
SPEND = """
INSERT INTO limits.tries AS t (key, ends_at, tries) VALUES (?, now() + ? * INTERVAL '1 second', 1)
ON CONFLICT (key) DO UPDATE SET
    tries = CASE WHEN t.ends_at <= now() THEN 1 ELSE t.tries + 1 END,
    ends_at = CASE WHEN t.ends_at <= now() THEN EXCLUDED.ends_at ELSE t.ends_at END
RETURNING tries
"""
FORGET = """
DELETE FROM limits.tries WHERE key IN (SELECT key FROM limits.tries WHERE ends_at <= now() FOR UPDATE SKIP LOCKED)
"""


@cache
def make_table(url: str) -> None:
    """Create the table if it is missing. Checked once per process. Raises StoreError."""
    make_tables(url, SCHEMA, "tries", TABLES)


def spend(url: str, key: str, seconds: float) -> int:
    """Count an attempt. Returns the count in the current window, ``seconds`` long from its first attempt.

    Raises StoreError.
    """
    make_table(url)
    [(tries,)] = run_alone(url, SPEND, [hashed(key), seconds])
    return int(tries)


def forget(url: str) -> None:
    """Remove expired counts. Raises StoreError."""
    make_table(url)
    run_alone(url, FORGET)
