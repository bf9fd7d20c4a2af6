"""Writers, readers and the server on one store: ``python -m bench.concurrency [SECONDS]`` (default 60).

Four writer processes with a pause of 300 ms between changes, four reader processes and the dashboard's server. Each
writer increments a shared row and appends its own rows; a reader that finds the two inconsistent, or fails, is
reported. Prints how long writers waited. Exits with 1 if anything was lost, any request failed, or the 99th percentile
is over 1.5 s.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from pilot_core import PilotStore
from pilot_core.services import pilots as services
from pilot_core.settings import ROOT

WRITERS, READERS, THINK_SECONDS, LIMIT_SECONDS = 4, 4, 0.3, 1.5


def write(root: str, who: str, seconds: str, think: str) -> None:
    """Change the shared pilot or this writer's own, pause, and repeat. Prints the seconds of each change."""
    store = PilotStore(root)
    pilot_ids = store.pilot_ids()
    pilot_id = pilot_ids[int(who.split()[-1]) % len(pilot_ids)]
    until, took = time.monotonic() + float(seconds), []
    while time.monotonic() < until:
        n = len(took)
        begun = time.monotonic()

        def count(pilot, n=n):  # type: ignore[no-untyped-def]
            pilot.notes = str(int(pilot.notes or 0) + 1)
            pilot.log("counted", n=n)

        store.change(pilot_id, count, who)
        took.append(time.monotonic() - begun)
        time.sleep(float(think))
    print(json.dumps(took))


def read(root: str, seconds: str) -> None:
    """Load a pilot and its events repeatedly. Prints the number of reads, and how many were inconsistent."""
    store = PilotStore(root)
    pilot_id = store.pilot_ids()[0]
    until, reads, apart = time.monotonic() + float(seconds), 0, 0
    while time.monotonic() < until:
        pilot, events = store.database.read(lambda _: (store.load(pilot_id), store.events(pilot_id)))
        apart += int(pilot.notes or 0) != sum(event.kind == "counted" for event in events)
        reads += 1
        time.sleep(0.05)
    print(json.dumps([reads, apart]))


def run(
    root: Path, seconds: float, *, think: float = THINK_SECONDS, server: bool = True, pilots: int = 1
) -> dict[str, object]:
    """Run all processes on the store for ``seconds``. Returns what was written, found and lost.

    The writers share one pilot or, with four ``pilots``, have one each.
    """
    store = PilotStore(root)
    for _ in range(pilots):
        services.start_pilot(store, services.create_pilot("Lea", "Acme", "feature_launch"))
    failed = 0
    requests = 0
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serving = _serve(root, port) if server else None
    begin = [sys.executable, "-m", "bench.concurrency"]
    writers = [
        subprocess.Popen(
            [*begin, "write", root, f"writer {n}", str(seconds), str(think)], cwd=ROOT, stdout=subprocess.PIPE
        )
        for n in range(WRITERS)
    ]
    readers = [
        subprocess.Popen([*begin, "read", root, str(seconds)], cwd=ROOT, stdout=subprocess.PIPE) for _ in range(READERS)
    ]
    while serving and any(process.poll() is None for process in writers):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=15) as answer:
                failed += answer.status != 200
        except OSError:
            failed += 1
        requests += 1
        time.sleep(0.2)
    waits = [json.loads(process.communicate()[0] or "null") for process in writers]
    looks = [json.loads(process.communicate()[0] or "null") for process in readers]
    if serving:
        serving.terminate()
        serving.wait()
    written = sum(len(taken) for taken in waits if taken)
    found = store.load_all()
    events = [event for pilot in found for event in store.events(pilot.pilot_id)]
    return {
        "written": written,
        "counted": sum(int(str(pilot.notes or 0)) for pilot in found),
        "appended": sum(event.kind == "counted" for event in events),
        "reads": sum(look[0] for look in looks if look),
        "apart": sum(look[1] for look in looks if look),
        "broken": waits.count(None) + looks.count(None),
        "requests": requests,
        "failed_requests": failed,
        "waits": sorted(wait for taken in waits if taken for wait in taken),
    }


def _serve(root: Path, port: int) -> "subprocess.Popen[bytes]":
    serving = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamlit", "run", ROOT / "app.py", "--server.headless", "true"),
            *("--server.address", "127.0.0.1", "--server.port", str(port)),
        ],
        cwd=ROOT,
        env={**os.environ, "PILOT_OPS_STORE": str(root)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
            return serving
        except OSError:
            time.sleep(0.2)
    serving.kill()
    raise SystemExit("The server did not come up.")


def main(seconds: float) -> int:
    """Run and print. Returns the exit code."""
    os.environ.pop("PILOT_OPS_DATABASE_URL", None)
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder) / "store", seconds)
    waits = found.pop("waits")
    assert isinstance(waits, list)
    slow = waits[min(len(waits) - 1, round(0.99 * len(waits)))]
    print(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in found.items()))
    print(
        f"a writer waited {statistics.median(waits) * 1000:.0f} ms in the median, {slow * 1000:.0f} ms in the 99th "
        f"percentile of {LIMIT_SECONDS * 1000:.0f}, {waits[-1] * 1000:.0f} ms at most"
    )
    sound = found["written"] == found["counted"] == found["appended"] and not (
        found["apart"] or found["broken"] or found["failed_requests"]
    )
    return 0 if sound and slow <= LIMIT_SECONDS else 1


if __name__ == "__main__":
    if sys.argv[1:2] == ["write"]:
        write(*sys.argv[2:])
    elif sys.argv[1:2] == ["read"]:
        read(*sys.argv[2:])
    else:
        sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 60))
