"""A store's files in its folder only: the default."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pilot_core.errors import StoreError
from pilot_core.store.files.bucket import Bucket
from pilot_core.store.files.media import (
    PIECE_BYTES,
    File,
    StoredFile,
    is_finished,
    is_local,
    path_of_pilot,
    path_within,
)


class FolderMedia:
    """A store's files in its folder only."""

    def __init__(self, root: Path):
        self.root = root
        self.bucket: Bucket | None = None

    def put(self, paths: Iterable[str], *, resend: bool = False) -> None:
        pass

    def put_folder(self, folder: str) -> None:
        pass

    def local_path(self, path: str, *, of: str) -> Path:
        return path_of_pilot(self.root, path, of)

    def find(self, path: str, *, of: str) -> File | None:
        real = path_of_pilot(self.root, path, of)
        return File(real, real.stat()) if real.is_file() else None

    def existing(self, paths: Iterable[str], *, of: str) -> set[str]:
        return {path for path in paths if self._exists(path, of)}

    def checksum(self, path: str, *, of: str) -> str:
        with path_of_pilot(self.root, path, of).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def files_under(self, folder: str) -> list[str]:
        base = self.root / folder
        if not base.resolve().is_relative_to(self.root.resolve()):
            return []
        within = (path.relative_to(self.root) for path in base.rglob("*") if path.is_file())
        return sorted(path.as_posix() for path in within if is_finished(path))

    def local_files_under(self, folder: str) -> list[str]:
        return [path for path in self.files_under(folder) if not (self.root / path).is_symlink()]

    def pieces(self, file: File) -> Iterator[bytes]:
        with file.path.open("rb") as reading:
            while piece := reading.read(PIECE_BYTES):
                yield piece

    def piece(self, file: File, start: int, end: int) -> bytes:
        with file.path.open("rb") as reading:
            reading.seek(start)
            return reading.read(end - start)

    def remove(self, paths: Iterable[str]) -> None:
        for path in paths:
            path_within(self.root, path).unlink(missing_ok=True)

    def stored_files(self, folder: str | None = None) -> dict[str, StoredFile]:
        return {}

    def is_readable(self, stored: StoredFile) -> bool:
        return is_local(self.root, stored)

    def remove_from_bucket(self, paths: Iterable[str]) -> None:
        pass

    def remove_folder_from_bucket(self, folder: str) -> None:
        pass

    def remove_pilot_from_bucket(self, pilot_id: str) -> int:
        return 0

    @contextmanager
    def rewriting(self, pilot_id: str) -> Iterator[None]:
        yield

    def _exists(self, path: str, of: str) -> bool:
        try:
            return path_of_pilot(self.root, path, of).is_file()
        except (StoreError, OSError, ValueError):
            return False
