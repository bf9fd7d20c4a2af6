"""A backup of 10,000 pilots while two writers write: ``python -m bench.backup [PILOTS]``.

Two processes change a pilot each, without a pause, from before the backup to after it. Prints how long they waited at
most, and 1 if that is over 2 s or what is restored is not one moment: each writer's changes, none missing before one
that is there, and every table as the manifest counts it.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.fill import fill
from pilot_core.care.backup import back_up
from pilot_core.care.restore import restore
from pilot_core.settings import ROOT
from pilot_core.store.pilots import PilotStore

WRITERS, LIMIT_SECONDS = 2, 2.0


def write(root: str, pilot_id: str) -> None:
    """Change the pilot until standard input ends; prints the seconds each change took."""
    store = PilotStore(root)
    took: list[float] = []
    print("begun", flush=True)
    while not (Path(root) / "over").exists():
        begun, n = time.monotonic(), len(took)
        store.change(pilot_id, lambda p, n=n: p.log("noted", store.clock(), n=n), "bench")  # type: ignore[misc]
        took.append(time.monotonic() - begun)
    print(json.dumps(took))


def main(pilots: int) -> int:
    """Fill, back up, restore, print and judge."""
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
