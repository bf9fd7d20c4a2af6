"""The nightly backups: when the last was made, and the ones that are kept."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import streamlit as st

from pilot_core.care import nightly
from pilot_core.formatting import ago, count
from pilot_core.web.diagnostics_page.words import Mark, Told, at, show, size, table

LATE = timedelta(hours=26)
BY_HAND = "`python scripts/run_pilot.py --backup FILE` makes one by hand while the dashboard runs."


@dataclass(frozen=True)
class Backup:
    """A nightly backup: when it was begun (UTC), its size in bytes."""

    name: str
    made_at: datetime
    size: int


def nightly_backups(folder: Path | None) -> list[Backup]:
    """Those in the folder, the latest first."""
    found = []
    for path in nightly.backups(folder) if folder else []:
        try:
            made = datetime.strptime(path.name, nightly.NAME).replace(tzinfo=UTC)
            found.append(Backup(path.name, made, path.stat().st_size))
        except (ValueError, FileNotFoundError):
            continue
    return found[::-1]


def told(folder: Path | None, made: list[Backup], now: datetime) -> Told:
    """Whether there is a fresh one."""
    if folder is None:
        return Told(
            Mark.LOOK,
            "No nightly backup is set up.",
            "Name a folder, best on another disk, in `PILOT_OPS_BACKUPS`, and start the dashboard again. " + BY_HAND,
        )
    wrong = "The log says why, in the lines of `pilot_core.web.background`. " + BY_HAND
    # One of a time to come was made while the clock was ahead: nobody knows how old it is.
    last = next((backup for backup in made if backup.made_at <= now), None)
    if last is None:
        return Told(Mark.ACT, f"There is no nightly backup in {folder} yet.", wrong)
    sentence = f"The last nightly backup was made {ago(last.made_at, now)}; {count(len(made), 'backup')} in {folder}."
    return Told(Mark.ACT, sentence, wrong) if now - last.made_at > LATE else Told(Mark.WELL, sentence)


def draw(told: Told, made: list[Backup]) -> None:
    """Draw the section."""
    st.subheader("Backups", anchor=False)
    show(told)
    if made:
        lines = [(f"{at(backup.made_at)}\n{backup.name}", size(backup.size)) for backup in made]
        table(("Begun", "Size"), lines, "The nightly backups, the latest first")
    st.caption("Backups made by hand, elsewhere, are not known here.")
