"""The one way a file is written: whole or not at all, and on the disk before anybody is told of it."""

import os
import re
import secrets
from pathlib import Path

from pilot_core.errors import StoreError

TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.tmp")
"""What :func:`write_atomic` calls a file that is not whole yet; a crash may leave one."""


def write_atomic(path: Path, data: str | bytes) -> None:
    """Put ``data`` (text as UTF-8) at ``path`` so that readers see the old file or the new one, even after a crash.

    Missing parent folders are made. Raises StoreError when the file cannot be written; what was there before stays.
    """
    content = data.encode() if isinstance(data, str) else data
    temporary = path.parent / f".{secrets.token_hex(8)}.tmp"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise StoreError(
            f"{path} could not be written ({error.strerror or error}); nothing is left half-written. "
            "Check the folder's permissions and free space, then try again."
        ) from error


def settle(part: Path, path: Path) -> None:
    """Give the finished file ``part`` its name ``path`` in the same file system, both on the disk. Raises OSError."""
    _sync_file(part)
    part.replace(path)
    sync_folder(path.parent)


def sync_tree(folder: Path) -> None:
    """Put every file in ``folder``, at any depth, and the folders themselves, onto the disk. Raises OSError."""
    for place, _, names in os.walk(folder):
        for path in (Path(place) / name for name in names):
            if path.is_file() and not path.is_symlink():
                _sync_file(path)
        sync_folder(Path(place))
    sync_folder(folder.parent)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make the renaming itself durable: the entry lives in the folder, not in the file."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
