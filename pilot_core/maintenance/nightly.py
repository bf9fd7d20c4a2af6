"""Nightly backups while the dashboard runs. The last seven are retained.

A backup dated in the future was made while the clock was ahead. It does not count as one of the seven, and is not
removed before its date.
"""

import logging
import shutil
from datetime import datetime
from pathlib import Path

from pilot_core.clock import as_utc
from pilot_core.maintenance.backup import back_up
from pilot_core.store.pilots import PilotStore

log = logging.getLogger(__name__)

NAME = "pilots_%Y%m%d_%H%M%S.zip"
HOUR = 2
KEPT = 7


def is_due(folder: Path, now: datetime) -> bool:
    """Whether to make a backup now: there is none at all, or none from today and it is past 02:00 (UTC)."""
    made = backups(folder)
    today = f"pilots_{as_utc(now):%Y%m%d}_"
    return not made or (as_utc(now).hour >= HOUR and not any(path.name.startswith(today) for path in made))


def run(store: PilotStore, folder: Path, *, restored: bool = False) -> Path:
    """Make tonight's backup, with ``restored`` also on trial, and remove all but the last seven.

    Raises InvalidRequest and StoreError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for unfinished in folder.glob(".pilots_*.part"):
        shutil.rmtree(unfinished, ignore_errors=True)
    made = folder / as_utc(store.clock()).strftime(NAME)
    back_up(store, made, restored=restored)
    for old in [path for path in backups(folder) if path.name <= made.name][:-KEPT]:
        old.unlink(missing_ok=True)
    log.info("backed up to %s", made)
    return made


def backups(folder: Path) -> list[Path]:
    """Return the backups of earlier nights, oldest first."""
    return sorted(folder.glob("pilots_????????_??????.zip")) if folder.is_dir() else []
