"""A real server and a real browser. A module that needs other data or another app overrides ``store_folder`` or
``app_file``.

``PILOT_OPS_CHROMIUM`` names the browser (``/usr/bin/chromium`` otherwise). Without one these tests are skipped, which
under CI=true is a failure: nobody should take a green run for a tested screen.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

from pilot_core.settings import ROOT

CHROMIUM = Path(os.environ.get("PILOT_OPS_CHROMIUM", "/usr/bin/chromium"))
START_SECONDS = 60
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright keeps an event loop in this thread, and no other test could run its own."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the whole run."""
    if not CHROMIUM.exists():
        missing = f"there is no browser at {CHROMIUM}; install chromium or set PILOT_OPS_CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *as_root])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser, server: str) -> Iterator[Callable[..., Page]]:
    """Opens pages of the server, each in a browser profile of its own: ``open_page("/pilot", phone=True, dark=True)``.

    Whatever a page reports as an uncaught error fails the test.
    """
    contexts = []
    errors: list[str] = []

    def open_(path: str = "/", *, phone: bool = False, dark: bool = False, **options: object) -> Page:
        context = browser.new_context(
            base_url=server, color_scheme="dark" if dark else "light", **((PHONE if phone else DESKTOP) | options)
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not errors


@pytest.fixture(scope="module")
def warm_page(browser: Browser, server: str) -> Iterator[Page]:
    """One desktop page for the module; ``visit`` goes about in it."""
    context = browser.new_context(base_url=server, **DESKTOP)
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


@pytest.fixture
def visit(warm_page: Page) -> Iterator[Callable[[str], Page]]:
    """Goes to an address, as a new visit: ``visit("/pilot?pilot=…")``. Only cookies and the browser's storage stay.

    A quarter of the work of ``open_page``, since Chromium keeps Streamlit's compiled scripts. Errors fail the test.
    """
    errors: list[str] = []

    def note(error: Error) -> None:
        errors.append(str(error))

    def go(path: str) -> Page:
        warm_page.mouse.move(0, 0)
        warm_page.goto(path)
        return warm_page

    warm_page.on("pageerror", note)
    yield go
    warm_page.remove_listener("pageerror", note)
    assert not errors


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """The server's first page on a desktop screen in the light theme."""
    return open_page()


@pytest.fixture(scope="module")
def app_file() -> Path:
    """What the server runs."""
    return ROOT / "app.py"


@pytest.fixture(scope="module")
def store_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store the server works on: an empty one, unless the module fills it."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    """Further environment variables for the server."""
    return {}


@pytest.fixture(scope="module")
def server(
    app_file: Path, store_folder: Path, server_settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a server of this module's own; what it said is printed if it does not come up."""
    port = _free_port()
    address = f"http://localhost:{port}"
    log = tmp_path_factory.mktemp("server") / "server.log"
    command = [sys.executable, "-m", "streamlit", "run", str(app_file)]
    for option, value in {
        "server.port": port,
        "server.address": "localhost",
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
    }.items():
        command += [f"--{option}", str(value)]
    environment = os.environ | {"PILOT_OPS_STORE": str(store_folder), "PYTHONPATH": str(ROOT)} | server_settings
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            _wait_until_healthy(process, f"{address}/healthz", log)
            yield address
        finally:
            _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not come up (exit code {process.poll()}); it said:\n{log.read_text()}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and whatever it started, renders included."""
    for signal_ in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, signal_)
            process.wait(10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
