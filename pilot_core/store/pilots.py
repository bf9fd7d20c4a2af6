"""``PilotStore``: a directory of pilots in DuckDB or PostgreSQL, with a state file for each."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from filelock import Timeout

from pilot_core import catalog, ids
from pilot_core.clock import Clock, utc_now
from pilot_core.domain.actors import Actor, at_command_line
from pilot_core.domain.events import Event, EventKind
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.promises import Promises
from pilot_core.domain.roles import ActKind
from pilot_core.errors import AccessDenied, Conflict, InvalidRequest, PilotError, PilotNotFound, StoreError, reason_of
from pilot_core.files import write_atomic
from pilot_core.insight.recommend import Recommendation, recommend
from pilot_core.media_place import Place
from pilot_core.store import permission
from pilot_core.store.engine.connection import Connection, rows
from pilot_core.store.files import state_files
from pilot_core.store.files.layout import IMPORTING, STATE_FILES
from pilot_core.store.files.media import path_of_pilot, path_within, refuse_without_bucket
from pilot_core.store.files.state_writer import hold_state_files, write_state_files
from pilot_core.store.opening import database_of, media_of
from pilot_core.store.tables import saving
from pilot_core.store.tables.display_names import local_name
from pilot_core.store.tables.events import event_from_row

log = logging.getLogger(__name__)

T = TypeVar("T")
IMPORTED_AT_ONCE = 500  # pilots in one transaction

_migrated: set[tuple[Path, str | None]] = set()
"""The databases that this process has already migrated."""


@dataclass
class ImportReport:
    """The result of an import: the ids imported, and a sentence for each file that was not or only in part."""

    imported: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class PilotStore:
    """A store in the directory ``root``, created on first use.

    Its rows are in the PostgreSQL database ``database_url``, to which the process holds at most that many
    ``connections``, or, without one, in the folder. Its videos and documents
    are in the bucket at ``media`` or, without one, in the folder. ``media_elsewhere=False`` opens the store although
    its files are recorded as stored in a bucket. ``recommend`` computes the recommendation that is saved with each
    pilot. A folder with state files and no database is imported when it is opened; ``found_import`` has the result.
    Raises StoreError if the folder or the database cannot be used.
    """

    def __init__(
        self,
        root: str | Path,
        clock: Clock = utc_now,
        *,
        database_url: str | None = None,
        connections: int | None = None,
        media: Place | None = None,
        media_elsewhere: bool = True,
        recommend: Callable[[PilotRun], Recommendation] = recommend,
    ):
        """Open the store. Its parameters are the settings that ``bootstrap`` has: a store knows no settings."""
        self.root = Path(root).absolute()
        self.clock = clock
        self.serves_visitors = False
        """Whether acts in this process are visitors' acts, so that each must say whose it is."""
        self.promises = Promises()
        """The times that this store's documents tell founders."""
        self.second_reason = False
        """Whether a new override needs the reason of a second person."""
        self._recommend = recommend
        _check_writable(self.root)
        self.database = database_of(self.root, database_url, connections)
        fresh = self.database.is_new()
        if fresh and any(self.root.glob(STATE_FILES)):
            # Before the database is created, so that the next opening continues an interrupted import.
            write_atomic(self.root / IMPORTING, "")
        migrated = (self.database.path.resolve(), database_url)
        if migrated not in _migrated or fresh:
            self.database.migrate()
            _migrated.add(migrated)
            if media is None and media_elsewhere:
                refuse_without_bucket(self.database)
        self.media = media_of(self.root, self.database, clock, media)
        self.found_import = self.import_found()

    def import_found(self) -> ImportReport:
        """Import the state files that were in the folder before it had a database; does nothing if that is done."""
        marker = self.root / IMPORTING
        if not marker.exists():
            return ImportReport()
        report = self.import_state(self.root)
        # Imported before an earlier opening was interrupted.
        earlier = {_already_saved(f"{pilot_id}.json", pilot_id) for pilot_id in self.pilot_ids()}
        report.problems = [problem for problem in report.problems if problem not in earlier]
        marker.unlink(missing_ok=True)
        return report

    def path_of(self, relative: str) -> Path:
        """Return the file at a stored path. Raises StoreError if the path leaves the store."""
        return path_within(self.root, relative)

    def path_in(self, pilot_id: str, relative: str) -> Path:
        """Return the file or folder of a pilot at a stored path. Raises StoreError if it is not the pilot's."""
        return path_of_pilot(self.root, relative, pilot_id)

    def acting(self, actor: Actor | str | None) -> Actor:
        """Return the actor; for None that of this process, its user at the command line.

        Raises AccessDenied for a name alone, and for None where this process serves visitors.
        """
        if isinstance(actor, Actor):
            return actor
        if actor is not None or self.serves_visitors:
            raise AccessDenied("It is not known who does this; pass an actor.")
        return at_command_line(self.database.read(local_name))

    def save(
        self, pilot: PilotRun, actor: str | None = None, also: Callable[[Connection], None] | None = None
    ) -> PilotRun:
        """Save the pilot and the events of its changes in one transaction, then its state file. Returns the pilot.

        ``also`` writes related rows in the same transaction. If the state file cannot be written, a warning is logged.
        Raises Conflict, writing nothing, if someone saved the pilot after this one was loaded, and InvalidRequest for a
        flag that the catalogue does not know.
        """

        def write(connection: Connection) -> list[Event]:
            saved = saving.read_rows(connection, [pilot.pilot_id])
            if sum(row["version"] for row in saved["pilots"]) != pilot.version:
                raise Conflict(_what_changed(connection, pilot.pilot_id, pilot.version))
            events = self._update(connection, pilot, actor, saved)
            if also:
                also(connection)
            return events

        events = self.database.transaction(write)
        self._saved([pilot], events)
        return pilot

    def _update(
        self, connection: Connection, pilot: PilotRun, actor: str | None, saved: saving.SavedRows
    ) -> list[Event]:
        """Write the pilot over its ``saved`` rows; returns the events. Fields set without an event get one.

        Raises InvalidRequest for a flag that is new here and not in the catalogue.
        """
        catalog.check_flags(saving.new_flags(pilot, saved))
        recommendation = self._recommend(pilot)
        if saved["pilots"] and not pilot.pending_events:
            fields = saving.changed_fields(pilot, recommendation, saved)
            if fields:
                pilot.log(EventKind.FIELDS_CHANGED, self.clock(), fields=fields)
        events = _events(pilot, actor or self.database.read(local_name))
        saving.update(connection, pilot, recommendation, events, saved)
        return events

    def _saved(self, pilots: list[PilotRun], events: list[Event]) -> None:
        """Update the pilots after they were saved: increase their versions and write their state files."""
        for pilot in pilots:
            pilot.version += 1
            pilot.pending_events.clear()
        for event in events:
            facts = {"pilot_id": event.pilot_id, "actor": event.actor, "attempt": event.detail.get("attempt_number")}
            log.info("%s", event.kind, extra=facts)
        self._write_state_files_or_warn(pilots)

    def _write_state_files_or_warn(self, pilots: list[PilotRun]) -> None:
        """Write state files, and log a warning for each failure. The change is already saved in the database."""
        try:
            self._write_state_files(pilots)
        except Exception as error:
            if len(pilots) > 1 and not isinstance(error, Timeout):
                # One file that cannot be written must not stop the others.
                for pilot in pilots:
                    self._write_state_files_or_warn([pilot])
                return
            for pilot in pilots:
                log.error("the state file of %s could not be written: %s", pilot.pilot_id, error)
                pilot.warnings.append(
                    f"The state file {pilot.pilot_id}.json could not be written: {reason_of(error)} "
                    "The next change of the pilot writes it, or a repair."
                )

    def change(
        self,
        pilot_id: str,
        act: Callable[[PilotRun], T],
        actor: str | None = None,
        seen_version: int | None = None,
        also: Callable[[Connection, PilotRun, T], None] | None = None,
        kind: ActKind | None = None,
    ) -> tuple[PilotRun, T]:
        """Load the pilot, apply ``act`` and save, in one transaction. After a conflict all of it runs again.

        ``act`` checks that the pilot still allows the change, and must be fast. Its result is returned with the pilot.
        ``also`` writes related rows of other tables; it gets the changed pilot and the result of ``act``.
        ``seen_version`` is the version that a person saw when they decided: any later change then raises Conflict.
        With a ``kind`` of act, the actor is asked for permission first, in the transaction: see ``permission.check``.
        Raises PilotNotFound.
        """
        ids.checked_pilot_id(pilot_id)

        def once(connection: Connection) -> tuple[PilotRun, T, list[Event]]:
            if kind is not None:
                permission.check(connection, self.acting(actor), kind, pilot_id, self.clock())
            saved = saving.read_rows(connection, [pilot_id])
            if not saved["pilots"]:
                raise _not_found(pilot_id)
            [pilot] = saving.pilots_of(saved)
            if seen_version is not None and pilot.version != seen_version:
                raise Conflict(_what_changed(connection, pilot_id, seen_version))
            result = act(pilot)
            events = self._update(connection, pilot, actor, saved)
            if also:
                also(connection, pilot, result)
            return pilot, result, events

        pilot, result, events = self.database.transaction(once)
        self._saved([pilot], events)
        return pilot, result

    def load(self, pilot_id: str) -> PilotRun:
        """Return the pilot's current state. Raises PilotNotFound."""
        ids.checked_pilot_id(pilot_id)
        found = self.load_all([pilot_id])
        if not found:
            raise _not_found(pilot_id)
        return found[0]

    def load_all(self, pilot_ids: Iterable[str] | None = None) -> list[PilotRun]:
        """Return the pilots with those ids (all, if None), in order of creation. Unknown ids are left out."""
        wanted = None if pilot_ids is None else list(pilot_ids)
        return saving.pilots_of(self.database.read(lambda connection: saving.read_rows(connection, wanted)))

    def pilot_ids(self) -> list[str]:
        """Return every pilot's id, in order of creation."""
        return self.database.read(saving.saved_ids)

    def events(self, pilot_id: str) -> list[Event]:
        """Return the pilot's events, oldest first."""
        sql = "SELECT * FROM events WHERE pilot_id = ? ORDER BY pilot_version, position"
        found = self.database.read(lambda c: rows(c, sql, [ids.checked_pilot_id(pilot_id)]))
        return [event_from_row(row) for row in found]

    def import_state(self, source: str | Path, actor: Actor | None = None) -> ImportReport:
        """Import one state file, or every ``pilot_*.json`` of a folder. A bad file is reported and the rest imported.

        Raises InvalidRequest if there is no such file or folder.
        """
        source, who = Path(source), self.acting(actor)
        permission.ask(self.database, who, ActKind.IMPORT, None, self.clock())
        if not source.exists():
            raise InvalidRequest(f"There is no file or folder {source} to import.")
        files = sorted(source.glob(STATE_FILES)) if source.is_dir() else [source]
        report = ImportReport()
        known = set(self.pilot_ids())
        used = self.database.read(saving.used_ids)
        for start in range(0, len(files), IMPORTED_AT_ONCE):
            pilots: dict[str, PilotRun] = {}
            for file in files[start : start + IMPORTED_AT_ONCE]:
                try:
                    pilot = state_files.read(file)
                    if pilot.pilot_id in known:
                        raise InvalidRequest(_already_saved(file.name, pilot.pilot_id))
                except PilotError as error:
                    report.problems.append(str(error))
                    continue
                known.add(pilot.pilot_id)
                _make_ids_unique(pilot, used)
                pilot.log(EventKind.IMPORTED, pilot.updated_at, file=file.name)
                report.warnings += [f"{file.name}: {warning}" for warning in pilot.warnings]
                pilots[file.name] = pilot
            self._import(pilots, who, report)
        return report

    def _import(self, pilots: dict[str, PilotRun], actor: Actor, report: ImportReport) -> None:
        """Save new pilots, by the names of their files. One that cannot be saved does not keep out the others."""
        try:
            earlier = self._save_new(list(pilots.values()), actor)
        except PilotError:
            raise  # the store cannot be written, whatever the pilot
        except Exception as error:
            if len(pilots) == 1:
                log.exception("a state file could not be imported")
                report.problems += [f"{name} could not be saved: {reason_of(error)}" for name in pilots]
                return
            for name, pilot in pilots.items():
                self._import({name: pilot}, actor, report)
            return
        report.problems += [_already_saved(name, p.pilot_id) for name, p in pilots.items() if p.pilot_id in earlier]
        report.imported += [p.pilot_id for p in pilots.values() if p.pilot_id not in earlier]

    def _save_new(self, pilots: list[PilotRun], actor: Actor) -> set[str]:
        """Save the pilots that are not in the store yet, in one transaction. Returns the ids of the others."""
        new = [(pilot, self._recommend(pilot), _events(pilot, actor)) for pilot in pilots]

        def write(connection: Connection) -> set[str]:
            permission.check(connection, actor, ActKind.IMPORT, None, self.clock())
            earlier = set(saving.saved_ids(connection, [pilot.pilot_id for pilot in pilots]))
            saving.add(connection, (entry for entry in new if entry[0].pilot_id not in earlier))
            return earlier

        earlier = self.database.transaction(write)
        saved = [entry for entry in new if entry[0].pilot_id not in earlier]
        self._saved([pilot for pilot, _, _ in saved], [event for _, _, events in saved for event in events])
        return earlier

    def write_state_file(self, pilot: PilotRun) -> None:
        """Write the pilot's state file, unless the file has a newer revision or the pilot was erased.

        Raises StoreError, OSError, Timeout.
        """
        self._write_state_files([pilot])

    @contextmanager
    def holding_state_files(self) -> Iterator[None]:
        """Prevent other processes from writing state files during the block. Raises Timeout."""
        with hold_state_files(self.root):
            yield

    def _write_state_files(self, pilots: list[PilotRun]) -> None:
        def still_saved(pilot_ids: list[str]) -> list[str]:
            return self.database.read(lambda connection: saving.saved_ids(connection, pilot_ids))

        write_state_files(self.root, pilots, still_saved)


def _check_writable(root: Path) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True)
        if not os.access(root, os.W_OK):
            raise PermissionError(13, "no permission to write there")
    except OSError as error:
        raise StoreError(f"The store folder {root} cannot be used: {error.strerror}.") from error


def _events(pilot: PilotRun, actor: str) -> list[Event]:
    return [
        Event(event_id=ids.new_id("event"), pilot_id=pilot.pilot_id, at=at, actor=actor, kind=kind, detail=detail)
        for at, kind, detail in pilot.pending_events
    ]


def _make_ids_unique(pilot: PilotRun, used: set[str]) -> None:
    """Replace the pilot's ids that are in ``used``, and add all of its ids to it.

    Attempt ids must be unique in the store. An id that is used already is replaced, and the original kept in
    ``source``. Feedback ids are replaced without a trace, since nothing outside the store knows them.
    """
    for attempt in pilot.runs:
        if attempt.attempt_id in used:
            given, own = attempt.attempt_id, ids.attempt_id_for(pilot.pilot_id, attempt.attempt_number)
            attempt.attempt_id = ids.new_id(own) if own in used else own
            attempt.source["attempt_id"] = [given, attempt.attempt_id]
        used.add(attempt.attempt_id)
        for feedback in attempt.feedback:
            if feedback.feedback_id in used:
                feedback.feedback_id = ids.new_id("feedback")
            used.add(feedback.feedback_id)


def _already_saved(file: str, pilot_id: str) -> str:
    return f"{file}: {pilot_id} is in the store already; it was left as it is."


def _not_found(pilot_id: str) -> PilotNotFound:
    return PilotNotFound(f"There is no pilot {pilot_id} in this store.", shell="--list shows the ones there are")


def _what_changed(connection: Connection, pilot_id: str, version: int) -> str:
    sql = (
        "SELECT happened_at, actor, kind FROM events WHERE pilot_id = ? AND pilot_version > ? "
        "ORDER BY pilot_version, position"
    )
    missed: list[dict[str, Any]] = rows(connection, sql, [pilot_id, version])
    if not missed:
        return f"{pilot_id} was changed by someone else meanwhile. Nothing was written; load it and try again."
    changes = "; ".join(
        f"{row['actor']}: {row['kind'].replace('_', ' ')} ({row['happened_at']:%H:%M} UTC)" for row in missed[:5]
    )
    return f"{pilot_id} was changed meanwhile ({changes}). Nothing was written; load it and try again."
