"""A store brought to the other engine: every row and every file, read back and compared, or nothing at all."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pilot_core.care.restore import empty_place, found_in, move_in
from pilot_core.errors import InvalidRequest, StoreError
from pilot_core.files import settle, sync_tree
from pilot_core.formatting import count
from pilot_core.messages.secret_addresses import KEY_FILE
from pilot_core.settings import checked_database_url
from pilot_core.store.bucket_media import FILMS, BucketMedia
from pilot_core.store.copying import Tally, compare, copy_out, copy_rows, tables_of, tallies
from pilot_core.store.database import Database
from pilot_core.store.engines import DATABASE, ELSEWHERE
from pilot_core.store.lease import Connection, opened_copy
from pilot_core.store.media import PASSING, File, forget_rows
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries import any_in_the_making

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Moved:
    """What was brought over: rows and checksum by table, files, and how large these are in bytes."""

    place: str
    tables: dict[str, Tally]
    files: int
    size: int


def move_store(store: PilotStore, target: str, tell: Tell = lambda sentence: None) -> Moved:
    """Copy the store to ``target``: the address of an empty PostgreSQL database, or a folder for a store on DuckDB.

    To a database the rows are brought in one transaction; films and documents stay where they are. To another folder
    they are copied too, out of the bucket if they are in one; it must be empty or missing. To the store's own folder
    only the rows are brought, where they are in PostgreSQL. The source stays as it is. Raises InvalidRequest where the
    target will not do, StoreError where something could not be copied or the source changed meanwhile; then nothing is
    left of it.
    """
    if any_in_the_making(store.database):
        raise InvalidRequest("A cut is being made; wait until it is ready, or run --repair, then move the store.")
    if target.startswith(("postgresql:", "postgres:")):
        return _to_database(store, checked_database_url("The address to move the store to", target), tell)
    return _to_folder(store, Path(target).absolute(), tell)


def _to_database(store: PilotStore, url: str, tell: Tell) -> Moved:
    from pilot_core.store.postgres import PostgresDatabase

    database = PostgresDatabase(store.root / DATABASE, url)
    ours = set(store.database.read(tables_of))
    database.read(lambda connection: _check_empty(connection, ours, database.name))
    database.migrate()

    def bring(source: Connection) -> dict[str, Tally]:
        def work(connection: Connection) -> dict[str, Tally]:
            _check_empty(connection, ours, database.name)
            read = copy_rows(source, connection, _telling(tell))
            tell("Reading it back …")
            compare(read, tallies(connection))
            _check_unchanged(store.database, read)
            return read

        return database.transaction(work)

    read = store.database.at_leisure(bring)
    return Moved(database.name, read, 0, 0)


def _check_empty(connection: Connection, ours: set[str], name: str) -> None:
    tables = set(tables_of(connection))
    holding = [
        table
        for table in sorted(tables & ours - {"schema_migrations"})
        if connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchall()  # noqa: S608
    ]
    if holding or tables - ours:
        found = ", ".join([*holding, *sorted(tables - ours)][:5])
        raise InvalidRequest(f"The database {name} is not empty ({found}); a store is moved into an empty one only.")


def _to_folder(store: PilotStore, root: Path, tell: Tell) -> Moved:
    at_home = root == store.root
    if at_home and (root / DATABASE).exists():
        raise InvalidRequest(
            f"There is a {DATABASE} in {root} already; take it out of the folder, or name another folder."
        )
    if not at_home and root.is_relative_to(store.root):
        raise InvalidRequest(f"{root} lies inside of the store; name another folder.")
    if not at_home and root.exists() and (not root.is_dir() or found_in(root)):
        raise InvalidRequest(f"{root} is not empty. A store is moved into an empty folder only; name another one.")
    try:
        with empty_place(root) as place:
            read = store.database.at_leisure(lambda source: copy_out(source, place / DATABASE, _telling(tell)))
            _check_unchanged(store.database, read)
            files, size = (0, 0) if at_home else _copy_files(store, place, tell)
            sync_tree(place)
            if at_home:
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
    # From another thread, whose reading begins now and not with the one that was copied from.
    with ThreadPoolExecutor(1) as other:
        now = other.submit(source.at_leisure, tallies).result()
    if now != read:
        raise StoreError(CHANGED)


def _telling(tell: Tell) -> Callable[[str, int], None]:
    return lambda table, rows: tell(f"  {table}: {count(rows, 'row')}") if rows else None


def _copy_files(store: PilotStore, target: Path, tell: Tell) -> tuple[int, int]:
    """Copy every file that is not the database's, from wherever it is kept; returns how many, and their bytes.

    What was written is read back and compared, and what is kept in a bucket is what its row says.
    """
    files = size = 0
    copies: dict[object, Path] = {}
    for name, file in _files(store):
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        # A review pack's film is the draft itself.
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
            tell(f"  {count(files, 'file')}, {size / 1e6:,.0f} MB")
    if store.media.place:
        with opened_copy(target / DATABASE) as connection:
            forget_rows(connection)
    return files, size


def _same_as(file: File) -> object:
    """What two names of one film have in common; None for a file with one name."""
    if file.kept:
        return file.kept.name if file.kept.path.endswith(FILMS) else None
    assert file.status
    return (file.status.st_dev, file.status.st_ino) if file.status.st_nlink > 1 else None


def _files(store: PilotStore) -> Iterator[tuple[str, File]]:
    """The visible files of a store that are not its database's, and the key of its messages; no symbolic links."""
    media = store.media
    kept = media.known()
    for place, folders, names in os.walk(store.root):
        here = Path(place)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (here / name for name in sorted(names)):
            is_database = here == store.root and path.name.startswith("pilots.")
            # Without its key the links in messages that were sent would end.
            hidden = path.name.startswith(".") and path.name != KEY_FILE
            if not (is_database or hidden or path.suffix in PASSING or path.is_symlink()) and path.is_file():
                name = path.relative_to(store.root).as_posix()
                if name not in kept:
                    yield name, File(path, path.stat())
    if isinstance(media, BucketMedia):
        yield from ((name, media.file_of(row)) for name, row in kept.items())


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
    if file.kept and digest.hexdigest() != file.kept.sha256:
        raise StoreError(
            f"{file.kept.path} is not what was put into {store.media.place}. Nothing was moved; run --check."
        )
