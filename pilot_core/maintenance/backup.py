"""Back up a store while it is in use, into one file that is verified before it gets its final name."""

import logging
import os
import secrets
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pilot_core import ids
from pilot_core.clock import iso
from pilot_core.errors import InvalidRequest, StoreError
from pilot_core.files import settle
from pilot_core.formatting import printable
from pilot_core.maintenance import archive as archives
from pilot_core.maintenance.restore import restore
from pilot_core.store.engine import integrity
from pilot_core.store.engine.copying import tallies
from pilot_core.store.engine.duckdb_session import opened_copy, read_everything
from pilot_core.store.files.layout import CERTIFICATES_KEY, DATABASE
from pilot_core.store.files.media import VIDEO_SUFFIXES, Media, StoredFile, local_file, stored_rows
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.backups import folders_under_way, pilot_ids

log = logging.getLogger(__name__)

MEDIA = (*VIDEO_SUFFIXES, ".jpg", ".jpeg", ".png", ".webp", ".wav", ".m4a")


def back_up(store: PilotStore, file: Path, *, media: bool = True, restored: bool = False) -> archives.Manifest:
    """Back up the store at one moment to ``file``, with or without media files. Returns the manifest.

    Other processes wait only while the database file is copied. The backup is made from that copy, read back and
    compared, with ``restored`` also restored on trial into a scratch folder beside it, and renamed last. Raises
    InvalidRequest if ``file`` exists or its folder does not, StoreDamaged if a part of the database cannot be read, and
    StoreError if the backup cannot be written. After a failure no partial file is left.
    """
    file = file.absolute()
    if file.exists():
        raise InvalidRequest(f"There is a file {file} already; name another one for the backup.")
    if not file.parent.is_dir():
        raise InvalidRequest(f"There is no folder {file.parent} for the backup; make it first.")
    try:
        with _workplace(file) as place:
            copy, part = place / DATABASE, place / "backup.zip"
            store.database.copy_to(copy)
            with opened_copy(copy, store.database.path) as connection:
                counts, schema = integrity.row_counts(connection), integrity.schema_of(connection)
                pilots, unfinished = pilot_ids(connection), folders_under_way(connection)
                stored = stored_rows(connection) if store.media.bucket else []
            with zipfile.ZipFile(part, "w") as archive:
                held = {DATABASE: archives.add_file(archive, DATABASE, copy)}
                held |= _from_bucket(archive, store.media, stored, media)
                for name, path in _files(store.root, pilots, unfinished, media):
                    if name in held:
                        continue
                    try:
                        held[name] = archives.add_file(archive, name, path)
                    except FileNotFoundError:
                        continue  # a failed render has removed it since, or no certificate needed the key yet
                manifest = archives.Manifest(
                    format=archives.FORMAT,
                    made_at=iso(store.clock()),
                    schema_number=schema,
                    media=media,
                    counts=counts,
                    files=held,
                )
                archives.add_manifest(archive, manifest)
            verify(part)
            if restored:
                try_restoring(part, copy, place)
            read_everything(copy, store.database.path)
            settle(part, file)
    except OSError as error:
        raise StoreError(
            f"The backup {file} could not be written ({error.strerror or error}); nothing is left of it. "
            "Check the folder's permissions and free space, then try again."
        ) from error
    return manifest


def verify(file: Path) -> archives.Manifest:
    """Read a whole backup and compare every file with its manifest. Raises InvalidRequest and OSError."""
    with archives.opened(file) as (archive, manifest):
        for name, held in manifest.files.items():
            for _ in archives.pieces(archive, name, held, file):
                pass
    return manifest


def try_restoring(file: Path, database: Path, folder: Path) -> None:
    """Restore a backup into a new folder inside ``folder``, and compare every row with the copied ``database``.

    Raises InvalidRequest or StoreError if it could not be restored, or something else came back.
    """
    root = folder / "restored"
    try:
        restore(file, root)
        with opened_copy(database) as copied, opened_copy(root / DATABASE) as restored:
            before, after = tallies(copied), tallies(restored)
        if different := [table for table in before if table != "media" and before[table] != after.get(table)]:
            raise StoreError(f"Restored on trial, the backup has other rows in {', '.join(different)}; it is not kept.")
    finally:
        shutil.rmtree(root, ignore_errors=True)


@contextmanager
def _workplace(file: Path) -> Iterator[Path]:
    """Yield a hidden folder beside the future backup; it is removed at the end."""
    place = file.with_name(f".{file.name[:200]}.{secrets.token_hex(4)}.part")
    place.mkdir()
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _from_bucket(
    archive: zipfile.ZipFile, media: Media, rows: list[StoredFile], videos: bool
) -> dict[str, archives.FileEntry]:
    """Add the bucket's files to the zip. Raises StoreError if an object differs from what was sent."""
    held: dict[str, archives.FileEntry] = {}
    for stored in rows:
        if not archives.is_ours(stored.path) or (not videos and stored.path.lower().endswith(MEDIA)):
            continue
        if not media.is_readable(stored):
            log.error("not in the backup, since it is not in the bucket: %s", printable(stored.path))
            continue
        pieces = media.pieces(local_file(media.root, stored))
        held[stored.path] = archives.add_pieces(archive, stored.path, pieces, stored.put_at)
        if held[stored.path].sha256 != stored.sha256:
            raise StoreError(f"{stored.path} is not what was put into {media.bucket}. No backup was made; run --check.")
    return held


def _files(root: Path, pilots: set[str], unfinished: set[str], media: bool) -> Iterator[tuple[str, Path]]:
    yield CERTIFICATES_KEY, root / CERTIFICATES_KEY
    for pilot_id in sorted(pilots):
        if not ids.PILOT_ID.fullmatch(pilot_id):
            continue
        for place, folders, names in os.walk(root / pilot_id):
            here = Path(place)
            folders[:] = sorted(
                name
                for name in folders
                if not name.startswith(".") and (here / name).relative_to(root).as_posix() not in unfinished
            )
            for path in (here / name for name in sorted(names)):
                if path.is_symlink() or path.name.startswith(".") or path.suffix == ".part" or not path.is_file():
                    continue
                name = path.relative_to(root).as_posix()
                if not archives.is_ours(name):
                    log.warning("not in the backup, for its name: %s", printable(name))
                elif media or path.suffix.lower() not in MEDIA:
                    yield name, path
