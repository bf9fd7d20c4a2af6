"""The one way a file is written: whole or not at all."""

import os
import secrets
from pathlib import Path

from pilot_core.errors import StoreError


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
        _sync_folder(path.parent)
    except OSError as error:
        raise StoreError(
            f"{path} could not be written ({error.strerror or error}); nothing is left half-written. "
            "Check the folder's permissions and free space, then try again."
        ) from error


def _sync_folder(folder: Path) -> None:
    """Make the renaming itself durable: the entry lives in the folder, not in the file."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
