"""A backup each night while the dashboard runs; the last seven are kept.

One whose name is of a time to come was made while the clock was ahead: it takes no other's place and is never removed
before its time has come.
"""

import logging
import shutil
from datetime import datetime
from pathlib import Path

from pilot_core.care.backup import back_up
from pilot_core.clock import as_utc
from pilot_core.store.pilots import PilotStore

log = logging.getLogger(__name__)

NAME = "pilots_%Y%m%d_%H%M%S.zip"
HOUR = 2
KEPT = 7


def is_due(folder: Path, now: datetime) -> bool:
    """Whether a backup should be made now: there is none at all, or none of today and it is past two (UTC)."""
    made = backups(folder)
    today = f"pilots_{as_utc(now):%Y%m%d}_"
    return not made or (as_utc(now).hour >= HOUR and not any(path.name.startswith(today) for path in made))


def run(store: PilotStore, folder: Path) -> Path:
    """Make this night's backup and remove all but the last seven until now. Raises InvalidRequest, StoreError."""
    folder.mkdir(parents=True, exist_ok=True)
    for unfinished in folder.glob(".pilots_*.part"):
        shutil.rmtree(unfinished, ignore_errors=True)
    made = folder / as_utc(store.clock()).strftime(NAME)
    back_up(store, made)
    for old in [path for path in backups(folder) if path.name <= made.name][:-KEPT]:
        old.unlink(missing_ok=True)
    log.info("backed up to %s", made)
    return made


def backups(folder: Path) -> list[Path]:
    """The backups of earlier nights, oldest first by name."""
    return sorted(folder.glob("pilots_????????_??????.zip")) if folder.is_dir() else []
