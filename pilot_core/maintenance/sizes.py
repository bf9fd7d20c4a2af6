"""Disk space that a store uses, by kind of file."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from pilot_core.maintenance.backup import MEDIA

DATABASE = (".duckdb", ".wal")


@dataclass(frozen=True)
class Sizes:
    """Bytes used by the database and its copies, by media files, and by the rest; free and total bytes of the disk."""

    database: int
    media: int
    rest: int
    free: int
    disk: int


def sizes(root: Path) -> Sizes:
    """Return the sizes of the store's files. Files removed meanwhile are left out. Raises OSError."""
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
