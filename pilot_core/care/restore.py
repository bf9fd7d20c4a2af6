"""A backup brought back into an empty folder: all of it, compared file by file, or nothing."""

import secrets
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from pilot_core.care import archive as archives
from pilot_core.care.check import LOST_FOUND
from pilot_core.errors import InvalidRequest, StoreError
from pilot_core.files import sync_folder, sync_tree
from pilot_core.settings import media_place
from pilot_core.store import soundness, state_files
from pilot_core.store.bucket import Bucket
from pilot_core.store.engines import DATABASE
from pilot_core.store.lease import opened_copy
from pilot_core.store.media import forget_rows
from pilot_core.store.pilots import PilotStore

LOCK = f"{DATABASE}.lock"
LOCK_SECONDS = 15.0
NOT_EMPTY = "{root} is not empty. A backup is brought back into an empty folder only; name another one."


def restore(file: Path, root: Path) -> archives.Manifest:
    """Bring the store in a backup back to the folder ``root``, which must be empty or missing; returns its manifest.

    Its schema is brought up to date and its state files are written from the database. Where a bucket is set, its films
    and documents are put there, which must be empty; a backup without films takes up what is there. Raises
    InvalidRequest when the folder or the bucket is not empty or the backup is no whole one, StoreError when it cannot
    be written or was made by a newer version; then nothing is left.
    """
    bucket = media_place()
    root = root.absolute()
    if not file.is_file():
        raise InvalidRequest(f"There is no backup {file}.")
    if root.exists() and (not root.is_dir() or found_in(root)):
        raise InvalidRequest(NOT_EMPTY.format(root=root))
    try:
        with empty_place(root) as place, zipfile.ZipFile(file) as archive:
            manifest = archives.read_manifest(archive, file)
            if bucket and manifest.media and not Bucket(bucket).is_empty():
                raise InvalidRequest(
                    f"There are files in {bucket} already. A backup with films is put into an empty place only; "
                    "name another one with the setting PILOT_OPS_MEDIA."
                )
            needed, free = sum(held.size for held in manifest.files.values()), shutil.disk_usage(root).free
            if needed > free:
                raise StoreError(
                    f"The backup needs {needed // 1_000_000 + 1:,} MB and {root} has {free // 1_000_000:,} MB free; "
                    "free some space first. Nothing was restored."
                )
            _unpack(archive, manifest, file, place)
            _compare(place / DATABASE, manifest, file)
            if bucket is None or manifest.media:
                PilotStore(place, database_url="", media_elsewhere=False).database.transaction(forget_rows)
            _finish(place)
            move_in(place, root)
    except zipfile.BadZipFile as error:
        raise archives.damaged(file, "it is no whole zip file") from error
    except OSError as error:
        raise StoreError(
            f"The backup could not be brought back to {root} ({error.strerror or error}); nothing is left of it. "
            "Check the folder's permissions and free space, then try again."
        ) from error
    if bucket:
        _put(root)
    return manifest


def _put(root: Path) -> None:
    store = PilotStore(root)
    try:
        for pilot_id in store.pilot_ids():
            store.media.put_folder(pilot_id)
    except StoreError as error:
        raise StoreError(f"The backup is back in {root}, but not in the bucket. {error} Run --repair then.") from error


@contextmanager
def empty_place(root: Path) -> Iterator[Path]:
    """A hidden folder to work in, inside ``root``, so that moving in is renaming; it is gone in the end. So is ``root``
    on any failure, if it was made here and nobody else began a store there.
    """
    made = not root.exists()
    root.mkdir(parents=True, exist_ok=True)
    place = root / f".restore.{secrets.token_hex(4)}.part"
    try:
        place.mkdir()
        yield place
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        if made:
            with suppress(OSError):
                root.rmdir()
        raise
    else:
        shutil.rmtree(place, ignore_errors=True)


def found_in(root: Path) -> list[Path]:
    """What lies in the folder. A disk of its own has a ``lost+found`` from the beginning; a lock alone is no store."""
    return [path for path in root.iterdir() if path.name not in (LOST_FOUND, LOCK)]


def _unpack(archive: zipfile.ZipFile, manifest: archives.Manifest, file: Path, place: Path) -> None:
    for name, held in manifest.files.items():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as writing:
            for piece in archives.pieces(archive, name, held, file):
                writing.write(piece)


def _compare(database: Path, manifest: archives.Manifest, file: Path) -> None:
    try:
        with opened_copy(database) as connection:
            counts, schema = soundness.row_counts(connection), soundness.schema_of(connection)
    except StoreError as error:
        raise archives.damaged(file, "its database cannot be read") from error
    if counts != manifest.counts or schema != manifest.schema_number:
        raise archives.damaged(file, "its database does not hold the rows that its manifest counts")


def _finish(place: Path) -> None:
    """Make the unpacked files a store of this version. Raises StoreError when they are of a newer one."""
    store = PilotStore(place, database_url="", media_elsewhere=False)
    for pilot in store.load_all():
        (place / f"{pilot.pilot_id}.json").write_text(state_files.text(pilot), encoding="utf-8")
    for kept in (*place.glob("*.lock"), *place.glob(".*.lock"), *place.glob("pilots.schema_*.duckdb")):
        kept.unlink()
    sync_tree(place)


def move_in(place: Path, root: Path) -> None:
    """Move everything from ``place`` to ``root``, the database last: before it stands there, the folder is no store.

    Whoever opens the folder meanwhile waits for the lock. Raises InvalidRequest when somebody was first.
    """
    with FileLock(root / LOCK, timeout=LOCK_SECONDS):
        if found_in(root) != [place]:
            raise InvalidRequest(NOT_EMPTY.format(root=root))
        moved: list[str] = []
        try:
            for path in sorted(place.iterdir(), key=lambda p: p.name == DATABASE):
                path.rename(root / path.name)
                moved.append(path.name)
            sync_folder(root)
        except BaseException:
            for name in reversed(moved):
                (root / name).rename(place / name)
            raise
