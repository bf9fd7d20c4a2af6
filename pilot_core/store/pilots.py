"""``PilotStore``: one directory of pilots, kept in DuckDB or PostgreSQL, with a state file beside it for each."""

import json
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from getpass import getuser
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from pilot_core import ids, settings
from pilot_core.clock import Clock, utc_now
from pilot_core.errors import Conflict, InvalidRequest, PilotError, PilotNotFound, StoreError
from pilot_core.files import write_all_atomic, write_atomic
from pilot_core.models import Event, PilotRun
from pilot_core.store import rows as mapping
from pilot_core.store import state_files
from pilot_core.store.database import Row, append, rows
from pilot_core.store.engines import database_of
from pilot_core.store.lease import Connection
from pilot_core.store.media import media_of, path_within, refuse_elsewhere

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass
class ImportReport:
    """What an import did: ids taken in, and one sentence for each file that was not."""

    imported: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class PilotStore:
    """A store in the directory ``root``, made on first use.

    Opened on a folder that holds state files and no database, it takes them in; what happened is in ``taken_in``. Ended
    in the middle of that, the next opening takes in the rest. Its rows are in the PostgreSQL database of
    ``database_url``, or of the settings if that is None, or of neither in the folder itself. Its films and documents
    are kept in the bucket of the settings, if they name one; ``media_elsewhere=False`` keeps them in the folder
    whatever is set. Raises StoreError when the folder or the database cannot be used.
    """

    def __init__(
        self,
        root: str | Path,
        clock: Clock = utc_now,
        *,
        database_url: str | None = None,
        media_elsewhere: bool = True,
    ):
        self.root = Path(root).absolute()
        self.clock = clock
        url = settings.database_url() if database_url is None else database_url
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if not os.access(self.root, os.W_OK):
                raise PermissionError(13, "no permission to write there")
        except OSError as error:
            raise StoreError(f"The store folder {self.root} cannot be used: {error.strerror}.") from error
        self.database = database_of(self.root, url)
        fresh = self.database.is_new()
        marker = self.root / IMPORTING
        if fresh and any(self.root.glob("pilot_*.json")):
            write_atomic(marker, "")  # before the database, which a process killed in the import leaves behind
        place = settings.media_place() if media_elsewhere else None
        migrated = (self.database.path.resolve(), url)
        if migrated not in _migrated or fresh:
            self.database.migrate()
            _migrated.add(migrated)
            if place is None and media_elsewhere:
                refuse_elsewhere(self.database)
        self.media = media_of(self.root, self.database, clock, place)
        self.taken_in = ImportReport()
        if marker.exists():
            report = self.import_state(self.root)
            there = {_there_already(f"{pilot_id}.json", pilot_id) for pilot_id in self.pilot_ids()}
            report.problems = [problem for problem in report.problems if problem not in there]
            self.taken_in = report
            marker.unlink(missing_ok=True)

    def path_of(self, relative: str) -> Path:
        """The file a stored path names. Raises StoreError for one that leaves the store."""
        return path_within(self.root, relative)

    def save(
        self, pilot: PilotRun, actor: str | None = None, also: Callable[[Connection], None] | None = None
    ) -> PilotRun:
        """Write the pilot and the events of its changes in one transaction, then its state file if it can; returns it.

        ``also`` writes what belongs to the change beside the pilot, in the same transaction. Raises Conflict, writing
        nothing, when someone saved the pilot after this one was loaded.
        """
        events = _events(pilot, actor or local_user())

        def work(connection: Connection) -> None:
            stands = _rows_of(connection, [pilot.pilot_id])
            if sum(row["version"] for row in stands["pilots"]) != pilot.version:
                raise Conflict(_what_changed(connection, pilot.pilot_id, pilot.version))
            _write(connection, pilot, events, stands)
            if also:
                also(connection)

        self.database.transaction(work)
        self._saved([pilot], events)
        return pilot

    def _saved(self, pilots: list[PilotRun], events: list[Event]) -> None:
        """After the transaction that wrote them: they are of the next version, and their state files are written."""
        for pilot in pilots:
            pilot.version += 1
            pilot.pending_events.clear()
        for event in events:
            facts = {"pilot_id": event.pilot_id, "actor": event.actor, "attempt": event.detail.get("attempt_number")}
            log.info("%s", event.kind, extra=facts)
        self._mirror(pilots)

    def _mirror(self, pilots: list[PilotRun]) -> None:
        """Write the state files that can be; a change stands without its file, and whoever made it must know that."""
        try:
            self._write_state_files(pilots)
        except (StoreError, OSError, Timeout) as error:
            if len(pilots) > 1 and not isinstance(error, Timeout):
                # One bad file must not keep the others from being written.
                for pilot in pilots:
                    self._mirror([pilot])
                return
            # A repair writes them.
            for pilot in pilots:
                log.error("the state file of %s could not be written: %s", pilot.pilot_id, error)

    def change(
        self,
        pilot_id: str,
        work: Callable[[PilotRun], T],
        actor: str | None = None,
        seen_version: int | None = None,
        also: Callable[[Connection], None] | None = None,
    ) -> tuple[PilotRun, T]:
        """Load the pilot, apply ``work`` to it and save, in one transaction: on a conflict, all of it again.

        ``work`` itself checks that the change still holds, and does nothing slow. Someone who decides by what a page
        showed them passes the version they saw as ``seen_version``: then anything that happened since raises Conflict.
        ``also``: see ``save``. Raises PilotNotFound.
        """
        ids.checked_pilot_id(pilot_id)

        def once(connection: Connection) -> tuple[PilotRun, T, list[Event]]:
            stands = _rows_of(connection, [pilot_id])
            if not stands["pilots"]:
                raise _not_found(pilot_id)
            [pilot] = mapping.pilots_from_rows(*stands.values())
            if seen_version is not None and pilot.version != seen_version:
                raise Conflict(_what_changed(connection, pilot_id, seen_version))
            result = work(pilot)
            events = _events(pilot, actor or local_user())
            _write(connection, pilot, events, stands)
            if also:
                also(connection)
            return pilot, result, events

        pilot, result, events = self.database.transaction(once)
        self._saved([pilot], events)
        return pilot, result

    def load(self, pilot_id: str) -> PilotRun:
        """The pilot as it is now. Raises PilotNotFound."""
        ids.checked_pilot_id(pilot_id)
        found = self.load_all([pilot_id])
        if not found:
            raise _not_found(pilot_id)
        return found[0]

    def load_all(self, pilot_ids: Iterable[str] | None = None) -> list[PilotRun]:
        """The pilots of those ids (all, if None), in order of creation; unknown ids are left out."""
        wanted = None if pilot_ids is None else list(pilot_ids)
        found = self.database.read(lambda connection: _rows_of(connection, wanted))
        return mapping.pilots_from_rows(*found.values())

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
        taken = self.database.read(_taken_ids)
        for start in range(0, len(files), IMPORTED_AT_ONCE):
            pilots: dict[str, PilotRun] = {}
            for file in files[start : start + IMPORTED_AT_ONCE]:
                try:
                    pilot = state_files.read(file)
                    if pilot.pilot_id in known:
                        raise InvalidRequest(_there_already(file.name, pilot.pilot_id))
                except PilotError as error:
                    report.problems.append(str(error))
                    continue
                known.add(pilot.pilot_id)
                _make_ids_unique(pilot, taken)
                pilot.log("imported", pilot.updated_at, file=file.name)
                pilots[file.name] = pilot
            there = self._save_new(list(pilots.values()), actor or local_user())
            report.problems += [_there_already(name, p.pilot_id) for name, p in pilots.items() if p.pilot_id in there]
            report.imported += [p.pilot_id for p in pilots.values() if p.pilot_id not in there]
        return report

    def _save_new(self, pilots: list[PilotRun], actor: str) -> set[str]:
        """Save pilots that are new here in one transaction, as ``save`` does one; returns the ids that were not new."""
        events = {pilot.pilot_id: _events(pilot, actor) for pilot in pilots}

        def work(connection: Connection) -> set[str]:
            sql = "SELECT pilot_id FROM pilots WHERE pilot_id = ANY(?)"
            there = {row["pilot_id"] for row in rows(connection, sql, [list(events)])}
            _add(connection, [pilot for pilot in pilots if pilot.pilot_id not in there], events)
            return there

        there = self.database.transaction(work)
        saved = [pilot for pilot in pilots if pilot.pilot_id not in there]
        self._saved(saved, [event for pilot in saved for event in events[pilot.pilot_id]])
        return there

    def write_state_file(self, pilot: PilotRun) -> None:
        """Write the pilot's state file, unless a newer revision of it stands there already or the pilot was erased."""
        self._write_state_files([pilot])

    @contextmanager
    def holding_state_files(self) -> Iterator[None]:
        """Nobody else writes a state file during the block. Raises Timeout."""
        with _state_guard, FileLock(self.root / ".state.lock", thread_local=False, timeout=STATE_LOCK_SECONDS):
            yield

    def _write_state_files(self, pilots: list[PilotRun]) -> None:
        sql, given = "SELECT pilot_id FROM pilots WHERE pilot_id = ANY(?)", [pilot.pilot_id for pilot in pilots]
        with self.holding_state_files():
            # One that was erased since it was saved leaves no file.
            there = self.database.read(lambda c: {row["pilot_id"] for row in rows(c, sql, [given])})
            new: dict[str, bytes] = {}
            for pilot in (pilot for pilot in pilots if pilot.pilot_id in there):
                name = f"{pilot.pilot_id}.json"
                try:
                    standing = json.loads((self.root / name).read_bytes()).get("revision", 0)
                except (OSError, ValueError, AttributeError):
                    standing = 0
                if standing < pilot.version:
                    new[name] = state_files.text(pilot).encode()
            write_all_atomic(self.root, new)


IMPORTING = ".importing"
"""Stands in the folder until the state files found beside no database are all taken in."""

IMPORTED_AT_ONCE = 500
STATE_LOCK_SECONDS = 15.0
_migrated: set[tuple[Path, str | None]] = set()
_state_guard = threading.Lock()


def local_user() -> str:
    """The name of whoever runs this process, for events."""
    try:
        return getuser()
    except (KeyError, OSError):
        return "unknown user"


def _events(pilot: PilotRun, actor: str) -> list[Event]:
    return [
        Event(event_id=ids.new_id("event"), pilot_id=pilot.pilot_id, at=at, actor=actor, kind=kind, detail=detail)
        for at, kind, detail in pilot.pending_events
    ]


def _taken_ids(connection: Connection) -> set[str]:
    """The ids of all attempts and all feedback."""
    sql = "SELECT attempt_id AS id FROM attempts UNION ALL SELECT feedback_id FROM feedback"
    return {row["id"] for row in rows(connection, sql)}


def _make_ids_unique(pilot: PilotRun, taken: set[str]) -> None:
    """Attempt ids are addresses here: one that another pilot has is replaced and kept in ``source``. So with feedback,
    whose ids nobody else knows. ``taken`` gets the pilot's.
    """
    for attempt in pilot.runs:
        if attempt.attempt_id in taken:
            given = attempt.attempt_id
            attempt.attempt_id = ids.attempt_id_for(pilot.pilot_id, attempt.attempt_number)
            attempt.source["attempt_id"] = [given, attempt.attempt_id]
        for feedback in attempt.feedback:
            if feedback.feedback_id in taken:
                feedback.feedback_id = ids.new_id("feedback")
        taken |= {attempt.attempt_id, *(feedback.feedback_id for feedback in attempt.feedback)}


def _there_already(file: str, pilot_id: str) -> str:
    return f"{file}: {pilot_id} is in the store already; it was left as it is."


KEYS = {
    "pilots": ("pilot_id",),
    "attempts": ("attempt_id",),
    "feedback": ("feedback_id",),
    "feedback_flags": ("feedback_id", "flag"),
}
"""The tables that hold a pilot as it is now, each with the columns that name a row."""
ORDERS: dict[str, Callable[[Row], Any]] = {
    "pilots": itemgetter("created_at", "pilot_id"),
    "attempts": itemgetter("pilot_id", "attempt_number"),
    "feedback": itemgetter("attempt_id", "position"),
    "feedback_flags": itemgetter("feedback_id", "position"),
}


def _not_found(pilot_id: str) -> PilotNotFound:
    return PilotNotFound(f"There is no pilot {pilot_id} in this store.", shell="--list shows the ones there are")


def _rows_of(connection: Connection, pilot_ids: list[str] | None) -> dict[str, list[Row]]:
    """The rows of those pilots (all, if None) in each table of ``KEYS``, in its order."""
    where: str = ""
    given: list[Any] = []
    if pilot_ids is not None:
        # One id is looked up in half the time of a list of them.
        one = len(pilot_ids) == 1
        where, given = ("WHERE pilot_id = ?", pilot_ids) if one else ("WHERE pilot_id = ANY(?)", [pilot_ids])
    sql = "SELECT * FROM {} {}"
    return {table: sorted(rows(connection, sql.format(table, where), given), key=ORDERS[table]) for table in KEYS}


def _tables(pilot: PilotRun) -> dict[str, list[Row]]:
    """The pilot's rows in each table of ``KEYS``, as of its next version."""
    said, flagged = mapping.feedback_rows(pilot)
    return {
        "pilots": [mapping.pilot_row(pilot) | {"version": pilot.version + 1}],
        "attempts": mapping.attempt_rows(pilot),
        "feedback": said,
        "feedback_flags": flagged,
    }


def _write(connection: Connection, pilot: PilotRun, events: list[Event], stands: dict[str, list[Row]]) -> None:
    """Write what differs from the rows that stand there. Table and column names come from this package only.

    An upsert of rows that stand there already costs 20 ms a table, and a pilot's are mostly as they were.
    """
    for table, new in _tables(pilot).items():
        _bring(connection, table, stands[table], new)
    _append(connection, "events", _event_rows(pilot, events))


def _add(connection: Connection, pilots: list[PilotRun], events: dict[str, list[Event]]) -> None:
    """Write pilots that are not there yet."""
    tables = [_tables(pilot) for pilot in pilots]
    for table in KEYS:
        _append(connection, table, [row for rows_of in tables for row in rows_of[table]])
    _append(connection, "events", [row for pilot in pilots for row in _event_rows(pilot, events[pilot.pilot_id])])


def _bring(connection: Connection, table: str, found: list[Row], new: list[Row]) -> None:
    """Make these rows of the table, found in it, the new ones."""
    key = KEYS[table]
    named = " AND ".join(f"{name} = ?" for name in key)
    stands = {tuple(row[name] for name in key): row for row in found}
    added = []
    for row in new:
        before = stands.pop(tuple(row[name] for name in key), None)
        if before is None:
            added.append(row)
        elif changed := {name: value for name, value in row.items() if before[name] != value}:
            columns = ", ".join(f"{name} = ?" for name in changed)
            given = [*changed.values(), *(row[name] for name in key)]
            connection.execute(f"UPDATE {table} SET {columns} WHERE {named}", given)  # noqa: S608
    for gone in stands:
        connection.execute(f"DELETE FROM {table} WHERE {named}", list(gone))  # noqa: S608
    _append(connection, table, added)


def _append(connection: Connection, table: str, new: list[Row]) -> None:
    if new:
        append(connection, table, list(new[0]), ([*row.values()] for row in new))


def _event_rows(pilot: PilotRun, events: list[Event]) -> list[Row]:
    return [mapping.event_row(event, pilot.version + 1, place) for place, event in enumerate(events)]


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
