"""A store carried away while it is used: one file, verified before it gets its name."""

import logging
import os
import secrets
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pilot_core import ids
from pilot_core.care import archive as archives
from pilot_core.clock import iso
from pilot_core.errors import InvalidRequest, StoreError
from pilot_core.files import settle
from pilot_core.formatting import printable
from pilot_core.store import soundness
from pilot_core.store.bucket_media import BucketMedia
from pilot_core.store.engines import DATABASE
from pilot_core.store.lease import Connection, opened_copy
from pilot_core.store.media import Kept, Media, kept_rows
from pilot_core.store.pilots import PilotStore

log = logging.getLogger(__name__)

MEDIA = (".mp4", ".mov", ".webm", ".jpg", ".jpeg", ".png", ".webp", ".wav", ".m4a")


def back_up(store: PilotStore, file: Path, *, media: bool = True) -> archives.Manifest:
    """Write the store as it is at one moment to ``file``, with or without films and pictures; returns its manifest.

    Others wait only while the database file is copied. The rest is made from that copy, read back and compared, and
    gets its name last. Raises InvalidRequest when ``file`` exists or its folder does not, StoreError when it cannot be
    written; then nothing is left.
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
            with opened_copy(copy) as connection:
                counts, schema = soundness.row_counts(connection), soundness.schema_of(connection)
                pilots, making = _pilots(connection), _making(connection)
                kept = kept_rows(connection) if store.media.place else []
            with zipfile.ZipFile(part, "w") as archive:
                held = {DATABASE: archives.add_file(archive, DATABASE, copy)}
                held |= _from_bucket(archive, store.media, kept, media)
                for name, path in _files(store.root, pilots, making, media):
                    if name in held:
                        continue
                    try:
                        held[name] = archives.add_file(archive, name, path)
                    except FileNotFoundError:
                        continue  # removed since the folder was read: what a failed render had made
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
            settle(part, file)
    except OSError as error:
        raise StoreError(
            f"The backup {file} could not be written ({error.strerror or error}); nothing is left of it. "
            "Check the folder's permissions and free space, then try again."
        ) from error
    return manifest


def verify(file: Path) -> archives.Manifest:
    """Read a backup through and compare every file with its manifest. Raises InvalidRequest, OSError."""
    try:
        with zipfile.ZipFile(file) as archive:
            manifest = archives.read_manifest(archive, file)
            for name, held in manifest.files.items():
                for _ in archives.pieces(archive, name, held, file):
                    pass
    except zipfile.BadZipFile as error:
        raise archives.damaged(file, "it is no whole zip file") from error
    return manifest


@contextmanager
def _workplace(file: Path) -> Iterator[Path]:
    """A hidden folder beside the file to be, gone at the end."""
    place = file.with_name(f".{file.name[:200]}.{secrets.token_hex(4)}.part")
    place.mkdir()
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _pilots(connection: Connection) -> set[str]:
    return {pilot_id for (pilot_id,) in connection.execute("SELECT pilot_id FROM pilots").fetchall()}


def _making(connection: Connection) -> set[str]:
    """Folders of attempts under way: nothing in them is finished."""
    found = connection.execute(
        "SELECT folder FROM attempts WHERE state IN ('queued', 'rendering') AND folder IS NOT NULL"
    ).fetchall()
    return {folder for (folder,) in found}


def _from_bucket(archive: zipfile.ZipFile, media: Media, rows: list[Kept], films: bool) -> dict[str, archives.Held]:
    """Put what the bucket has into the zip. Raises StoreError where it is not what was put there."""
    held: dict[str, archives.Held] = {}
    if not isinstance(media, BucketMedia):
        return held
    for kept in rows:
        if not archives.is_ours(kept.path) or (not films and kept.path.lower().endswith(MEDIA)):
            continue
        if not media.has(kept):
            log.error("not in the backup, since it is not in the bucket: %s", printable(kept.path))
            continue
        held[kept.path] = archives.add_pieces(archive, kept.path, media.pieces(media.file_of(kept)), kept.put_at)
        if held[kept.path].sha256 != kept.sha256:
            raise StoreError(f"{kept.path} is not what was put into {media.place}. No backup was made; run --check.")
    return held


def _files(root: Path, pilots: set[str], making: set[str], media: bool) -> Iterator[tuple[str, Path]]:
    for pilot_id in sorted(pilots):
        if not ids.PILOT_ID.fullmatch(pilot_id):
            continue
        for place, folders, names in os.walk(root / pilot_id):
            here = Path(place)
            folders[:] = sorted(
                name
                for name in folders
                if not name.startswith(".") and (here / name).relative_to(root).as_posix() not in making
            )
            for path in (here / name for name in sorted(names)):
                if path.is_symlink() or path.name.startswith(".") or path.suffix == ".part" or not path.is_file():
                    continue
                name = path.relative_to(root).as_posix()
                if not archives.is_ours(name):
                    log.warning("not in the backup, for its name: %s", printable(name))
                elif media or path.suffix.lower() not in MEDIA:
                    yield name, path
