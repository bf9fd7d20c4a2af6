"""The files of a store's pilots in a bucket, for servers and workers that share no folder.

What was written for good is *put* there once, under its SHA-256, and named by a row; the store's folder is then a
cache, from which anything may go. An object is named ``<pilot id>/<sha256>``, so that what a pilot has there can be
found, and removed, without asking the rows.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from pilot_core import ids
from pilot_core.clock import Clock
from pilot_core.errors import StoreError
from pilot_core.files import settle
from pilot_core.store.bucket import Bucket, BucketTrouble, Place
from pilot_core.store.database import Database, insert, rows
from pilot_core.store.lease import Connection
from pilot_core.store.media import PIECE_BYTES, File, Kept, Media, kept_of, kept_rows, path_within
from pilot_core.store.rows import to_column

FILMS = (".mp4", ".mov", ".webm")
SENT_AT_ONCE = 4


class BucketMedia(Media):
    """A store's files in a bucket, its folder being a cache."""

    def __init__(self, root: Path, database: Database, clock: Clock, place: Place):
        super().__init__(root)
        self.bucket = Bucket(place)
        self._database, self._clock = database, clock

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
        try:
            with ThreadPoolExecutor(SENT_AT_ONCE) as pool:
                list(pool.map(lambda name: self.bucket.send(name, path_within(self.root, sent[name])), sent))
        except BucketTrouble:
            # What was there before is no longer right; without its row the folder's is, until a repair sends it.
            self._forget_rows([stands[kept.path] for kept in new if kept.path in stands])
            raise
        gone = self._database.transaction(lambda connection: _write(connection, new))
        self._remove_unnamed({stands[kept.path].name for kept in new if kept.path in stands})
        if gone:
            self._remove_unnamed({kept.name for kept in new if kept.pilot_id in gone})
            raise StoreError(f"{', '.join(sorted(gone))} is not in the store any more, so no file of it was kept.")

    def put_folder(self, folder: str) -> None:
        self.put(self.in_folder(folder))

    def fetched(self, path: str) -> Path:
        real = path_within(self.root, path)
        kept = self._row(path)
        if kept is not None and _sha256_at(real) != kept.sha256:
            self._fetch(kept, real)
        return real

    def found(self, path: str) -> File | None:
        real = path_within(self.root, path)
        kept = self._row(path)
        if kept is None:
            return super().found(path)
        if real.suffix not in FILMS and _sha256_at(real) != kept.sha256:
            self._fetch(kept, real)
        return self.file_of(kept)

    def file_of(self, kept: Kept) -> File:
        """A kept file: as it lies in the folder, if it does, else from the bucket."""
        real = path_within(self.root, kept.path)
        return File(real, real.stat() if _sha256_at(real) == kept.sha256 else None, kept)

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
        changed = [kept for kept in before if _sha256_at(path_within(self.root, kept.path)) != kept.sha256]
        # The rows first: until the bucket has what stands in the folder now, the folder is right.
        self._forget(changed)
        self.put_folder(pilot_id)

    def rows_under(self, folder: str) -> list[Kept]:
        """The rows of a pilot's folder, or of a folder in it, by path."""
        pilot_id = folder.split("/", 1)[0]
        sql = "SELECT * FROM media WHERE pilot_id = ? AND starts_with(path, ?) ORDER BY path"
        return self._database.read(lambda c: kept_of(rows(c, sql, [pilot_id, f"{folder}/"])))

    def in_folder(self, folder: str) -> list[str]:
        """Every finished file that lies in that folder of the store's own, at any depth."""
        return [path for path in super().under(folder) if not (self.root / path).is_symlink()]

    def lies_as_kept(self, kept: Kept) -> bool:
        """Whether the store's folder has the file as it was put."""
        return _sha256_at(path_within(self.root, kept.path)) == kept.sha256

    def _row(self, path: str) -> Kept | None:
        return self._rows([path]).get(path)

    def _rows(self, paths: list[str]) -> dict[str, Kept]:
        sql = "SELECT * FROM media WHERE path = ANY(?)"
        return {kept.path: kept for kept in self._database.read(lambda c: kept_of(rows(c, sql, [paths])))}

    def _named(self, pilot_ids: Iterable[str]) -> set[str]:
        """The objects that rows of those pilots name."""
        sql = "SELECT * FROM media WHERE pilot_id = ANY(?)"
        return {kept.name for kept in self._database.read(lambda c: kept_of(rows(c, sql, [list(pilot_ids)])))}

    def _as_it_lies(self, path: str) -> Kept:
        real, pilot_id = path_within(self.root, path), path.split("/", 1)[0]
        digest = _sha256_at(real)
        if digest is None or not ids.PILOT_ID.fullmatch(pilot_id):
            raise StoreError(f"{path} is no file of a pilot in the store's folder, so it cannot be kept in a bucket.")
        return Kept(path, pilot_id, digest, real.stat().st_size, self._clock())

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
        self._forget_rows(gone)
        self._remove_unnamed({kept.name for kept in gone})

    def _forget_rows(self, gone: list[Kept]) -> None:
        def work(connection: Connection) -> None:
            for kept in gone:
                connection.execute("DELETE FROM media WHERE path = ? AND sha256 = ?", [kept.path, kept.sha256])

        if gone:
            self._database.transaction(work)

    def _remove_unnamed(self, names: set[str]) -> None:
        if names:
            self.bucket.remove(sorted(names - self._named({name.split("/", 1)[0] for name in names})))

    def _lost(self, kept: Kept) -> BucketTrouble:
        return BucketTrouble(f"{kept.path} is not in {self.place} as it should be; run --check, which says more.")


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
