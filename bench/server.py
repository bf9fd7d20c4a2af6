"""Start a server in its own process for a benchmark, and read its memory."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pilot_core import PilotStore
from pilot_core.settings import ROOT
from pilot_core.web.server.background import REPAIR_SECONDS


@dataclass(frozen=True)
class Server:
    """The server's address, its process, and when that started (``time.perf_counter``)."""

    address: str
    begun: float
    process: "subprocess.Popen[bytes]"

    def memory(self, line: str = "VmRSS") -> float:
        """Return the current (``VmRSS``) or peak (``VmHWM``) memory in MB."""
        status = (self._proc / "status").read_text()
        return next(int(entry.split()[1]) / 1000 for entry in status.splitlines() if entry.startswith(line))

    def settle(self) -> None:
        """Wait until the server's one-time work after its start is done."""
        time.sleep(max(0.0, REPAIR_SECONDS + 2 - (time.perf_counter() - self.begun)))
        # Child processes are listed per thread. One that has ended and was not waited for has no command line.
        while any(_runs(child) for file in self._proc.glob("task/*/children") for child in file.read_text().split()):
            time.sleep(0.1)

    @property
    def _proc(self) -> Path:
        return Path(f"/proc/{self.process.pid}")


def store_of_server(root: str) -> PilotStore:
    """Return the store opened as the server does, attached between sessions."""
    store = PilotStore(root)
    store.database.keep_attached()
    return store


@contextmanager
def serving(app_file: Path, store: Path, log: Path) -> Iterator[Server]:
    """Run Streamlit on that app, from when its port answers until the block ends."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = int(probe.getsockname()[1])
    options = {"server.port": port, "server.address": "localhost", "server.headless": "true"}
    options |= {"server.fileWatcherType": "none", "browser.gatherUsageStats": "false"}
    command = [sys.executable, "-m", "streamlit", "run", str(app_file)]
    command += [part for name, value in options.items() for part in (f"--{name}", str(value))]
    environment = os.environ | {"PILOT_OPS_STORE": str(store), "PYTHONPATH": str(ROOT)}
    environment |= {"FORWARDED_ALLOW_IPS": "127.0.0.1"}  # the crowd comes from many addresses
    with log.open("wb") as out:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            while not _answers(f"http://localhost:{port}/_stcore/health"):
                if process.poll() is not None or time.perf_counter() - begun > 120:
                    raise RuntimeError(f"The server did not come up: {log.read_text()[-1000:]}")
                time.sleep(0.05)
            yield Server(f"http://localhost:{port}", begun, process)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(20)


def _runs(process: str) -> bool:
    try:
        return bool(Path(f"/proc/{process}/cmdline").read_bytes())
    except FileNotFoundError:
        return False


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2):
            return True
    except OSError:
        return False
