"""The number of the last commit to a DuckDB file, kept in a file beside it.

DuckDB replays its journal when a file is attached, and passes in silence over a journal that is missing or whose head
is damaged. So each transaction takes a number from a sequence in the database, and after its commit the number is
written beside the database. A database whose own number is lower has lost commits that were acknowledged.
"""

import logging
import os
import threading
from pathlib import Path

from pilot_core.store.engine.connection import Connection

log = logging.getLogger(__name__)

SEQUENCE = "commit_number"
_LAST = (
    "SELECT COALESCE(last_value, start_value - 1) FROM duckdb_sequences() "
    "WHERE sequence_name = ? AND database_name = current_database()"
)


def take_number(connection: Connection) -> int:
    """Return the number of the transaction that is about to commit."""
    [(number,)] = connection.execute(f"SELECT nextval('{SEQUENCE}')").fetchall()
    return int(number)


def last_number(connection: Connection) -> int | None:
    """Return the number of the last commit that the database has; None in one from before numbers."""
    found = connection.execute(_LAST, [SEQUENCE]).fetchall()
    return int(found[0][0]) if found else None


class CommitRecord:
    """The file beside a database with the number of its last commit."""

    def __init__(self, database: Path):
        self.path = database.with_name(f"{database.name}.commit")
        self._guard = threading.Lock()
        self._highest = 0

    def read(self) -> int | None:
        """Return the number, or None if the file is missing or holds none."""
        try:
            return int(self.path.read_text("ascii"))
        except (OSError, ValueError):
            return None

    def write(self, number: int) -> None:
        """Write the number through to the disk, unless a higher one is there. A failure is logged."""
        with self._guard:
            if number > self._highest:
                self._write(number)

    def reset(self, number: int) -> None:
        """Write the number, also over a higher one."""
        with self._guard:
            self._write(number)

    def _write(self, number: int) -> None:
        try:
            # In place and of one length, so that a full disk has room for it.
            file = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o644)
            try:
                os.pwrite(file, b"%020d\n" % number, 0)
                os.fdatasync(file)
            finally:
                os.close(file)
        except OSError as error:
            log.warning("the number of commit %d could not be written beside the database: %s", number, error)
        else:
            self._highest = number
