"""The files of a store's pilots, films and documents, named by their paths in it.

``Media`` is the default: they lie in the store's folder, and that is all. ``BucketMedia``, in ``bucket_media``, keeps
them in a bucket too.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from pilot_core.clock import Clock
from pilot_core.errors import InvalidRequest, StoreError
from pilot_core.store.bucket import Place
from pilot_core.store.database import Database, Row, rows
from pilot_core.store.lease import Connection

PASSING = (".part", ".tmp", ".lock")
PIECE_BYTES = 4 * 1024 * 1024


class Kept(NamedTuple):
    """A row: a file that is in the bucket; ``size`` in bytes, ``put_at`` in UTC."""

    path: str
    pilot_id: str
    sha256: str
    size: int
    put_at: datetime

    @property
    def name(self) -> str:
        """What its object is called."""
        return f"{self.pilot_id}/{self.sha256}"


class File(NamedTuple):
    """A file to be read: at ``path`` if it is in the folder, else from the bucket, where ``kept`` says."""

    path: Path
    status: os.stat_result | None
    kept: Kept | None = None


class Media:
    """A store's files in its folder, and nowhere else."""

    def __init__(self, root: Path):
        self.root = root

    @property
    def place(self) -> Place | None:
        """Where they are kept beside the folder."""
        return None

    def put(self, paths: Iterable[str], *, anew: bool = False) -> None:
        """Keep files that were written for good in the folder; ``anew`` sends also what is known to be there.

        Raises StoreError when they could not be kept; the files in the folder stay.
        """

    def put_folder(self, folder: str) -> None:
        """Keep every finished file in a folder of a pilot, at any depth, as ``put`` does."""

    def fetched(self, path: str) -> Path:
        """Where to read a file, fetched if need be. Raises StoreError; a file that is nowhere is not there either."""
        return path_within(self.root, path)

    def found(self, path: str) -> File | None:
        """The file of that path, to be read in pieces; None if there is none. Raises StoreError."""
        real = path_within(self.root, path)
        return File(real, real.stat()) if real.is_file() else None

    def existing(self, paths: Iterable[str]) -> set[str]:
        """Those of the paths that name a file of the store."""
        return {path for path in paths if self._lies(path)}

    def _lies(self, path: str) -> bool:
        try:
            return path_within(self.root, path).is_file()
        except (StoreError, OSError, ValueError):
            return False

    def checksum(self, path: str) -> str:
        """The SHA-256 (hex) of a file. Raises StoreError, OSError."""
        with path_within(self.root, path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def under(self, folder: str) -> list[str]:
        """Every finished file in a folder of a pilot, at any depth, by its path in the store."""
        base = self.root / folder
        if not base.resolve().is_relative_to(self.root.resolve()):
            return []
        within = (path.relative_to(self.root) for path in base.rglob("*") if path.is_file())
        return sorted(path.as_posix() for path in within if is_finished(path))

    def pieces(self, file: File) -> Iterator[bytes]:
        """All of a file, piece by piece. Raises StoreError, OSError."""
        with file.path.open("rb") as reading:
            while piece := reading.read(PIECE_BYTES):
                yield piece

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files, wherever they are kept. Raises StoreError, OSError."""
        for path in paths:
            path_within(self.root, path).unlink(missing_ok=True)

    def known(self) -> dict[str, Kept]:
        """What is kept beside the folder, by path."""
        return {}

    def forget(self, paths: Iterable[str]) -> None:
        """Keep files no longer; what is in the store's own folder is the caller's. Raises StoreError."""

    def forget_folder(self, folder: str) -> None:
        """The same for all files of a folder."""

    def forget_pilot(self, pilot_id: str) -> int:
        """The same for all of a pilot's; returns how many objects there were."""
        return 0

    @contextmanager
    def rewriting(self, pilot_id: str) -> Iterator[None]:
        """All of a pilot's files but films are in the folder during the block; as it leaves them they are kept.

        Raises StoreError: at the beginning before anything was done, at the end when what is kept is not as it should
        be, which a repair mends.
        """
        yield


def media_of(root: Path, database: Database, clock: Clock, place: Place | None) -> Media:
    """The files of a store: in its folder ``root``, or in the bucket as well."""
    if place is None:
        return Media(root)
    from pilot_core.store.bucket_media import BucketMedia

    return BucketMedia(root, database, clock, place)


def path_within(root: Path, relative: str) -> Path:
    """The file a stored path names. Raises StoreError for one that leaves the store."""
    path = (root / relative).resolve()
    if not path.is_relative_to(root.resolve()):
        raise StoreError(f"{relative} lies outside the store.")
    return path


def refuse_elsewhere(database: Database) -> None:
    """Refuse a store whose files are in a bucket while none is set: what was written now would be lost to the others.

    Raises InvalidRequest.
    """
    if database.read(lambda c: c.execute("SELECT 1 FROM media LIMIT 1").fetchall()):
        raise InvalidRequest(
            f"The films and documents of the store {database.path.parent} are kept in a bucket; "
            "name it with the setting PILOT_OPS_MEDIA. Nothing was changed."
        )


def is_finished(path: Path) -> bool:
    """Whether a path in the store names a file that is whole, and is not hidden."""
    return path.suffix not in PASSING and not any(part.startswith(".") for part in path.parts)


def kept_rows(connection: Connection) -> list[Kept]:
    """Every row, by path."""
    return kept_of(rows(connection, "SELECT * FROM media ORDER BY path"))


def forget_rows(connection: Connection) -> None:
    """Take all rows out: the store's files are in its folder from now on."""
    connection.execute("DELETE FROM media")


def kept_of(found: list[Row]) -> list[Kept]:
    """The rows, as they are read."""
    return [
        Kept(row["path"], row["pilot_id"], row["sha256"], row["bytes"], row["put_at"].replace(tzinfo=UTC))
        for row in found
    ]
