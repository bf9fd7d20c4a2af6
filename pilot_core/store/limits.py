"""How often something was tried, counted by all servers of one PostgreSQL database together; ``url`` is its address.

None of it is the store's: no move and no backup has it. A key is kept as its SHA-256 until its time is over.
"""

from functools import cache

from pilot_core.store.postgres import apart, make_tables
from pilot_core.tokens import hashed

SCHEMA = "limits"
# Unlogged: a count is worth no waiting for the disk, and may be gone when the database crashed.
TABLES = """
CREATE UNLOGGED TABLE tries (key TEXT PRIMARY KEY, ends_at TIMESTAMPTZ NOT NULL, tries INTEGER NOT NULL);
CREATE INDEX tries_by_end ON tries (ends_at);
"""
# By the database's clock, which is one for all servers.
SPEND = """
INSERT INTO limits.tries AS t (key, ends_at, tries) VALUES (?, now() + ? * INTERVAL '1 second', 1)
ON CONFLICT (key) DO UPDATE SET
    tries = CASE WHEN t.ends_at <= now() THEN 1 ELSE t.tries + 1 END,
    ends_at = CASE WHEN t.ends_at <= now() THEN EXCLUDED.ends_at ELSE t.ends_at END
RETURNING tries
"""
SPENT = "SELECT tries FROM limits.tries WHERE key = ? AND ends_at > now()"
# Two servers that forget at once pass over each other's rows.
FORGET = """
DELETE FROM limits.tries WHERE key IN (SELECT key FROM limits.tries WHERE ends_at <= now() FOR UPDATE SKIP LOCKED)
"""


@cache
def make(url: str) -> None:
    """Make the table, unless it is there; looked for once a process. Raises StoreError."""
    make_tables(url, SCHEMA, "tries", TABLES)


def spend(url: str, key: str, seconds: float) -> int:
    """Count a try; returns how many there were since the first of the last ``seconds``. Raises StoreError."""
    make(url)
    [(tries,)] = apart(url, SPEND, [hashed(key), seconds])
    return int(tries)


def spent(url: str, key: str) -> int:
    """How many tries there were, as ``spend`` counts. Raises StoreError."""
    make(url)
    found = apart(url, SPENT, [hashed(key)])
    return int(found[0][0]) if found else 0


def forget(url: str) -> None:
    """Remove what is over. Raises StoreError."""
    make(url)
    apart(url, FORGET)
