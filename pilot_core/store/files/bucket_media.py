"""A store's files in a bucket, for servers and workers that share no folder.

A finished file is sent once, under its SHA-256, and recorded in a row. The store's folder is a cache: any file in it
can be removed. An object is named ``<pilot id>/<sha256>``, so that all objects of a pilot can be found and removed
without its rows.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from pilot_core import ids
from pilot_core.clock import Clock
from pilot_core.errors import StoreError
from pilot_core.files import settle
from pilot_core.media_place import Place
from pilot_core.store.engine.connection import Connection, insert, rows
from pilot_core.store.engine.database import Database
from pilot_core.store.files.bucket import Bucket, BucketError
from pilot_core.store.files.folder_media import FolderMedia
from pilot_core.store.files.layout import belongs
from pilot_core.store.files.media import (
    PIECE_BYTES,
    File,
    StoredFile,
    is_local,
    is_video,
    local_file,
    path_of_pilot,
    path_within,
    sha256_of,
    stored_of,
    stored_rows,
)
from pilot_core.store.tables.columns import to_column

PARALLEL_TRANSFERS = 4


class BucketMedia:
    """A store's files in a bucket, with its folder as a cache."""

    def __init__(self, root: Path, database: Database, clock: Clock, place: Place):
        self.root = root
        self.bucket = Bucket(place)
        self._folder = FolderMedia(root)
        self._database, self._clock = database, clock

    def put(self, paths: Iterable[str], *, resend: bool = False) -> None:
        found = [self._read_local(path) for path in dict.fromkeys(paths)]
        recorded = self._rows([file.path for file in found])
        new = [file for file in found if resend or (r := recorded.get(file.path)) is None or r.sha256 != file.sha256]
        if not new:
            return
        # Only a row guarantees that an object stays: one without a row may be about to be removed.
        sent = set() if resend else self._named({file.pilot_id for file in new})
        unsent = {file.name: file.path for file in new if file.name not in sent}
        replaced = [recorded[file.path] for file in new if file.path in recorded]
        try:
            with ThreadPoolExecutor(PARALLEL_TRANSFERS) as pool:
                list(pool.map(lambda name: self.bucket.send(name, path_within(self.root, unsent[name])), unsent))
        except BucketError:
            # The object in the row is out of date. Without the row the folder's file is used, until a repair sends it.
            self._delete_rows(replaced)
            raise
        gone = self._database.transaction(lambda connection: _write(connection, new))
        self._remove_unnamed({file.name for file in replaced})
        if gone:
            self._remove_unnamed({file.name for file in new if file.pilot_id in gone})
            raise StoreError(f"{', '.join(sorted(gone))} is not in the store any more, so no file of it was kept.")

    def put_folder(self, folder: str) -> None:
        self.put(self.local_files_under(folder))

    def local_path(self, path: str, *, of: str) -> Path:
        real = path_of_pilot(self.root, path, of)
        stored = self._row(path, of)
        if stored is not None and not is_local(self.root, stored):
            self._fetch(stored, real)
        return real

    def find(self, path: str, *, of: str) -> File | None:
        real = path_of_pilot(self.root, path, of)
        stored = self._row(path, of)
        if stored is None:
            return self._folder.find(path, of=of)
        if not is_video(real.name) and not is_local(self.root, stored):
            self._fetch(stored, real)
        return local_file(self.root, stored)

    def existing(self, paths: Iterable[str], *, of: str) -> set[str]:
        asked = [path for path in paths if belongs(path, of)]
        kept = {path for path, stored in self._rows(asked).items() if stored.pilot_id == of}
        return self._folder.existing(asked, of=of) | kept

    def checksum(self, path: str, *, of: str) -> str:
        path_of_pilot(self.root, path, of)
        stored = self._row(path, of)
        if stored is None:
            return self._folder.checksum(path, of=of)
        if not self.is_readable(stored):
            raise self._lost(stored)
        return stored.sha256

    def files_under(self, folder: str) -> list[str]:
        return sorted({*self._folder.files_under(folder), *self.stored_files(folder)})

    def local_files_under(self, folder: str) -> list[str]:
        return self._folder.local_files_under(folder)

    def pieces(self, file: File) -> Iterator[bytes]:
        if file.status is not None or file.stored is None:
            yield from self._folder.pieces(file)
            return
        for start in range(0, file.stored.size, PIECE_BYTES):
            yield self.piece(file, start, min(start + PIECE_BYTES, file.stored.size))

    def piece(self, file: File, start: int, end: int) -> bytes:
        if file.status is not None or file.stored is None:
            return self._folder.piece(file, start, end)
        if start >= end:
            return b""
        try:
            piece = self.bucket.piece(file.stored.name, start, end)
        except FileNotFoundError as error:
            raise self._lost(file.stored) from error
        if len(piece) != end - start:
            raise self._lost(file.stored)
        return piece

    def remove(self, paths: Iterable[str]) -> None:
        gone = list(paths)
        self._folder.remove(gone)
        self.remove_from_bucket(gone)

    def stored_files(self, folder: str | None = None) -> dict[str, StoredFile]:
        if folder is None:
            return {file.path: file for file in self._database.read(stored_rows)}
        pilot_id = folder.split("/", 1)[0]
        sql = "SELECT * FROM media WHERE pilot_id = ? AND starts_with(path, ?) ORDER BY path"
        found = self._database.read(lambda c: stored_of(rows(c, sql, [pilot_id, f"{folder}/"])))
        return {file.path: file for file in found}

    def is_readable(self, stored: StoredFile) -> bool:
        return is_local(self.root, stored) or self.bucket.size(stored.name) == stored.size

    def remove_from_bucket(self, paths: Iterable[str]) -> None:
        self._remove_stored(list(self._rows(list(paths)).values()))

    def remove_folder_from_bucket(self, folder: str) -> None:
        self._remove_stored(list(self.stored_files(folder).values()))

    def remove_pilot_from_bucket(self, pilot_id: str) -> int:
        sql = "DELETE FROM media WHERE pilot_id = ?"
        self._database.transaction(lambda c: c.execute(sql, [pilot_id]).fetchall())
        # Includes objects without a row: a render may have stopped after sending them.
        found = self.bucket.listed(f"{ids.checked_pilot_id(pilot_id)}/")
        self.bucket.remove(found)
        return len(found)

    @contextmanager
    def rewriting(self, pilot_id: str) -> Iterator[None]:
        before = [file for path, file in self.stored_files(pilot_id).items() if not is_video(path)]
        with ThreadPoolExecutor(PARALLEL_TRANSFERS) as pool:
            list(pool.map(lambda file: self.local_path(file.path, of=pilot_id), before))
        yield
        # Delete the rows first: the folder's files are used until the bucket has them.
        self._remove_stored([file for file in before if not is_local(self.root, file)])
        self.put_folder(pilot_id)

    def _row(self, path: str, of: str) -> StoredFile | None:
        """Return the row of a file of that pilot. A row of that path that names another pilot's object is none."""
        stored = self._rows([path]).get(path)
        return stored if stored and stored.pilot_id == of else None

    def _rows(self, paths: list[str]) -> dict[str, StoredFile]:
        sql = "SELECT * FROM media WHERE path = ANY(?)"
        return {file.path: file for file in self._database.read(lambda c: stored_of(rows(c, sql, [paths])))}

    def _named(self, pilot_ids: Iterable[str]) -> set[str]:
        """Return the object names in the rows of those pilots."""
        sql = "SELECT * FROM media WHERE pilot_id = ANY(?)"
        return {file.name for file in self._database.read(lambda c: stored_of(rows(c, sql, [list(pilot_ids)])))}

    def _read_local(self, path: str) -> StoredFile:
        pilot_id = path.split("/", 1)[0]
        real = path_of_pilot(self.root, path, pilot_id)
        digest = sha256_of(real)
        if digest is None:
            raise StoreError(f"{path} is no file of a pilot in the store's folder, so it cannot be kept in a bucket.")
        return StoredFile(path, pilot_id, digest, real.stat().st_size, self._clock())

    def _fetch(self, stored: StoredFile, real: Path) -> None:
        part = real.with_name(f".{secrets.token_hex(8)}.tmp")
        digest = hashlib.sha256()
        try:
            real.parent.mkdir(parents=True, exist_ok=True)
            with part.open("xb") as writing:
                for piece in self.pieces(File(real, None, stored)):
                    writing.write(piece)
                    digest.update(piece)
            if digest.hexdigest() != stored.sha256:
                raise BucketError(f"{stored.path} came from {self.bucket} damaged; fetch it again, or bring it back.")
            settle(part, real)
        except OSError as error:
            raise StoreError(
                f"{stored.path} could not be fetched from {self.bucket}: {error.strerror or error}. "
                "Check the folder's permissions and free space, then try again."
            ) from error
        finally:
            part.unlink(missing_ok=True)

    def _remove_stored(self, gone: list[StoredFile]) -> None:
        """Delete rows that have not changed, then objects that no other row refers to."""
        self._delete_rows(gone)
        self._remove_unnamed({file.name for file in gone})

    def _delete_rows(self, gone: list[StoredFile]) -> None:
        def delete(connection: Connection) -> None:
            for file in gone:
                connection.execute("DELETE FROM media WHERE path = ? AND sha256 = ?", [file.path, file.sha256])

        if gone:
            self._database.transaction(delete)

    def _remove_unnamed(self, names: set[str]) -> None:
        if names:
            self.bucket.remove(sorted(names - self._named({name.split("/", 1)[0] for name in names})))

    def _lost(self, stored: StoredFile) -> BucketError:
        return BucketError(f"{stored.path} is not in {self.bucket} as it should be; run --check, which says more.")


def _write(connection: Connection, new: list[StoredFile]) -> set[str]:
    """Write rows of pilots that still exist. Returns the ids of pilots that were erased meanwhile."""
    given = sorted({file.pilot_id for file in new})
    sql = "SELECT pilot_id FROM pilots WHERE pilot_id = ANY(?)"
    existing = {row["pilot_id"] for row in rows(connection, sql, [given])}
    for file in new:
        if file.pilot_id in existing:
            row = {
                "path": file.path,
                "pilot_id": file.pilot_id,
                "sha256": file.sha256,
                "bytes": file.size,
                "put_at": to_column(file.put_at),
            }
            insert(connection, "media", row, "path")
    return set(given) - existing
