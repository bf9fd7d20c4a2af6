"""Identify the process and machine that claimed a render, and check whether it is still running."""

import os
import socket
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from pilot_core.domain.renders import Render

SILENT_SECONDS = 30.0
"""A process on another machine counts as ended when it has sent no heartbeat for this long."""


@cache
def this_machine() -> str:
    """Return a name for this machine since its last start. A process id means something only on the same machine."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()[:8]
    except OSError:
        boot = "?"
    return f"{socket.gethostname()}/{boot}"


def is_alive(render: Render, now: datetime) -> bool:
    """Whether the process that claimed the render can still finish it."""
    if render.worker == this_machine():
        return _exists(render.pid)
    return abs(now - render.heartbeat_at) < timedelta(seconds=SILENT_SECONDS)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        # A killed child process keeps its id until its parent waits for it.
        return not Path(f"/proc/{pid}/stat").exists() or ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
