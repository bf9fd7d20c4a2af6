"""Identify the process and machine that claimed a render, and check whether it is still running."""

import os
import secrets
import socket
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from pilot_core.domain.renders import Render

SILENT_SECONDS = 30.0
"""A claim runs out when its holder has sent no heartbeat for this long, wherever it runs."""


@cache
def this_machine() -> str:
    """Return a name for this machine, or container, since its last start. Process ids are unique within it."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()[:8]
        # Containers on one machine can share its host name and count their processes apart.
        boot += f"-{Path('/proc/self/ns/pid').stat().st_ino:x}"
    except OSError:
        boot = "?"
    return f"{socket.gethostname()}/{boot}"


def new_holder() -> str:
    """Return a name for one claim of this process: the machine, and a token that no other claim has."""
    return f"{this_machine()}/{secrets.token_hex(8)}"


def is_alive(render: Render, now: datetime) -> bool:
    """Whether the render's claim holds: its holder was heard from of late, and is not known to have ended.

    A process that exists proves nothing: its id may be another's by now, and its render may have stopped.
    """
    return not has_ended(render) and abs(now - render.heartbeat_at) < timedelta(seconds=SILENT_SECONDS)


def has_ended(render: Render) -> bool:
    """Whether the process that claimed the render ran on this machine and is certain to have ended."""
    return render.worker.rpartition("/")[0] == this_machine() and not _exists(render.pid)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        # A killed child process keeps its id until its parent waits for it.
        return not Path(f"/proc/{pid}/stat").exists() or ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
