"""How much a store takes of the disk, and of what."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from pilot_core.care.backup import MEDIA

DATABASE = (".duckdb", ".wal")


@dataclass(frozen=True)
class Sizes:
    """In bytes: the database with its copies, films and pictures, everything else; what is free on the disk, of how
    much.
    """

    database: int
    media: int
    rest: int
    free: int
    disk: int


def sizes(root: Path) -> Sizes:
    """Add up the store's files; what is removed meanwhile is left out. Raises OSError when the disk does not answer."""
    found = {"database": 0, "media": 0, "rest": 0}
    waiting = [str(root)]
    while waiting:
        try:
            entries = list(os.scandir(waiting.pop()))
        except FileNotFoundError:
            continue
        for entry in entries:
            try:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                    continue
                size = entry.stat(follow_symlinks=False).st_size
            except FileNotFoundError:
                continue
            suffix = os.path.splitext(entry.name)[1].lower()  # noqa: PTH122 (a Path each would double the time)
            kind = "media" if suffix in MEDIA else "database" if suffix in DATABASE else "rest"
            found[kind] += size
    disk = shutil.disk_usage(root)
    return Sizes(**found, free=disk.free, disk=disk.total)
