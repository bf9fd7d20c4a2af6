"""``PilotStore``: one directory of pilots, kept in DuckDB, with a state file beside it for each."""

import json
import logging
import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from getpass import getuser
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from pilot_core import ids
from pilot_core.clock import Clock, utc_now
from pilot_core.errors import Conflict, InvalidRequest, PilotError, PilotNotFound, StoreError
from pilot_core.files import write_atomic
from pilot_core.models import Event, PilotRun
from pilot_core.store import rows as mapping
from pilot_core.store import state_files
from pilot_core.store.database import Database, Row, rows
from pilot_core.store.lease import Connection

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass
class ImportReport:
    """What an import did: ids taken in, and one sentence for each file that was not."""

    imported: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class PilotStore:
    """A store in the directory ``root``, made on first use.

    Opened on a folder that holds state files and no database, it takes them in; what happened is in ``taken_in``.
    Raises StoreError when the folder cannot be used.
    """

    def __init__(self, root: str | Path, clock: Clock = utc_now):
        self.root = Path(root).absolute()
        self.clock = clock
        path = self.root / "pilots.duckdb"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            fresh = not path.exists()
            if not os.access(self.root, os.W_OK):
                raise PermissionError(13, "no permission to write there")
        except OSError as error:
            raise StoreError(f"The store folder {self.root} cannot be used: {error.strerror}.") from error
        self.database = Database(path)
        if path.resolve() not in _migrated or fresh:
            self.database.migrate()
            _migrated.add(path.resolve())
        self.taken_in = self.import_state(self.root) if fresh else ImportReport()

    def path_of(self, relative: str) -> Path:
        """The file a stored path names. Raises StoreError for one that leaves the store."""
        path = (self.root / relative).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise StoreError(f"{relative} lies outside the store.")
        return path

    def save(
        self, pilot: PilotRun, actor: str | None = None, also: Callable[[Connection], None] | None = None
    ) -> PilotRun:
        """Write the pilot and the events of its changes in one transaction, then its state file if it can; returns it.

        ``also`` writes what belongs to the change beside the pilot, in the same transaction. Raises Conflict, writing
        nothing, when someone saved the pilot after this one was loaded.
        """
        actor = actor or local_user()
        events = [
            Event(event_id=ids.new_id("event"), pilot_id=pilot.pilot_id, at=at, actor=actor, kind=kind, detail=detail)
            for at, kind, detail in pilot.pending_events
        ]

        def work(connection: Connection) -> None:
            _write(connection, pilot, events)
            if also:
                also(connection)

        self.database.transaction(work)
        pilot.version += 1
        pilot.pending_events.clear()
        for event in events:
            facts = {"pilot_id": pilot.pilot_id, "actor": actor, "attempt": event.detail.get("attempt_number")}
            log.info("%s", event.kind, extra=facts)
        try:
            self.write_state_file(pilot)
        except (StoreError, OSError, Timeout) as error:
            # The change stands; whoever made it must not think otherwise. A repair writes the file.
            log.error("the state file of %s could not be written: %s", pilot.pilot_id, error)
        return pilot

    def change(
        self,
        pilot_id: str,
        work: Callable[[PilotRun], T],
        actor: str | None = None,
        seen_version: int | None = None,
        also: Callable[[Connection], None] | None = None,
    ) -> tuple[PilotRun, T]:
        """Load the pilot, apply ``work`` to it and save, as one step: on a conflict, all of it again.

        ``work`` itself checks that the change still holds. Someone who decides by what a page showed them passes the
        version they saw as ``seen_version``: then anything that happened since raises Conflict. ``also``: see ``save``.
        """
        for _ in range(20):
            pilot = self.load(pilot_id)
            if seen_version is not None and pilot.version != seen_version:
                raise Conflict(self._what_changed_since(pilot_id, seen_version))
            result = work(pilot)
            try:
                return self.save(pilot, actor, also), result
            except Conflict as error:
                last = error
        raise last

    def _what_changed_since(self, pilot_id: str, version: int) -> str:
        return self.database.read(lambda connection: _what_changed(connection, pilot_id, version))

    def load(self, pilot_id: str) -> PilotRun:
        """The pilot as it is now. Raises PilotNotFound."""
        ids.checked_pilot_id(pilot_id)
        found = self.load_all([pilot_id])
        if not found:
            raise PilotNotFound(f"There is no pilot {pilot_id} in this store.", shell="--list shows the ones there are")
        return found[0]

    def load_all(self, pilot_ids: Iterable[str] | None = None) -> list[PilotRun]:
        """The pilots of those ids (all, if None), in order of creation; unknown ids are left out."""
        wanted = None if pilot_ids is None else list(pilot_ids)

        def work(connection: Connection) -> tuple[list[Row], ...]:
            where, given = ("", []) if wanted is None else ("WHERE pilot_id = ANY(?)", [wanted])
            return (
                rows(connection, f"SELECT * FROM pilots {where} ORDER BY created_at, pilot_id", given),  # noqa: S608
                rows(connection, f"SELECT * FROM attempts {where} ORDER BY pilot_id, attempt_number", given),  # noqa: S608
                rows(connection, f"SELECT * FROM feedback {where} ORDER BY attempt_id, position", given),  # noqa: S608
                rows(connection, f"SELECT * FROM feedback_flags {where} ORDER BY feedback_id, position", given),  # noqa: S608
            )

        return mapping.pilots_from_rows(*self.database.read(work))

    def pilot_ids(self) -> list[str]:
        """Every pilot's id, in order of creation."""
        sql = "SELECT pilot_id FROM pilots ORDER BY created_at, pilot_id"
        return self.database.read(lambda c: [row["pilot_id"] for row in rows(c, sql)])

    def events(self, pilot_id: str) -> list[Event]:
        """Everything that happened to the pilot, oldest first."""
        sql = "SELECT * FROM events WHERE pilot_id = ? ORDER BY pilot_version, position"
        found = self.database.read(lambda c: rows(c, sql, [ids.checked_pilot_id(pilot_id)]))
        return [mapping.event_from_row(row) for row in found]

    def import_state(self, source: str | Path, actor: str | None = None) -> ImportReport:
        """Take in one state file, or every ``pilot_*.json`` of a folder; a bad file is named, the rest imported."""
        source = Path(source)
        if not source.exists():
            raise InvalidRequest(f"There is no file or folder {source} to import.")
        files = sorted(source.glob("pilot_*.json")) if source.is_dir() else [source]
        report = ImportReport()
        known = set(self.pilot_ids())
        pilots: list[PilotRun] = []
        for file in files:
            try:
                pilot = state_files.read(file)
                if pilot.pilot_id in known:
                    raise InvalidRequest(
                        f"{file.name}: {pilot.pilot_id} is in the store already; it was left as it is."
                    )
            except PilotError as error:
                report.problems.append(str(error))
                continue
            known.add(pilot.pilot_id)
            pilot.log("imported", pilot.updated_at, file=file.name)
            pilots.append(pilot)
        self._unique_attempt_ids(pilots)
        for pilot in pilots:
            self.save(pilot, actor)
            report.imported.append(pilot.pilot_id)
        return report

    def _unique_attempt_ids(self, pilots: list[PilotRun]) -> None:
        """Attempt ids are addresses here: an imported one that another pilot has is replaced and kept in ``source``."""
        sql = "SELECT attempt_id FROM attempts"
        taken = self.database.read(lambda c: {row["attempt_id"] for row in rows(c, sql)})
        for pilot in pilots:
            for attempt in pilot.runs:
                if attempt.attempt_id in taken:
                    given = attempt.attempt_id
                    attempt.attempt_id = ids.attempt_id_for(pilot.pilot_id, attempt.attempt_number)
                    attempt.source["attempt_id"] = [given, attempt.attempt_id]
                taken.add(attempt.attempt_id)

    def write_state_file(self, pilot: PilotRun) -> None:
        """Write the pilot's state file, unless a newer revision of it stands there already."""
        path = self.root / f"{pilot.pilot_id}.json"
        with _state_guard, FileLock(self.root / ".state.lock", thread_local=False, timeout=STATE_LOCK_SECONDS):
            try:
                standing = json.loads(path.read_bytes()).get("revision", 0)
            except (OSError, ValueError, AttributeError):
                standing = 0
            if standing < pilot.version:
                write_atomic(path, state_files.text(pilot))


STATE_LOCK_SECONDS = 15.0
_migrated: set[Path] = set()
_state_guard = threading.Lock()


def local_user() -> str:
    """The name of whoever runs this process, for events."""
    try:
        return getuser()
    except (KeyError, OSError):
        return "unknown user"


def _write(connection: Connection, pilot: PilotRun, events: list[Event]) -> None:
    row = mapping.pilot_row(pilot)
    row["version"] = pilot.version + 1
    if pilot.version:
        columns = ", ".join(f"{name} = ?" for name in row)
        updated = connection.execute(
            f"UPDATE pilots SET {columns} WHERE pilot_id = ? AND version = ? RETURNING version",  # noqa: S608
            [*row.values(), pilot.pilot_id, pilot.version],
        ).fetchall()
    else:
        taken = connection.execute("SELECT 1 FROM pilots WHERE pilot_id = ?", [pilot.pilot_id]).fetchall()
        updated = [] if taken else [(1,)]
        if not taken:
            _upsert(connection, "pilots", "pilot_id", [row])
    if not updated:
        raise Conflict(_what_changed(connection, pilot.pilot_id, pilot.version))
    said, flagged = mapping.feedback_rows(pilot)
    _upsert(connection, "attempts", "attempt_id", mapping.attempt_rows(pilot))
    _remove_others(connection, "feedback", pilot.pilot_id, [r["feedback_id"] for r in said])
    _remove_others(connection, "feedback_flags", pilot.pilot_id, [r["feedback_id"] for r in said])
    _upsert(connection, "feedback", "feedback_id", said)
    _upsert(connection, "feedback_flags", "feedback_id, flag", flagged)
    _upsert(
        connection,
        "events",
        "event_id",
        [mapping.event_row(event, row["version"], place) for place, event in enumerate(events)],
    )


def _upsert(connection: Connection, table: str, key: str, given: list[Row]) -> None:
    """Insert rows, or update those whose key exists. Table and column names come from this package only."""
    if not given:
        return
    names = list(given[0])
    updates = ", ".join(f"{name} = EXCLUDED.{name}" for name in names if name not in key.split(", "))
    connection.executemany(
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) "  # noqa: S608
        f"ON CONFLICT ({key}) DO UPDATE SET {updates}",
        [list(row.values()) for row in given],
    )


def _remove_others(connection: Connection, table: str, pilot_id: str, kept: list[str]) -> None:
    connection.execute(
        f"DELETE FROM {table} WHERE pilot_id = ? AND NOT (feedback_id = ANY(?))",  # noqa: S608
        [pilot_id, kept],
    )


def _what_changed(connection: Connection, pilot_id: str, version: int) -> str:
    sql = (
        "SELECT happened_at, actor, kind FROM events WHERE pilot_id = ? AND pilot_version > ? "
        "ORDER BY pilot_version, position"
    )
    missed: list[dict[str, Any]] = rows(connection, sql, [pilot_id, version])
    if not missed:
        return f"{pilot_id} was changed by someone else meanwhile. Nothing was written; load it and try again."
    told = "; ".join(
        f"{row['actor']}: {row['kind'].replace('_', ' ')} ({row['happened_at']:%H:%M} UTC)" for row in missed[:5]
    )
    return f"{pilot_id} was changed meanwhile ({told}). Nothing was written; load it and try again."
