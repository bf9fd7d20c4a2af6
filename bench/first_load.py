"""The dashboard's first load on a slow network: ``python -m bench.first_load [RUNS]``.

Opens the overview of 100 pilots and an empty Streamlit app's first page, by turns, each in a browser with an empty
cache whose network the developer tools throttle to 1.6 Mbit/s and 150 ms. Printed are the medians of the seconds until
the page's title is there and of the kilobytes fetched, and the ratio.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser

from bench.fill import fill
from bench.phone import NETWORKS, SLOW, throttled
from pilot_core.settings import ROOT
from tests.browser.serving import chromium, running

RUNS = 5
RATIO = 0.45
"""How long the dashboard may take, as a share of the empty app's time."""


def main(runs: int) -> int:
    """Measure and print. Returns the exit code: 1 if the target is missed."""
    visits: dict[str, list[tuple[float, float]]] = {"dashboard": [], "empty app": []}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        store = fill(place / "store", 100)
        ours = running(ROOT / "app.py", store.root, {}, place / "ours.log")
        rival = running(ROOT / "bench" / "empty_app.py", place / "none", {}, place / "rival.log")
        with ours as dashboard, rival as empty, chromium() as browser:
            for _ in range(runs + 1):
                visits["dashboard"].append(_visit(browser, dashboard))
                visits["empty app"].append(_visit(browser, empty))
    # The first visit of each is the server's first.
    told = {name: [statistics.median(column) for column in zip(*of[1:], strict=True)] for name, of in visits.items()}
    for name, (seconds, kilobytes) in told.items():
        print(f"{name}: title after {seconds:.2f} s, {kilobytes:,.0f} KB by then")
    ratio = told["dashboard"][0] / told["empty app"][0]
    print(f"ratio {ratio:.2f}, at most {RATIO}{'' if ratio <= RATIO else '  MISSED'}")
    return int(ratio > RATIO)


def _visit(browser: Browser, address: str) -> tuple[float, float]:
    """Return the seconds until a page's title is there, and the kilobytes fetched until then."""
    context = browser.new_context()
    page = context.new_page()
    asked = throttled(page, *NETWORKS[SLOW])
    begun = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.get_by_role("heading", level=1).first.wait_for(timeout=120_000)
    seconds = time.perf_counter() - begun
    kilobytes = sum(size for _, size in asked.values()) / 1000
    context.close()
    return seconds, kilobytes


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS))
