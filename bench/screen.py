"""The dashboard in a real browser, beside an empty Streamlit app: first page, page changes, and chart updates."""

import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from bench.server import serving
from pilot_core.settings import ROOT
from tests.browser.serving import chromium

COUNTS = r"() => (document.body.innerText.match(/[\d,]+ pilots, [\d,]+ videos/) || [''])[0]"
RESTS = "document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"
STANDS = f"""([title, before]) => {RESTS} && [...document.querySelectorAll('h1')].some(
  h => title ? h.innerText === title : h.innerText && h.innerText !== before)"""
CHART = "() => JSON.stringify((document.querySelector('.js-plotly-plot') || {}).data)"
CHANGED = f"([counts, chart]) => ({COUNTS})() !== counts && ({CHART})() !== chart"
OURS = {"pages": ("Metrics", "Reports", "Overview"), "titles": ("Metrics", "Reports", ""), "chart": "Metrics"}
EMPTY = {"pages": ("Second", "First"), "titles": ("Second", "First"), "chart": "Second"}


def dashboard(root: str, starts: int = 2, trips: int = 4) -> tuple[list[float], None, dict[str, Any]]:
    """Measure the dashboard on a store."""
    return _measured(ROOT / "app.py", Path(root), OURS, starts, trips)


def empty(root: str, starts: int = 2, trips: int = 6) -> tuple[list[float], None, dict[str, Any]]:
    """Measure the empty app."""
    return _measured(ROOT / "bench" / "empty_app.py", Path(root), EMPTY, starts, trips)


def _measured(
    app_file: Path, root: Path, app: dict[str, Any], starts: int, trips: int
) -> tuple[list[float], None, dict[str, Any]]:
    cold: list[float] = []
    by_page: dict[str, list[float]] = {}
    clicks: list[float] = []
    rests: list[float] = []
    memory = 0.0
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        browser.new_page().close()
        for number in range(starts):
            with serving(app_file, root, Path(folder) / "log") as server:
                context = browser.new_context(viewport={"width": 1280, "height": 900})
                page = context.new_page()
                page.set_default_timeout(60_000)
                page.goto(server.address)
                page.wait_for_function(STANDS, arg=["", ""])
                cold.append(time.perf_counter() - server.begun)
                if number == starts - 1:
                    server.settle()
                    for trip in range(trips + 1):
                        for name, title in zip(app["pages"], app["titles"], strict=True):
                            taken = _go(page, name, title)
                            if trip:
                                by_page.setdefault(name, []).append(taken)
                    clicks, rests = _clicks(page, app["chart"], trips)
                    memory = server.memory("VmHWM")
                context.close()
    pages = [taken for of in by_page.values() for taken in of]
    return cold, None, {"pages": pages, "by_page": by_page, "clicks": clicks, "rests": rests, "server_peak": memory}


def _go(page: Page, name: str, title: str) -> float:
    before = page.locator("h1").first.inner_text()
    begun = time.perf_counter()
    page.get_by_test_id("stSidebarNav").get_by_role("link", name=name).click()
    page.wait_for_function(STANDS, arg=[title, before])
    return time.perf_counter() - begun


def _clicks(page: Page, name: str, times: int) -> tuple[list[float], list[float]]:
    """Select Acme and clear it again. Returns the seconds until the first chart, and the whole page, has changed."""
    _go(page, name, name)
    page.wait_for_function("document.querySelector('.js-plotly-plot .main-svg')")
    taken, rests = [], []
    for _ in range(times):
        before, chart = page.evaluate(COUNTS), page.evaluate(CHART)
        page.get_by_label("Brand").first.click()
        option = page.get_by_role("option", name="Acme", exact=True)
        option.wait_for()
        begun = time.perf_counter()
        option.click()
        page.wait_for_function(CHANGED, arg=[before, chart])
        taken.append(time.perf_counter() - begun)
        page.wait_for_function(f"() => {RESTS}")
        rests.append(time.perf_counter() - begun)
        page.keyboard.press("Escape")
        page.goto(page.url.split("?")[0])
        page.wait_for_function(STANDS, arg=[name, ""])
        page.wait_for_function(f"before => ({COUNTS})() === before", arg=before)
    return taken, rests
