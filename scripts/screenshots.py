#!/usr/bin/env python3
"""Take the README's screenshots anew, from a demo store made for them, into docs/.

docs/screenshots.json notes the menu and the tabs that were on screen; a test compares them with today's.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from playwright.sync_api import Page, ViewportSize

from pilot_core import PilotStore
from pilot_core.settings import ROOT
from tests.browser.serving import chromium, running
from tests.browser.team_pages import menu, settled, tabs

DOCS = ROOT / "docs"
WINDOW = ViewportSize(width=1280, height=900)
COMPANY = "Brisa Health"
"""The demo pilot whose page is shown."""


def main() -> int:
    """Make the demo, take the screenshots. Returns the exit code."""
    with tempfile.TemporaryDirectory() as place:
        store = Path(place) / "store"
        subprocess.run([sys.executable, ROOT / "scripts" / "make_demo.py", "--store", store], check=True)
        pilots = PilotStore(store).load_all()
        pilot = next((p for p in pilots if p.company_name == COMPANY), pilots[0])
        with running(ROOT / "app.py", store, {}, Path(place) / "log") as address, chromium() as browser:
            light = browser.new_context(base_url=address, viewport=WINDOW, color_scheme="light").new_page()
            dark = browser.new_context(base_url=address, viewport=WINDOW, color_scheme="dark").new_page()
            shoot(light, "/", "overview.png")
            seen = {"menu": menu(light)}
            shoot(dark, "/", "overview_dark.png")
            shoot(light, f"/pilot?pilot={pilot.pilot_id}", "pilot.png")
            seen["pilot_tabs"] = tabs(light)
            shoot(light, "/metrics", "metrics.png")
    (DOCS / "screenshots.json").write_text(json.dumps(seen, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


def shoot(page: Page, path: str, name: str) -> None:
    """Open an address and save what is in the window."""
    page.goto(path)
    settled(page)
    page.screenshot(path=DOCS / name)
    print(f"docs/{name}")


if __name__ == "__main__":
    sys.exit(main())
