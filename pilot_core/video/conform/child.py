"""The child process of ``process``: sets its limits, does one job and prints JSON, one object a line."""

import json
import os
import resource
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pilot_core.video.conform import judge
from pilot_core.video.conform.outline import Broken

STEPS = 200  # how often progress is reported at most


def main(job: dict[str, Any]) -> None:
    """Do the job and print its result, or why it cannot be done."""
    for limit, value in job["limits"].items():
        resource.setrlimit(getattr(resource, limit), (value, value))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    source = Path(job["source"])
    try:
        if job["full"] is None:
            _say({"done": {"note": judge.examine(source)}})
        else:
            light = Path(job["light"]) if job["light"] else None
            done = judge.conform(source, Path(job["full"]), light, _reporter())
            _say({"done": done.model_dump(mode="json")})
    except Broken as broken:
        _say({"broken": str(broken)})
    except MemoryError:
        _say({"too_much": True})
    except OSError as error:
        _say({"failed": error.strerror or type(error).__name__})
    except Exception as error:
        # A damaged file can break a library in any way.
        traceback.print_exc()
        _say({"broken": f"it cannot be read here ({type(error).__name__})"})


def _reporter() -> Callable[[float], None]:
    said = -1

    def report(fraction: float) -> None:
        nonlocal said
        if int(fraction * STEPS) > said:
            said = int(fraction * STEPS)
            _say({"progress": fraction})

    return report


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    """Wait for the end of standard input, which comes when the parent process ends, for whatever reason."""
    sys.stdin.buffer.read()
    os._exit(1)
