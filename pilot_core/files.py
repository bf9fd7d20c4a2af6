"""The one way a file is written: whole or not at all, and on the disk before anybody is told of it."""

import os
import re
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pilot_core.errors import StoreError

SYNCED_AT_ONCE = 8
TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.tmp")
"""What :func:`write_atomic` calls a file that is not whole yet; a crash may leave one."""


def write_atomic(path: Path, data: str | bytes) -> None:
    """Put ``data`` (text as UTF-8) at ``path`` so that readers see the old file or the new one, even after a crash.

    Missing parent folders are made. Raises StoreError when the file cannot be written; what was there before stays.
    """
    write_all_atomic(path.parent, {path.name: data.encode() if isinstance(data, str) else data})


def write_all_atomic(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Put each content under its name into the folder as :func:`write_atomic` does; each is whole or as it was.

    The disk is waited for once for several files, which is five times as fast as once for each. Raises StoreError.
    """
    temporaries = {name: folder / f".{secrets.token_hex(8)}.tmp" for name in contents}
    path = folder

    def write(name: str) -> None:
        with temporaries[name].open("xb") as file:
            file.write(contents[name])
            file.flush()
            os.fsync(file.fileno())

    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            if len(contents) > 1:
                with ThreadPoolExecutor(SYNCED_AT_ONCE) as pool:
                    list(pool.map(write, contents))
            else:
                for path in (folder / name for name in contents):
                    write(path.name)
            for name, temporary in temporaries.items():
                path = folder / name
                temporary.replace(path)
        except BaseException:
            for temporary in temporaries.values():
                temporary.unlink(missing_ok=True)
            raise
        if contents:
            sync_folder(folder)
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
    places = list(os.walk(folder))
    files = (Path(place) / name for place, _, names in places for name in names)
    with ThreadPoolExecutor(SYNCED_AT_ONCE) as pool:
        list(pool.map(_sync_file, [path for path in files if path.is_file() and not path.is_symlink()]))
    for place, _, _ in places:
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
