"""What the server costs when nobody uses it: ``python -m bench.idle [MINUTES]``.

A server on 100 pilots, first without a tab, then with five overview pages open in a browser. Printed are the share of
one core its process took, and its memory at the beginning and the end. The first minute after the start or after the
tabs were opened is left out: the server may look at what just changed.
"""

import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bench.fill import fill
from pilot_core.settings import ROOT
from tests.browser.serving import chromium, running

TABS = 5
SETTLED = 75.0
"""Seconds left out before a measure: longer than the server goes on looking after a change."""


def main(minutes: float) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        place = Path(folder)
        store = fill(place / "store", 100)
        address = stack.enter_context(running(ROOT / "app.py", store.root, {}, place / "log"))
        server = _process_on(int(address.rsplit(":", 1)[1]))
        _measure("no tab", server, minutes)
        browser = stack.enter_context(chromium())
        for _ in range(TABS):
            page = browser.new_page()
            page.goto(address)
            page.get_by_role("heading").first.wait_for()
        _measure(f"{TABS} tabs", server, minutes)


def _measure(name: str, process: int, minutes: float) -> None:
    time.sleep(SETTLED)
    before, memory, began = _processor_seconds(process), _megabytes(process), time.monotonic()
    time.sleep(minutes * 60)
    share = (_processor_seconds(process) - before) / (time.monotonic() - began)
    print(
        f"{name}: {share:.2%} of a core over {minutes:g} min, {memory:.0f} to {_megabytes(process):.0f} MB", flush=True
    )


def _processor_seconds(process: int) -> float:
    """Return the seconds of processor time that a process has taken, in its own code and in the system's."""
    # The second field is the program's name in brackets, which may hold spaces.
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _megabytes(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _process_on(port: int) -> int:
    """Return the id of the Streamlit process that was started for a port. Raises StopIteration if there is none."""
    wanted = f"--server.port={port}".encode(), str(port).encode()
    found = (entry for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return next(
        int(entry.name)
        for entry in found
        if (line := _command(entry)) and b"streamlit" in line and any(part in line.split(b"\0") for part in wanted)
    )


def _command(entry: Path) -> bytes:
    try:
        return (entry / "cmdline").read_bytes()
    except OSError:  # it ended in the meantime
        return b""


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
