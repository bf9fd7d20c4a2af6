"""Move a store to PostgreSQL and back with the command, then compare: ``python -m bench.move [PILOTS]`` (10,000).

The comparison does not use the command's own checksums. It reads both sides again: every row of every table, every
pilot as loaded, every file's bytes and number of hard links. Prints seconds, rows, files and differences. Exits with 1
if there are any differences.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from bench.engines import OPTIONS, SETTING
from bench.fill import fill, state_files_of
from pilot_core import PilotStore
from pilot_core.settings import ROOT
from pilot_core.store.engine.copying import tables_of
from tests import postgres

FILMS = 300
FILM_BYTES = 4_000
"""Bytes of the first video; the second has twice as many, and so on. The longer ones are copied in several pieces."""


class Content(NamedTuple):
    """The contents of a store's database: the rows of each table, sorted, and the pilots built from them."""

    tables: dict[str, list[str]]
    pilots: list[Any]


def main(pilots: int) -> int:
    """Move, compare and print. Returns the exit code: 1 if anything differs."""
    os.environ.pop(SETTING, None)
    programs = postgres.programs()
    if programs is None:
        print("There is no PostgreSQL here; install postgresql.")
        return 2
    with (
        tempfile.TemporaryDirectory(prefix="pilot-ops-bench-") as folder,
        postgres.server(programs, OPTIONS, memory=False) as server,
        server.database() as url,
    ):
        source, back = Path(folder) / "store", Path(folder) / "back"
        store = filled(source, pilots)
        # Read before the move: a folder whose rows are in PostgreSQL cannot be opened as a DuckDB store.
        before = content(store)
        there = moved(source, url)
        on_postgres = content(PilotStore(source, database_url=url))
        again = moved(source, str(back), {SETTING: url})
        differing = [f"on PostgreSQL: {one}" for one in differences(before, on_postgres)]
        differing += differences(before, content(PilotStore(back, database_url="")))
        differing += different_files(source, back)
        files = _files(source)
        size = sum({found.st_ino: found.st_size for found in map(Path.stat, files.values())}.values())
        print(
            f"{len(before.pilots):,} pilots, {sum(map(len, before.tables.values())):,} rows, {len(files):,} files "
            f"({size / 1e6:,.0f} MB): {there:.1f} s to PostgreSQL, {again:.1f} s back into a folder; "
            f"load {os.getloadavg()[0]:.1f}"
        )
    print("\n".join(["What differs:", *differing]) if differing else "equal")
    return int(bool(differing))


def filled(root: Path, pilots: int) -> PilotStore:
    """Return a DuckDB store with state files, a message key, and videos that their review packs share as hard links."""
    store = fill(root, pilots)
    state_files_of(store, root, pilots)
    (root / ".messages.key").write_text("a key")
    for place, pilot_id in enumerate(store.pilot_ids()[:FILMS], 1):
        pack = root / pilot_id / "attempt_1" / "review_pack"
        pack.mkdir(parents=True)
        draft = pack.parent / "draft_v1.mp4"
        draft.write_bytes(os.urandom(place * FILM_BYTES))
        (pack / "final_video.mp4").hardlink_to(draft)
    return store


def moved(source: Path, target: str, settings: dict[str, str] | None = None) -> float:
    """Run ``--move-store`` and return its seconds. Raises CalledProcessError if it fails."""
    command = [sys.executable, "scripts/run_pilot.py", "--store", str(source), "--move-store", target]
    begun = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=os.environ | (settings or {}), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def content(store: PilotStore) -> Content:
    """Return all rows and pilots of the store's database."""
    tables = store.database.read(
        lambda connection: {
            table: sorted(
                map(repr, connection.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall())  # noqa: S608
            )
            for table, columns in tables_of(connection).items()
        }
    )
    return Content(tables, store.load_all())


def differences(one: Content, other: Content) -> list[str]:
    """Return the names of tables whose rows differ, and the ids of pilots that differ."""
    tables = sorted(one.tables.keys() | other.tables.keys())
    found = [f"the table {name}" for name in tables if one.tables.get(name) != other.tables.get(name)]
    ours, theirs = ({pilot.pilot_id: pilot for pilot in each.pilots} for each in (one, other))
    return found + [f"the pilot {name}" for name in sorted(ours.keys() | theirs) if ours.get(name) != theirs.get(name)]


def different_files(one: Path, other: Path) -> list[str]:
    """Return the files that only one store has, or whose bytes or number of hard links differ."""
    ours, theirs = _files(one), _files(other)
    found = [f"the file {name}, which is in one only" for name in sorted(ours.keys() ^ theirs.keys())]
    for name in sorted(ours.keys() & theirs.keys()):
        if ours[name].read_bytes() != theirs[name].read_bytes():
            found.append(f"the file {name}")
        elif ours[name].stat().st_nlink != theirs[name].stat().st_nlink:
            found.append(f"how many names the file {name} has")
    return found


def _files(root: Path) -> dict[str, Path]:
    """Return all files except the database's, by name."""
    return {
        path.relative_to(root).as_posix(): path
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith("pilots.") and path.suffix != ".lock"
    }


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
