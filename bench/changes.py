"""Benchmarks of writing: one change, and an import of a folder of state files."""

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from bench.alone import rounds
from bench.server import store_of_server

Json = dict[str, Any]


def save(root: str, times: int = 15) -> tuple[list[float], int]:
    """Time saving one change of one pilot: lock, database, event and state file, each flushed to disk."""
    from pilot_core.domain.pilot import PilotRun

    store = store_of_server(root)
    every = store.pilot_ids()
    pilot_id = every[len(every) // 2]

    def note(pilot: PilotRun) -> None:
        pilot.notes = "Prefers mail."
        pilot.log("noted", store.clock(), text="Prefers mail.")

    store.change(pilot_id, note, "bench")
    before = len(store.events(pilot_id))
    taken = rounds(lambda: store.change(pilot_id, note, "bench"), times)
    return taken, len(store.events(pilot_id)) - before == times


def save_json(folder: str, times: int = 15) -> tuple[list[float], bool]:
    """Time the same change in a state file: read, change, write a new file, flush to disk, rename."""
    path = next(Path(folder).glob("pilot_*.json"))

    def change() -> None:
        data = json.loads(path.read_bytes())
        data["notes"] = "Prefers mail."
        part = path.with_suffix(".part")
        with part.open("w", encoding="utf-8") as file:
            json.dump(data, file, ensure_ascii=False, indent=2)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        descriptor = os.open(path.parent, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)

    return rounds(change, times), True


def take_in(folder: str) -> tuple[list[float], int]:
    """Time importing a folder of state files into an empty store."""
    from pilot_core import PilotStore

    with tempfile.TemporaryDirectory() as place:
        store = PilotStore(place)
        taken = rounds(lambda: store.import_state(folder), 1)
        return taken, len(store.pilot_ids())


def take_in_singly(folder: str, most: int = 200) -> tuple[list[float], int]:
    """Time importing the first ``most`` files one by one. The seconds are scaled to all files."""
    from pilot_core import PilotStore

    files = sorted(Path(folder).glob("pilot_*.json"))
    with tempfile.TemporaryDirectory() as place:
        store = PilotStore(place)
        taken = rounds(lambda: [store.import_state(file) for file in files[:most]], 1)
    return [taken[0] / min(most, len(files)) * len(files)], len(files)
