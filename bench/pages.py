"""Server time to render a page on a store of 10,000 pilots: ``python -m bench.pages [STORE]``.

Streamlit's test runner runs each page's script from start to end, twenty times after three warm-up runs. This measures
a visit's cost to the server, without network and browser. Without STORE, a store is filled first.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench.fill import fill
from pilot_core import PilotStore
from pilot_core.domain.roles import Role
from pilot_core.settings import ROOT
from pilot_core.web.access import page_guard

RUNS, WARM_UPS = 20, 3
# Page, and limits for the median and the 95th percentile, in milliseconds.
LIMITS = (("overview", 250, 400), ("pilot", 150, 300))


def main(root: Path | None) -> int:
    """Measure and print. Returns the exit code: 1 if a limit is missed."""
    with tempfile.TemporaryDirectory() as folder:
        store = PilotStore(root) if root else fill(Path(folder))
        os.environ["PILOT_OPS_STORE"] = str(store.root)
        pilot_id = store.pilot_ids()[-1]
        missed = [_measure(name, pilot_id, median, p95) for name, median, p95 in LIMITS]
    return int(any(missed))


def _measure(page: str, pilot_id: str, median: float, p95: float) -> bool:
    from streamlit.testing.v1 import AppTest

    from pilot_core.web.access import who

    page_guard.visitor = lambda: who.Visitor("bench", Role.LEAD)
    at = AppTest.from_file(str(ROOT / "pilot_core" / "web" / "server" / "entry.py"), default_timeout=60)
    if page != "overview":
        at.run().switch_page(f"../../../pages/{page}.py")
        at.query_params["pilot"] = pilot_id
    times = []
    for _ in range(WARM_UPS + RUNS):
        start = time.perf_counter()
        at.run()
        times.append((time.perf_counter() - start) * 1000)
        if at.exception:
            raise SystemExit(f"The page {page} failed: {at.exception[0].message}")
    taken = sorted(times[WARM_UPS:])
    found, slow = statistics.median(taken), taken[round(0.95 * RUNS) - 1]
    missed = found > median or slow > p95
    print(
        f"{page:10} median {found:4.0f} ms of {median:.0f}, 95th percentile {slow:4.0f} ms of {p95:.0f}"
        f"{'  MISSED' if missed else ''}"
    )
    return missed


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
