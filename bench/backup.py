"""Back up 10,000 pilots while two writers write: ``python -m bench.backup [PILOTS]``.

Two processes each change a pilot without pause, from before the backup to after it. Prints their longest wait. Exits
with 1 if that is over 2 s or if the restored store is not a snapshot: each writer's changes must be complete up to one
moment, and every table must have the number of rows in the manifest.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.fill import fill
from pilot_core import PilotStore
from pilot_core.maintenance.backup import back_up
from pilot_core.maintenance.restore import restore
from pilot_core.settings import ROOT

WRITERS, LIMIT_SECONDS = 2, 2.0


def write(root: str, pilot_id: str) -> None:
    """Change the pilot until standard input ends. Prints the seconds of each change."""
    store = PilotStore(root)
    took: list[float] = []
    print("begun", flush=True)
    while not (Path(root) / "over").exists():
        begun, n = time.monotonic(), len(took)
        store.change(pilot_id, lambda p, n=n: p.log("noted", store.clock(), n=n), "bench")  # type: ignore[misc]
        took.append(time.monotonic() - begun)
    print(json.dumps(took))


def main(pilots: int) -> int:
    """Fill a store, back it up, restore it, and print the results. Returns the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "store"
        store = fill(root, pilots)
        watched = store.pilot_ids()[:WRITERS]
        begin = [sys.executable, "-m", "bench.backup", "write", str(root)]
        writers = [
            subprocess.Popen([*begin, pilot_id], cwd=ROOT, stdout=subprocess.PIPE, text=True) for pilot_id in watched
        ]
        for writer in writers:
            assert writer.stdout is not None
            writer.stdout.readline()
        begun = time.monotonic()
        manifest = back_up(store, Path(folder) / "a.zip")
        took = time.monotonic() - begun
        (root / "over").touch()
        waits = [json.loads(writer.communicate()[0]) for writer in writers]
        longest = max(map(max, waits))
        size = (Path(folder) / "a.zip").stat().st_size
        restore(Path(folder) / "a.zip", Path(folder) / "back")
        again = PilotStore(Path(folder) / "back")
        sound = True
        for pilot_id in watched:
            noted = [event.detail["n"] for event in again.events(pilot_id) if event.kind == "noted"]
            sound &= noted == list(range(len(noted)))
    print(
        f"{manifest.counts['pilots']:,} pilots, {manifest.counts['attempts']:,} attempts: backed up in {took:.1f} s to "
        f"{size / 1e6:.0f} MB; {sum(map(len, waits))} changes meanwhile waited {longest:.2f} s at most of "
        f"{LIMIT_SECONDS:g}; restored {'as one moment' if sound else 'NOT AS ONE MOMENT'}"
    )
    return 0 if sound and longest <= LIMIT_SECONDS else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["write"]:
        write(*sys.argv[2:])
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
