"""Copy a store to the other engine: every row and file is read back and compared, and a failed copy leaves nothing."""

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pilot_core.addresses import checked_database_url
from pilot_core.errors import InvalidRequest, StoreError
from pilot_core.files import settle, sync_tree, write_atomic
from pilot_core.formatting import count
from pilot_core.maintenance.restore import empty_place, found_in, move_in
from pilot_core.messages import capability_links
from pilot_core.store.engine.connection import Connection
from pilot_core.store.engine.copying import Tally, compare, copy_out, copy_rows, tables_of, tables_with_rows, tallies
from pilot_core.store.engine.database import Database
from pilot_core.store.engine.duckdb_session import opened_copy
from pilot_core.store.engine.postgres_database import PostgresDatabase
from pilot_core.store.files.layout import CERTIFICATES_KEY, DATABASE, ELSEWHERE
from pilot_core.store.files.media import TEMPORARY_SUFFIXES, File, delete_rows, is_video, local_file
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.renders import any_under_way

SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[^/]*//|[^/]*@")
"""How a target begins that is meant as an address, right or wrong. Such a folder can be written as ``./name``."""
KEY_FILES = (capability_links.KEY_FILE, CERTIFICATES_KEY)

Report = Callable[[str], None]
"""Called with each line of progress."""


@dataclass(frozen=True)
class Moved:
    """What was copied: rows and checksum of each table, and the number of files and bytes."""

    place: str
    tables: dict[str, Tally]
    files: int
    size: int


def move_store(store: PilotStore, target: str, report: Report = lambda sentence: None) -> Moved:
    """Copy the store to ``target``: the URL of an empty PostgreSQL database, or a folder for a store on DuckDB.

    A database gets all rows in one transaction; videos and documents stay where they are. Another folder, which must be
    empty or missing, also gets the files, fetched from the bucket if the store has one. If ``target`` is the folder of
    a store on PostgreSQL, only its rows are copied there. The source does not change.

    Raises InvalidRequest if the target cannot be used, and StoreError if something could not be copied or the source
    changed meanwhile. After an error nothing is left in the target.
    """
    if any_under_way(store.database):
        raise InvalidRequest("A cut is being made; wait until it is ready, or run --repair, then move the store.")
    if scheme := SCHEME.match(target):
        url = scheme[0].lower() + target[scheme.end() :]
        return _to_database(store, checked_database_url("The address to move the store to", url), report)
    return _to_folder(store, Path(target).absolute(), report)


def _to_database(store: PilotStore, url: str, report: Report) -> Moved:
    database = PostgresDatabase(store.root / DATABASE, url)
    ours = set(store.database.read(tables_of))
    database.read(lambda connection: _check_empty(connection, ours, database.name))
    database.migrate()

    def copy_from(source: Connection) -> dict[str, Tally]:
        def copy_and_compare(connection: Connection) -> dict[str, Tally]:
            _check_empty(connection, ours, database.name)
            read = copy_rows(source, connection, _report_rows(report))
            report("Reading it back …")
            compare(read, tallies(connection))
            # From now on nothing is written to the folder's own database: whoever asks in a session finds the note.
            database.write_note(note)
            _check_unchanged(store.database, read)
            return read

        return database.transaction(copy_and_compare)

    note = store.root / ELSEWHERE
    before = note.read_text() if note.exists() else None
    try:
        read = store.database.read_snapshot(copy_from)
    except BaseException:
        if before is None:
            note.unlink(missing_ok=True)
        else:
            write_atomic(note, before)
        raise
    return Moved(database.name, read, 0, 0)


def _check_empty(connection: Connection, ours: set[str], name: str) -> None:
    tables = set(tables_of(connection))
    holding = tables_with_rows(connection, tables & ours - {"schema_migrations"})
    if holding or tables - ours:
        found = ", ".join([*holding, *sorted(tables - ours)][:5])
        raise InvalidRequest(f"The database {name} is not empty ({found}); a store is moved into an empty one only.")


def _to_folder(store: PilotStore, root: Path, report: Report) -> Moved:
    in_own_folder = root == store.root
    if in_own_folder and (root / DATABASE).exists():
        raise InvalidRequest(
            f"There is a {DATABASE} in {root} already; take it out of the folder, or name another folder."
        )
    if not in_own_folder and root.is_relative_to(store.root):
        raise InvalidRequest(f"{root} lies inside of the store; name another folder.")
    if not in_own_folder and root.exists() and (not root.is_dir() or found_in(root)):
        raise InvalidRequest(f"{root} is not empty. A store is moved into an empty folder only; name another one.")
    try:
        with empty_place(root) as place:
            read = store.database.read_snapshot(lambda source: copy_out(source, place / DATABASE, _report_rows(report)))
            _check_unchanged(store.database, read)
            files, size = (0, 0) if in_own_folder else _copy_files(store, place, report)
            sync_tree(place)
            if in_own_folder:
                settle(place / DATABASE, root / DATABASE)
                (root / ELSEWHERE).unlink(missing_ok=True)
            else:
                move_in(place, root)
    except OSError as error:
        raise StoreError(
            f"The store could not be moved to {root} ({error.strerror or error}); nothing is left of it there. "
            "Check the folder's permissions and free space, then try again."
        ) from error
    return Moved(str(root), read, files, size)


CHANGED = (
    "The store was changed while it was moved, so nothing was moved. Stop the dashboard and every command on it, then "
    "move it again."
)


def _check_unchanged(source: Database, read: dict[str, Tally]) -> None:
    # Read in another thread, so that the read starts now, outside the snapshot that was copied.
    with ThreadPoolExecutor(1) as other:
        now = other.submit(source.read_snapshot, tallies).result()
    if now != read:
        raise StoreError(CHANGED)


def _report_rows(report: Report) -> Callable[[str, int], None]:
    return lambda table, rows: report(f"  {table}: {count(rows, 'row')}") if rows else None


def _copy_files(store: PilotStore, target: Path, report: Report) -> tuple[int, int]:
    """Copy every file except the database's, from the folder or the bucket. Returns the number of files and bytes.

    Each copy is read back and compared, and a file from the bucket is compared with the checksum in its row.
    """
    files = size = 0
    copies: dict[object, Path] = {}
    for name, file in _files(store):
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        # The video in a review pack is a hard link to the draft.
        same = _same_as(file)
        if same in copies:
            os.link(copies[same], copy)
        else:
            _copy_file(store, file, copy)
            if same:
                copies[same] = copy
        files += 1
        size += copy.stat().st_size
        if files % 1000 == 0:
            report(f"  {count(files, 'file')}, {size / 1e6:,.0f} MB")
    if store.media.bucket:
        with opened_copy(target / DATABASE) as connection:
            delete_rows(connection)
    return files, size


def _same_as(file: File) -> object:
    """Return a key that is equal for two names of the same video, or None for a file with one name."""
    if file.stored:
        return file.stored.name if is_video(file.stored.path) else None
    assert file.status
    return (file.status.st_dev, file.status.st_ino) if file.status.st_nlink > 1 else None


def _files(store: PilotStore) -> Iterator[tuple[str, File]]:
    """Yield the store's visible files without the database's and symbolic links, and the hidden key files."""
    stored = store.media.stored_files()
    for place, folders, names in os.walk(store.root):
        here = Path(place)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (here / name for name in sorted(names)):
            is_database = here == store.root and path.name.startswith("pilots.")
            # Without these keys, links in sent messages would stop working and certificates would get another signing
            # key.
            hidden = path.name.startswith(".") and path.name not in KEY_FILES
            if not (is_database or hidden or path.suffix in TEMPORARY_SUFFIXES or path.is_symlink()) and path.is_file():
                name = path.relative_to(store.root).as_posix()
                if name not in stored:
                    yield name, File(path, path.stat())
    yield from ((name, local_file(store.root, row)) for name, row in stored.items())


def _copy_file(store: PilotStore, file: File, target: Path) -> None:
    digest = hashlib.sha256()
    with target.open("xb") as writing:
        for piece in store.media.pieces(file):
            writing.write(piece)
            digest.update(piece)
    if file.status:
        shutil.copystat(file.path, target)
    with target.open("rb") as written:
        if hashlib.file_digest(written, "sha256").digest() != digest.digest():
            raise OSError(None, f"{target.name} is not what was written")
    if file.stored and digest.hexdigest() != file.stored.sha256:
        raise StoreError(
            f"{file.stored.path} is not what was put into {store.media.bucket}. Nothing was moved; run --check."
        )
