"""A real server and a real browser, for tests and for measures alike.

``PILOT_OPS_CHROMIUM`` names the browser (``/usr/bin/chromium`` otherwise).
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from pilot_core.settings import ROOT

CHROMIUM = Path(os.environ.get("PILOT_OPS_CHROMIUM", "/usr/bin/chromium"))
START_SECONDS = 60
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
    # A microphone that hears a beep, and is allowed.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser."""
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *as_root])
        yield started
        started.close()


@contextmanager
def running(app_file: Path, store_folder: Path, settings: Mapping[str, str], log: Path) -> Iterator[str]:
    """The address of a server that works on that store, until the block ends; whatever it started ends with it.

    ``settings`` are further environment variables. Raises RuntimeError with what it said if it does not come up.
    """
    port = free_port()
    address = f"http://localhost:{port}"
    command = [sys.executable, "-m", "streamlit", "run", str(app_file)]
    for option, value in {
        "server.port": port,
        "server.address": "localhost",
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
    }.items():
        command += [f"--{option}", str(value)]
    environment = os.environ | {"PILOT_OPS_STORE": str(store_folder), "PYTHONPATH": str(ROOT)} | dict(settings)
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            wait_until_healthy(process, f"{address}/healthz", log)
            yield address
        finally:
            stop(process)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])


def wait_until_healthy(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    """Return once the process answers there. Raises RuntimeError with what it said if it does not."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not come up (exit code {process.poll()}); it said:\n{log.read_text()}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and whatever it started, renders included."""
    for signal_ in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, signal_)
            process.wait(10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
