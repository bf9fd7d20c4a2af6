"""A file that holds some room in the store's folder, for the few writes that a full disk must not prevent."""

import logging
import os
import shutil
from pathlib import Path

from pilot_core.store.files.layout import RESERVE

log = logging.getLogger(__name__)

RESERVE_BYTES = 4 * 1024 * 1024
"""Enough for a change of a pilot, its state file and the database's journal, many times over."""
ROOM_BYTES = 8 * RESERVE_BYTES
"""The free space below which no reserve is made, so that the reserve is never what fills a disk."""


def keep(root: Path) -> None:
    """Make the reserve if it is missing and the disk has room for it. Does not raise: a store works without one."""
    path = root / RESERVE
    try:
        if _size(path) >= RESERVE_BYTES or shutil.disk_usage(root).free < ROOM_BYTES:
            return
        with path.open("ab") as file:
            # Allocated rather than written, since some file systems take no room for a file of zeros.
            os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)
    except (OSError, AttributeError) as error:  # macOS has no posix_fallocate
        log.warning("the reserve %s could not be made: %s", path, error)


def give_up(root: Path) -> None:
    """Remove the reserve if less than its size is free on the disk. Does not raise."""
    path = root / RESERVE
    try:
        if _size(path) and shutil.disk_usage(root).free < RESERVE_BYTES:
            path.unlink()
            log.warning("the disk of %s is full; the reserve was given up", root)
    except OSError as error:
        log.warning("the reserve %s could not be given up: %s", path, error)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
