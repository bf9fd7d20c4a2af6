"""The meaning of DuckDB's errors. It has few error classes, so some are recognised by their messages (duckdb 2.0)."""

import re
from pathlib import Path

import duckdb

from pilot_core.errors import StoreDamaged
from pilot_core.store.engine.failures import WriteFailure

DISK = re.compile(r"(?:could not|cannot|failed to) (?:write|sync|open|truncate|create|move|extend)", re.I)
DAMAGE = re.compile(r"corrupt|checksum|deserializ", re.I)
JOURNAL = re.compile(r"\bWAL\b")
PLACE = re.compile(r"at location (\d+)")
HOLDER = re.compile(r"lock is held in (\S+) \(PID (\d+)\)")


def write_failure(error: Exception) -> WriteFailure | None:
    """Return why a transaction failed, or None for a bug in the program."""
    if isinstance(error, duckdb.ConstraintException):
        return WriteFailure.KEY_TAKEN
    if isinstance(error, duckdb.TransactionException):
        return WriteFailure.UNAVAILABLE if DISK.search(str(error)) else WriteFailure.CONFLICT
    return WriteFailure.UNAVAILABLE if isinstance(error, (duckdb.IOException, duckdb.FatalException)) else None


def is_damage(error: BaseException) -> bool:
    """Whether a part of the database's file is not what was written."""
    return isinstance(error, duckdb.Error) and bool(DAMAGE.search(str(error)))


def damage(path: Path, error: Exception) -> StoreDamaged:
    """Return the error for a damaged database file, with what to do."""
    place = PLACE.search(str(error))
    where = f" at byte {place[1]}" if place else ""
    what = "The journal of the database" if not place and JOURNAL.search(str(error)) else "The database"
    return StoreDamaged(
        f"{what} {path} is damaged{where}. Restore the newest backup into an empty folder with --restore; the "
        "setting PILOT_OPS_BACKUPS names the folder of the nightly ones."
    )


def is_fatal(error: BaseException) -> bool:
    """Whether this DuckDB instance can no longer be used, for instance after a checkpoint on a full disk."""
    return isinstance(error, (duckdb.FatalException, duckdb.InternalException))


def lock_holder(error: duckdb.Error) -> tuple[str, str] | None:
    """Return the name and process id of the program that holds the file's lock, or None for any other error."""
    found = HOLDER.search(first_line(error))
    return (Path(found[1]).name, found[2]) if found else None


def first_line(error: Exception) -> str:
    """Return the first line of the message."""
    return str(error).splitlines()[0]


def system_reason(error: Exception) -> str:
    """Return the operating system's message, without DuckDB's words around it."""
    return str(error).splitlines()[-1].rsplit(": ", 1)[-1]
