"""Restore a backup into an empty folder. Every file is compared, and a failed restore leaves nothing."""

import secrets
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from pilot_core.errors import InvalidRequest, StoreError
from pilot_core.files import sync_folder, sync_tree
from pilot_core.maintenance import archive as archives
from pilot_core.media_place import Place
from pilot_core.store.engine import integrity
from pilot_core.store.engine.duckdb_session import opened_copy
from pilot_core.store.files import state_files
from pilot_core.store.files.bucket import Bucket
from pilot_core.store.files.layout import CERTIFICATES_KEY, DATABASE, LOST_FOUND
from pilot_core.store.files.media import delete_rows
from pilot_core.store.pilots import PilotStore

LOCK = f"{DATABASE}.lock"
LOCK_SECONDS = 15.0
NOT_EMPTY = "{root} is not empty. A backup is brought back into an empty folder only; name another one."


def restore(file: Path, root: Path, bucket: Place | None = None) -> archives.Manifest:
    """Restore a backup into ``root``, which must be empty or missing. Returns the manifest.

    The schema is upgraded and the state files are written from the database. With a ``bucket``, which must be empty,
    videos and documents are put there; a backup without videos uses the objects already in the bucket. Raises
    InvalidRequest if the folder or bucket is not empty or the backup is incomplete, and StoreError if it cannot be
    written or was made by a newer version. After an error nothing is left.
    """
    root = root.absolute()
    if not file.is_file():
        raise InvalidRequest(f"There is no backup {file}.")
    if root.exists() and (not root.is_dir() or found_in(root)):
        raise InvalidRequest(NOT_EMPTY.format(root=root))
    try:
        with empty_place(root) as place, archives.opened(file) as (archive, manifest):
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
                PilotStore(place, media_elsewhere=False).database.transaction(delete_rows)
            _finish(place)
            move_in(place, root)
    except OSError as error:
        raise StoreError(
            f"The backup could not be brought back to {root} ({error.strerror or error}); nothing is left of it. "
            "Check the folder's permissions and free space, then try again."
        ) from error
    if bucket:
        _put(root, bucket)
    return manifest


def _put(root: Path, bucket: Place) -> None:
    store = PilotStore(root, media=bucket)
    try:
        for pilot_id in store.pilot_ids():
            store.media.put_folder(pilot_id)
    except StoreError as error:
        raise StoreError(f"The backup is back in {root}, but not in the bucket. {error} Run --repair then.") from error


@contextmanager
def empty_place(root: Path) -> Iterator[Path]:
    """Yield a hidden folder inside ``root`` to work in, so that files can be moved into place by renaming.

    The folder is removed at the end. After a failure ``root`` is removed too, if it was created here and no other
    process started a store in it.
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
    """Return what the folder contains, except a lock and ``lost+found``, which a mounted disk has from the start."""
    return [path for path in root.iterdir() if path.name not in (LOST_FOUND, LOCK)]


def _unpack(archive: zipfile.ZipFile, manifest: archives.Manifest, file: Path, place: Path) -> None:
    for name, held in manifest.files.items():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if name == CERTIFICATES_KEY:
            target.touch(mode=0o600, exist_ok=False)
        with target.open("r+b" if name == CERTIFICATES_KEY else "xb") as writing:
            for piece in archives.pieces(archive, name, held, file):
                writing.write(piece)


def _compare(database: Path, manifest: archives.Manifest, file: Path) -> None:
    try:
        with opened_copy(database) as connection:
            counts, schema = integrity.row_counts(connection), integrity.schema_of(connection)
    except StoreError as error:
        raise archives.damaged(file, "its database cannot be read") from error
    if counts != manifest.counts or schema != manifest.schema_number:
        raise archives.damaged(file, "its database does not hold the rows that its manifest counts")


def _finish(place: Path) -> None:
    """Upgrade the unpacked files to this version. Raises StoreError if they are from a newer one."""
    store = PilotStore(place, media_elsewhere=False)
    for pilot in store.load_all():
        (place / f"{pilot.pilot_id}.json").write_text(state_files.text(pilot), encoding="utf-8")
    for kept in (*place.glob("*.lock"), *place.glob(".*.lock"), *place.glob("pilots.schema_*.duckdb")):
        kept.unlink()
    sync_tree(place)


def move_in(place: Path, root: Path) -> None:
    """Move everything from ``place`` to ``root``, the database last: without it the folder is not a store.

    Processes that open the folder meanwhile wait for the lock. Raises InvalidRequest if another process started a store
    there first.
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
