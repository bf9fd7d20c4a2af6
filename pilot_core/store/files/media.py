"""The interface to the files of a store's pilots, named by their paths within the store.

``FolderMedia`` stores them in the store's folder, ``BucketMedia`` also in a bucket. ``store/opening.py`` picks one.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol

from pilot_core.errors import InvalidRequest, StoreError
from pilot_core.store.engine.connection import Connection, Row, rows
from pilot_core.store.engine.database import Database
from pilot_core.store.files.bucket import Bucket
from pilot_core.store.files.layout import belongs

TEMPORARY_SUFFIXES = (".part", ".tmp", ".lock")
VIDEO_SUFFIXES = (".mp4", ".mov", ".m4v", ".webm", ".mkv")
PIECE_BYTES = 4 * 1024 * 1024


class StoredFile(NamedTuple):
    """A row of the table ``media``: a file in the bucket. ``size`` is in bytes, ``put_at`` in UTC."""

    path: str
    pilot_id: str
    sha256: str
    size: int
    put_at: datetime

    @property
    def name(self) -> str:
        """The name of the file's object in the bucket."""
        return f"{self.pilot_id}/{self.sha256}"


class File(NamedTuple):
    """A file to read: at ``path`` if it has a ``status``, otherwise from the bucket, at ``stored``."""

    path: Path
    status: os.stat_result | None
    stored: StoredFile | None = None


class Media(Protocol):
    """The files of a store. Methods for the bucket do nothing if there is none."""

    @property
    def root(self) -> Path:
        """The store's folder."""

    @property
    def bucket(self) -> Bucket | None:
        """The bucket that the files are in, if any. The folder is then a cache of it."""

    def put(self, paths: Iterable[str], *, resend: bool = False) -> None:
        """Send finished files from the folder to the bucket. ``resend`` also sends files recorded as sent.

        Raises StoreError if they could not be sent. The files remain in the folder.
        """

    def put_folder(self, folder: str) -> None:
        """Send every finished file in a pilot's folder, at any depth. Raises StoreError."""

    def local_path(self, path: str, *, of: str) -> Path:
        """Return a local path to read the file at, fetching the file first if needed. ``of`` is its pilot's id.

        If the file does not exist, neither does the returned path. Raises StoreError, also if it is not that pilot's.
        """

    def find(self, path: str, *, of: str) -> File | None:
        """Return the file of that pilot, to be read in pieces, or None if it has none there. Raises StoreError."""

    def existing(self, paths: Iterable[str], *, of: str) -> set[str]:
        """Return those of the paths that are files of that pilot."""

    def checksum(self, path: str, *, of: str) -> str:
        """Return the SHA-256 (hex) of a file of that pilot. Raises StoreError, OSError."""

    def files_under(self, folder: str) -> list[str]:
        """Return every finished file in a pilot's folder, at any depth, ordered by path."""

    def local_files_under(self, folder: str) -> list[str]:
        """Return the finished files of a pilot's folder that are stored locally, without symbolic links."""

    def pieces(self, file: File) -> Iterator[bytes]:
        """Yield a whole file in pieces. Raises StoreError, OSError."""

    def piece(self, file: File, start: int, end: int) -> bytes:
        """Return a file's bytes from ``start`` up to ``end``. Raises StoreError, OSError."""

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files from the folder and the bucket. Raises StoreError, OSError."""

    def stored_files(self, folder: str | None = None) -> dict[str, StoredFile]:
        """Return the files recorded as stored in the bucket, by path: all, or those in or below a pilot's folder."""

    def is_readable(self, stored: StoredFile) -> bool:
        """Whether a recorded file can be read from the folder or the bucket. Raises StoreError."""

    def remove_from_bucket(self, paths: Iterable[str]) -> None:
        """Remove files from the bucket only. Raises StoreError."""

    def remove_folder_from_bucket(self, folder: str) -> None:
        """Remove all files of a folder from the bucket only. Raises StoreError."""

    def remove_pilot_from_bucket(self, pilot_id: str) -> int:
        """Remove all of a pilot's objects from the bucket. Returns their number. Raises StoreError."""

    def rewriting(self, pilot_id: str) -> AbstractContextManager[None]:
        """Fetch all of a pilot's files except videos for the block, and send those that it changed.

        Raises StoreError before the block, when nothing has been done, or after it, if not everything could be sent. A
        later repair sends the rest.
        """


def is_video(path: str) -> bool:
    """Whether a path is named as a video, in any letter case."""
    return path.lower().endswith(VIDEO_SUFFIXES)


def path_within(root: Path, relative: str) -> Path:
    """Return the file at a stored path. Raises StoreError if the path leaves the store."""
    path = (root / relative).resolve()
    if not path.is_relative_to(root.resolve()):
        raise StoreError(f"{relative} lies outside the store.")
    return path


def path_of_pilot(root: Path, relative: str, pilot_id: str) -> Path:
    """Return the file at a stored path. Raises StoreError if it is not in that pilot's folder, by name or by a link."""
    path = path_within(root, relative)
    if not belongs(relative, pilot_id) or not path.is_relative_to(root.resolve() / pilot_id):
        raise StoreError(f"{relative} is no file of {pilot_id}.")
    return path


def local_file(root: Path, stored: StoredFile) -> File:
    """Return a recorded file, to be read from the folder if it is there unchanged, otherwise from the bucket."""
    real = path_within(root, stored.path)
    return File(real, real.stat() if is_local(root, stored) else None, stored)


def is_local(root: Path, stored: StoredFile) -> bool:
    """Whether the store's folder has the file as it was sent."""
    return sha256_of(path_within(root, stored.path)) == stored.sha256


def is_finished(path: Path) -> bool:
    """Whether the path within the store is that of a complete file that is not hidden."""
    return path.suffix not in TEMPORARY_SUFFIXES and not any(part.startswith(".") for part in path.parts)


def sha256_of(path: Path) -> str | None:
    """Return the SHA-256 (hex) of a file, or None if there is none. The file is read again only after a change."""
    try:
        status = path.stat()
        return _digest(path, status.st_mtime_ns, status.st_size, status.st_ino) if path.is_file() else None
    except OSError:
        return None


@lru_cache(maxsize=4096)
def _digest(path: Path, changed_ns: int, size: int, inode: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refuse_without_bucket(database: Database) -> None:
    """Raise InvalidRequest if the store's files are in a bucket and no bucket is set.

    Without the bucket, other servers would not get the files written now.
    """
    if database.read(lambda c: c.execute("SELECT 1 FROM media LIMIT 1").fetchall()):
        raise InvalidRequest(
            f"The films and documents of the store {database.path.parent} are kept in a bucket; "
            "name it with the setting PILOT_OPS_MEDIA. Nothing was changed."
        )


def stored_rows(connection: Connection) -> list[StoredFile]:
    """Return every row, ordered by path."""
    return stored_of(rows(connection, "SELECT * FROM media ORDER BY path"))


def delete_rows(connection: Connection) -> None:
    """Delete all rows, so that the store's files are those in its folder only."""
    connection.execute("DELETE FROM media")


def stored_of(found: list[Row]) -> list[StoredFile]:
    """Return rows of the table ``media`` as files."""
    return [
        StoredFile(row["path"], row["pilot_id"], row["sha256"], row["bytes"], row["put_at"].replace(tzinfo=UTC))
        for row in found
    ]
