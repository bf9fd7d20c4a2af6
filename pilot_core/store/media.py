"""The files of a store's pilots, films and documents, named by their paths in it.

``Media`` is the default: they lie in the store's folder, and that is all. ``BucketMedia`` keeps them in a bucket too,
for servers and workers that share no folder: what is written for good is *put* there once, under its SHA-256, and named
by a row; the folder is then a cache, from which anything may go. An object is named ``<pilot id>/<sha256>``, so that
what a pilot has there can be found, and removed, without asking the rows.
"""

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pilot_core import ids
from pilot_core.errors import InvalidRequest, StoreError
from pilot_core.files import settle
from pilot_core.store.bucket import Bucket, BucketTrouble, Place
from pilot_core.store.database import Database, Row, insert, rows
from pilot_core.store.lease import Connection
from pilot_core.store.rows import to_column

if TYPE_CHECKING:
    from pilot_core.store.pilots import PilotStore

FILMS = (".mp4", ".mov", ".webm")
PASSING = (".part", ".tmp", ".lock")
PIECE_BYTES = 4 * 1024 * 1024
SENT_AT_ONCE = 4


@dataclass(frozen=True)
class Kept:
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


@dataclass(frozen=True)
class File:
    """A file to be read: at ``path`` if it is in the folder, else from the bucket, where ``kept`` says."""

    path: Path
    status: os.stat_result | None
    kept: Kept | None = None


class Media:
    """A store's files in its folder, and nowhere else."""

    def __init__(self, store: "PilotStore"):
        self._store = store

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
        return self._store.path_of(path)

    def found(self, path: str) -> File | None:
        """The file of that path, to be read in pieces; None if there is none. Raises StoreError."""
        real = self._store.path_of(path)
        return File(real, real.stat()) if real.is_file() else None

    def existing(self, paths: Iterable[str]) -> set[str]:
        """Those of the paths that name a file of the store."""
        return {path for path in paths if self._lies(path)}

    def _lies(self, path: str) -> bool:
        try:
            return self._store.path_of(path).is_file()
        except (StoreError, OSError, ValueError):
            return False

    def checksum(self, path: str) -> str:
        """The SHA-256 (hex) of a file. Raises StoreError, OSError."""
        with self._store.path_of(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def under(self, folder: str) -> list[str]:
        """Every finished file in a folder of a pilot, at any depth, by its path in the store."""
        base = self._store.root / folder
        if not base.resolve().is_relative_to(self._store.root.resolve()):
            return []
        within = (path.relative_to(self._store.root) for path in base.rglob("*") if path.is_file())
        return sorted(path.as_posix() for path in within if is_finished(path))

    def pieces(self, file: File) -> Iterator[bytes]:
        """All of a file, piece by piece. Raises StoreError, OSError."""
        with file.path.open("rb") as reading:
            while piece := reading.read(PIECE_BYTES):
                yield piece

    def remove(self, paths: Iterable[str]) -> None:
        """Remove files, wherever they are kept. Raises StoreError, OSError."""
        for path in paths:
            self._store.path_of(path).unlink(missing_ok=True)

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


class BucketMedia(Media):
    """A store's files in a bucket, its folder being a cache."""

    def __init__(self, store: "PilotStore", bucket: Bucket):
        super().__init__(store)
        self.bucket = bucket

    @property
    def place(self) -> Place:
        return self.bucket.place

    def put(self, paths: Iterable[str], *, anew: bool = False) -> None:
        found = [self._as_it_lies(path) for path in dict.fromkeys(paths)]
        stands = self._rows([kept.path for kept in found])
        new = [kept for kept in found if anew or (p := stands.get(kept.path)) is None or p.sha256 != kept.sha256]
        if not new:
            return
        # Only rows say that an object is there for good: one without a row may be about to be removed.
        there = set() if anew else self._named({kept.pilot_id for kept in new})
        sent = {kept.name: kept.path for kept in new if kept.name not in there}
        with ThreadPoolExecutor(SENT_AT_ONCE) as pool:
            list(pool.map(lambda name: self.bucket.send(name, self._store.path_of(sent[name])), sent))
        gone = self._database.transaction(lambda connection: _write(connection, new))
        self._remove_unnamed({stands[kept.path].name for kept in new if kept.path in stands})
        if gone:
            self._remove_unnamed({kept.name for kept in new if kept.pilot_id in gone})
            raise StoreError(f"{', '.join(sorted(gone))} is not in the store any more, so no file of it was kept.")

    def put_folder(self, folder: str) -> None:
        self.put(self.in_folder(folder))

    def fetched(self, path: str) -> Path:
        real = self._store.path_of(path)
        kept = self._row(path)
        if kept is not None and _sha256_at(real) != kept.sha256:
            self._fetch(kept, real)
        return real

    def found(self, path: str) -> File | None:
        real = self._store.path_of(path)
        kept = self._row(path)
        if kept is None:
            return super().found(path)
        if real.suffix not in FILMS and _sha256_at(real) != kept.sha256:
            self._fetch(kept, real)
        return self.file_of(kept)

    def file_of(self, kept: Kept) -> File:
        """A kept file: as it lies in the folder, if it does, else from the bucket."""
        real = self._store.path_of(kept.path)
        return File(real, real.stat() if _sha256_at(real) == kept.sha256 else None, kept)

    def checksum_there(self, path: str) -> str:
        """The SHA-256 (hex) of a kept file as the bucket gives it out. Raises BucketTrouble."""
        digest = hashlib.sha256()
        if kept := self._row(path):
            for piece in self.pieces(File(self._store.path_of(path), None, kept)):
                digest.update(piece)
        return digest.hexdigest()

    def has(self, kept: Kept) -> bool:
        """Whether a kept file is there, in the folder or in the bucket."""
        return self.lies_as_kept(kept) or self.bucket.size(kept.name) == kept.size

    def existing(self, paths: Iterable[str]) -> set[str]:
        asked = list(paths)
        return super().existing(asked) | self._rows([path for path in asked if "\0" not in path]).keys()

    def checksum(self, path: str) -> str:
        kept = self._row(path)
        if kept is None:
            return super().checksum(path)
        if not self.has(kept):
            raise self._lost(kept)
        return kept.sha256

    def under(self, folder: str) -> list[str]:
        return sorted({*super().under(folder), *(kept.path for kept in self.rows_under(folder))})

    def pieces(self, file: File) -> Iterator[bytes]:
        if file.status is not None or file.kept is None:
            yield from super().pieces(file)
            return
        for start in range(0, file.kept.size, PIECE_BYTES):
            yield self.piece(file.kept, start, min(start + PIECE_BYTES, file.kept.size))

    def piece(self, kept: Kept, start: int, end: int) -> bytes:
        """The bytes of a kept file from ``start`` up to ``end``. Raises StoreError."""
        if start >= end:
            return b""
        try:
            piece = self.bucket.piece(kept.name, start, end)
        except FileNotFoundError as error:
            raise self._lost(kept) from error
        if len(piece) != end - start:
            raise self._lost(kept)
        return piece

    def remove(self, paths: Iterable[str]) -> None:
        gone = list(paths)
        super().remove(gone)
        self.forget(gone)

    def known(self) -> dict[str, Kept]:
        return {kept.path: kept for kept in self._database.read(kept_rows)}

    def forget(self, paths: Iterable[str]) -> None:
        self._forget(list(self._rows(list(paths)).values()))

    def forget_folder(self, folder: str) -> None:
        self._forget(self.rows_under(folder))

    def forget_pilot(self, pilot_id: str) -> int:
        sql = "DELETE FROM media WHERE pilot_id = ?"
        self._database.transaction(lambda c: c.execute(sql, [pilot_id]).fetchall())
        # Also what no row names: a render may have been stopped after it sent them.
        there = self.bucket.listed(f"{ids.checked_pilot_id(pilot_id)}/")
        self.bucket.remove(there)
        return len(there)

    @contextmanager
    def rewriting(self, pilot_id: str) -> Iterator[None]:
        before = [kept for kept in self.rows_under(pilot_id) if not kept.path.endswith(FILMS)]
        with ThreadPoolExecutor(SENT_AT_ONCE) as pool:
            list(pool.map(self.fetched, [kept.path for kept in before]))
        yield
        changed = [kept for kept in before if _sha256_at(self._store.path_of(kept.path)) != kept.sha256]
        # The rows first: until the bucket has what stands in the folder now, the folder is right.
        self._forget(changed)
        self.put_folder(pilot_id)

    def rows_under(self, folder: str) -> list[Kept]:
        """The rows of a pilot's folder, or of a folder in it, by path."""
        pilot_id = folder.split("/", 1)[0]
        sql = "SELECT * FROM media WHERE pilot_id = ? AND starts_with(path, ?) ORDER BY path"
        return self._database.read(lambda c: _kept(rows(c, sql, [pilot_id, f"{folder}/"])))

    def in_folder(self, folder: str) -> list[str]:
        """Every finished file that lies in that folder of the store's own, at any depth."""
        return [path for path in super().under(folder) if not (self._store.root / path).is_symlink()]

    def lies_as_kept(self, kept: Kept) -> bool:
        """Whether the store's folder has the file as it was put."""
        return _sha256_at(self._store.path_of(kept.path)) == kept.sha256

    @property
    def _database(self) -> Database:
        return self._store.database

    def _row(self, path: str) -> Kept | None:
        return self._rows([path]).get(path)

    def _rows(self, paths: list[str]) -> dict[str, Kept]:
        sql = "SELECT * FROM media WHERE path = ANY(?)"
        return {kept.path: kept for kept in self._database.read(lambda c: _kept(rows(c, sql, [paths])))}

    def _named(self, pilot_ids: Iterable[str]) -> set[str]:
        """The objects that rows of those pilots name."""
        sql = "SELECT * FROM media WHERE pilot_id = ANY(?)"
        return {kept.name for kept in self._database.read(lambda c: _kept(rows(c, sql, [list(pilot_ids)])))}

    def _as_it_lies(self, path: str) -> Kept:
        real, pilot_id = self._store.path_of(path), path.split("/", 1)[0]
        digest = _sha256_at(real)
        if digest is None or not ids.PILOT_ID.fullmatch(pilot_id):
            raise StoreError(f"{path} is no file of a pilot in the store's folder, so it cannot be kept in a bucket.")
        return Kept(path, pilot_id, digest, real.stat().st_size, self._store.clock())

    def _fetch(self, kept: Kept, real: Path) -> None:
        part = real.with_name(f".{secrets.token_hex(8)}.tmp")
        digest = hashlib.sha256()
        try:
            real.parent.mkdir(parents=True, exist_ok=True)
            with part.open("xb") as writing:
                for piece in self.pieces(File(real, None, kept)):
                    writing.write(piece)
                    digest.update(piece)
            if digest.hexdigest() != kept.sha256:
                raise BucketTrouble(f"{kept.path} came from {self.place} damaged; fetch it again, or bring it back.")
            settle(part, real)
        except OSError as error:
            raise StoreError(
                f"{kept.path} could not be fetched from {self.place}: {error.strerror or error}. "
                "Check the folder's permissions and free space, then try again."
            ) from error
        finally:
            part.unlink(missing_ok=True)

    def _forget(self, gone: list[Kept]) -> None:
        """Take rows out, as far as they stand, then the objects that no row names any more."""

        def work(connection: Connection) -> None:
            for kept in gone:
                connection.execute("DELETE FROM media WHERE path = ? AND sha256 = ?", [kept.path, kept.sha256])

        if gone:
            self._database.transaction(work)
            self._remove_unnamed({kept.name for kept in gone})

    def _remove_unnamed(self, names: set[str]) -> None:
        if names:
            self.bucket.remove(sorted(names - self._named({name.split("/", 1)[0] for name in names})))

    def _lost(self, kept: Kept) -> BucketTrouble:
        return BucketTrouble(f"{kept.path} is not in {self.place} as it should be; run --check, which says more.")


def media_of(store: "PilotStore", place: Place | None) -> Media:
    """The files of a store: in its folder, or in the bucket as well."""
    return BucketMedia(store, Bucket(place)) if place else Media(store)


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
    return _kept(rows(connection, "SELECT * FROM media ORDER BY path"))


def forget_rows(connection: Connection) -> None:
    """Take all rows out: the store's files are in its folder from now on."""
    connection.execute("DELETE FROM media")


def _kept(found: list[Row]) -> list[Kept]:
    return [
        Kept(row["path"], row["pilot_id"], row["sha256"], row["bytes"], row["put_at"].replace(tzinfo=UTC))
        for row in found
    ]


def _write(connection: Connection, new: list[Kept]) -> set[str]:
    """Write rows of pilots that are there; returns the ids of those that are not: they were erased meanwhile."""
    given = sorted({kept.pilot_id for kept in new})
    sql = "SELECT pilot_id FROM pilots WHERE pilot_id = ANY(?)"
    there = {row["pilot_id"] for row in rows(connection, sql, [given])}
    for kept in new:
        if kept.pilot_id in there:
            row = {
                "path": kept.path,
                "pilot_id": kept.pilot_id,
                "sha256": kept.sha256,
                "bytes": kept.size,
                "put_at": to_column(kept.put_at),
            }
            insert(connection, "media", row, "path")
    return set(given) - there


def _sha256_at(path: Path) -> str | None:
    """The SHA-256 (hex) of the file there, None if there is none; read anew only when it has changed."""
    try:
        status = path.stat()
        return _digest(path, status.st_mtime_ns, status.st_size, status.st_ino) if path.is_file() else None
    except OSError:
        return None


@lru_cache(maxsize=4096)
def _digest(path: Path, changed_ns: int, size: int, inode: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
