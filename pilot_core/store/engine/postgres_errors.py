"""The meaning of psycopg's errors, by their class (SQLSTATE)."""

import psycopg
from psycopg import errors

from pilot_core.store.engine.failures import WriteFailure

CONFLICT = (errors.SerializationFailure, errors.DeadlockDetected)
# If two servers start to upgrade at once, the second finds the first one's tables.
KEY_TAKEN = (errors.UniqueViolation, errors.DuplicateTable, errors.DuplicateColumn)
LOST = (psycopg.OperationalError, psycopg.InterfaceError)
"""The server or the connection to it is lost, or the server has no space."""


def write_failure(error: Exception) -> WriteFailure | None:
    """Return why a transaction failed, or None for a bug in the program."""
    if isinstance(error, CONFLICT):
        return WriteFailure.CONFLICT
    if isinstance(error, KEY_TAKEN):
        return WriteFailure.KEY_TAKEN
    return WriteFailure.UNAVAILABLE if isinstance(error, LOST) else None


def reason(error: Exception) -> str:
    """Return the first line of the server's or libpq's message. It never contains a password."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
