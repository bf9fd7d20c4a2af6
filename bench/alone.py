"""Run one side of a benchmark in its own process, so that peak memory is measured separately.

``alone("bench.lists:filtered", root="…")`` calls that function in a new Python. The function returns the seconds of
each round and, if two sides should agree, its result.
"""

import importlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Not from the product's settings: the rival's environment has none of the product's packages.
ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Side:
    """Seconds of each round, the result, and the peak memory of the process in MB (None: not measured)."""

    seconds: list[float]
    found: Any = None
    peak: float | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def rounds(work: Callable[[], object], times: int, before: Callable[[], object] = lambda: None) -> list[float]:
    """Return the seconds of each call of ``work``. ``before`` is called first each time and not counted."""
    taken = []
    for _ in range(times):
        before()
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return taken


def peak() -> float:
    """Return this process's peak memory in MB. ``ru_maxrss`` cannot be used: it includes the parent process."""
    status = Path("/proc/self/status")
    if not status.exists():
        import resource

        scale = 1e6 if sys.platform == "darwin" else 1e3
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale
    [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1000


def alone(
    function: str, python: str | Path = sys.executable, settings: dict[str, str] | None = None, **given: Any
) -> Side:
    """Call ``module:function`` in a new process, with these settings in its environment.

    Raises RuntimeError with the end of its output if it fails.
    """
    call = [str(python), "-m", "bench.alone", function, json.dumps(given, default=str)]
    environment = os.environ | (settings or {})
    done = subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{function}: {done.stderr[-2000:]}")
    return Side(**json.loads(done.stdout.splitlines()[-1]))


def in_turns(ours: str, rival: str, times: int) -> tuple[Side, Side]:
    """Run both sides alternately in new processes, so that other load affects both equally."""
    turns = [[alone(function) for function in (ours, rival)] for _ in range(times)]
    first, second = ([turn[place] for turn in turns] for place in (0, 1))
    return _together(first), _together(second)


def _together(sides: list[Side]) -> Side:
    seconds = [taken for side in sides for taken in side.seconds]
    return Side(seconds, sides[0].found, max(side.peak or 0 for side in sides))


def commands(command: list[str], times: int) -> list[float]:
    """Return the seconds that each run of a command takes from start to end."""
    return rounds(lambda: subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL), times)


if __name__ == "__main__":
    module, name = sys.argv[1].split(":")
    result = getattr(importlib.import_module(module), name)(**json.loads(sys.argv[2]))
    seconds, found, *more = result
    notes = more[0] if more else {}
    print()
    print(json.dumps({"seconds": seconds, "found": found, "peak": peak(), "notes": notes}, default=str))
