"""The nightly backups: when the last one was made, and a list of those that exist."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import streamlit as st

from pilot_core.formatting import ago, count
from pilot_core.maintenance import nightly
from pilot_core.web.pages.diagnostics.status import Mark, Status, at, show_status, size, table

LATE = timedelta(hours=26)
BY_HAND = "`python scripts/run_pilot.py --backup FILE` makes one by hand while the dashboard runs."


@dataclass(frozen=True)
class Backup:
    """A nightly backup: when it was started (UTC), and its size in bytes."""

    name: str
    made_at: datetime
    size: int


def nightly_backups(folder: Path | None) -> list[Backup]:
    """Return the nightly backups in the folder, latest first."""
    found = []
    for path in nightly.backups(folder) if folder else []:
        try:
            made = datetime.strptime(path.name, nightly.NAME).replace(tzinfo=UTC)
            found.append(Backup(path.name, made, path.stat().st_size))
        except (ValueError, FileNotFoundError):
            continue
    return found[::-1]


def status(folder: Path | None, made: list[Backup], now: datetime) -> Status:
    """Return the status: whether there is a recent backup."""
    if folder is None:
        return Status(
            Mark.LOOK,
            "No nightly backup is set up.",
            "Name a folder, best on another disk, in `PILOT_OPS_BACKUPS`, and start the dashboard again. " + BY_HAND,
        )
    wrong = "The log says why, in the lines of `pilot_core.web.server.background`. " + BY_HAND
    # A backup dated in the future was made while the clock was ahead, so its age is unknown.
    last = next((backup for backup in made if backup.made_at <= now), None)
    if last is None:
        return Status(Mark.ACT, f"There is no nightly backup in {folder} yet.", wrong)
    sentence = f"The last nightly backup was made {ago(last.made_at, now)}; {count(len(made), 'backup')} in {folder}."
    return Status(Mark.ACT, sentence, wrong) if now - last.made_at > LATE else Status(Mark.WELL, sentence)


def show(status: Status, made: list[Backup]) -> None:
    """Draw the section."""
    st.header("Backups", anchor=False)
    show_status(status)
    if made:
        lines = [(f"{at(backup.made_at)}\n{backup.name}", size(backup.size)) for backup in made]
        table(("Begun", "Size"), lines, "The nightly backups, the latest first")
    st.caption("Backups made by hand, elsewhere, are not known here.")
