"""Server time to render a page on a store of 10,000 pilots: ``python -m bench.pages [STORE]``.

A real server is asked over its agent API for each page in new sessions, twenty times after two that warm it up; the
time is that of the whole request. Without a store, one is filled first.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from bench.fill import fill
from pilot_core.settings import ROOT
from pilot_core.store.pilots import PilotStore

RUNS, WARM_UPS = 20, 2
# Page, what stands in its address, and the median and 95th percentile it may take, in milliseconds.
LIMITS = (("", {}, 250, 400), ("pilot", {"pilot": ""}, 150, 300))


def main(root: Path | None) -> int:
    """Measure and print; 1 if a limit is missed."""
    with tempfile.TemporaryDirectory() as folder:
        store = PilotStore(root) if root else fill(Path(folder))
        pilot_id = store.pilot_ids()[-1]
        port = _free_port()
        process = _serve(store, port)
        try:
            missed = [
                _measure(port, name, {**given, **({"pilot": pilot_id} if given else {})}, *limits)
                for name, given, *limits in LIMITS
            ]
        finally:
            process.terminate()
            process.wait()
    return int(any(missed))


def _measure(port: int, page: str, address: dict[str, str], median: float, p95: float) -> bool:
    asked: dict[str, Any] = {"query_params": {name: [value] for name, value in address.items()}}
    if page:
        asked["page"] = page
    times = []
    for _ in range(WARM_UPS + RUNS):
        start = time.perf_counter()
        answer = _ask(port, asked)
        times.append((time.perf_counter() - start) * 1000)
        if answer["status"] != "ready":
            raise SystemExit(f"The page {page or 'overview'} answered {answer['status']}.")
    taken = sorted(times[WARM_UPS:])
    found, worst = statistics.median(taken), taken[round(0.95 * RUNS) - 1]
    missed = found > median or worst > p95
    print(
        f"{page or 'overview':10} median {found:5.0f} ms of {median:.0f}, 95th percentile {worst:5.0f} ms of {p95:.0f}"
        f"{'  MISSED' if missed else ''}"
    )
    return missed


def _serve(store: PilotStore, port: int) -> subprocess.Popen[bytes]:
    options = ("--server.enableAgentApi=true", "--server.address=127.0.0.1", f"--server.port={port}")
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", *options],
        cwd=ROOT,
        env=os.environ | {"PILOT_OPS_STORE": str(store.root)},
        stdout=subprocess.DEVNULL,
    )
    while process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return process
        except OSError:
            time.sleep(0.2)
    raise SystemExit("The server did not start.")


def _ask(port: int, asked: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/_stcore/agent/interact",
        json.dumps(asked).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
