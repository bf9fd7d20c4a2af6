"""Judge and conform videos in a child process, with limits on time and memory.

A malicious file can make a decoder run forever, use up memory or crash. So the child has an empty environment, and it
ends when this process does.
"""

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from pilot_core.errors import PipelineFailed
from pilot_core.files import settle
from pilot_core.video.conform.outline import Broken, outline_of
from pilot_core.video.conform.result import Conformed

EXAMINE_SECONDS = 150
CONFORM_SECONDS = 1800
MEMORY_BYTES = 3_000_000_000
LONGEST_FILE = 2_000_000_000
LONGEST_ANSWER = 4000
_CHILD = (
    "import json, sys; sys.path[:0] = sys.argv[1:2]; "
    "from pilot_core.video.conform.child import main; main(json.loads(sys.argv[2]))"
)


def inspect(path: Path) -> str:
    """Check that the file is a video that can be decoded from its first picture to its last.

    Returns what people should know of its conversion, in one line that may be empty. Raises PipelineFailed with one
    sentence if it is not, or if that takes too much time or memory.
    """
    _check_outline(path)
    note: str = _run(path, None, None, EXAMINE_SECONDS, lambda fraction: None)["note"]
    return note


def conform(source: Path, full: Path, light: Path | None, progress: Callable[[float], None]) -> Conformed:
    """Judge a delivered video. Write it as it is to be watched to ``full``, unless it is that already.

    A small rendition for slow networks is written to ``light``, if that is given. Both appear only when they are whole.
    Raises PipelineFailed with one sentence.
    """
    _check_outline(source)
    parts = {target: target.with_suffix(".part") for target in (full, light) if target}
    try:
        done = _run(source, parts[full], parts[light] if light else None, CONFORM_SECONDS, progress)
        for target, part in parts.items():
            if part.exists():
                settle(part, target)
    except OSError as error:
        raise PipelineFailed(
            f"{source.name} could not be converted: {error.strerror or error}. Free some space, then try again."
        ) from error
    finally:
        for part in parts.values():
            with suppress(OSError):
                part.unlink()
    return Conformed.model_validate(done)


def unplayable(path: Path, reason: str) -> PipelineFailed:
    """Return the error for a file that is not a playable video, as one sentence."""
    return PipelineFailed(f"{path.name} is not a playable video: {reason}.")


def too_much() -> PipelineFailed:
    """Return the error for a file that exceeded a limit of time or memory."""
    return PipelineFailed("The file takes more time or memory to open than a video should; export it again.")


def _check_outline(path: Path) -> None:
    """Refuse at once what is no video at all."""
    try:
        outline_of(path)
    except Broken as broken:
        raise unplayable(path, str(broken)) from None
    except OSError:
        raise PipelineFailed(f"There is no file {path.name}: the film was not written, or has been moved.") from None


def _run(
    source: Path, full: Path | None, light: Path | None, seconds: float, progress: Callable[[float], None]
) -> dict[str, Any]:
    limits = {
        "RLIMIT_CPU": 2 * int(seconds + 1),
        "RLIMIT_AS": MEMORY_BYTES,
        "RLIMIT_FSIZE": LONGEST_FILE if full else 0,
        "RLIMIT_CORE": 0,
    }
    job = {"source": str(source.resolve()), "full": full and str(full), "light": light and str(light), "limits": limits}
    child = subprocess.Popen(
        [sys.executable, "-I", "-c", _CHILD, str(Path(__file__).parents[3]), json.dumps(job)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"MALLOC_ARENA_MAX": "2"},
    )
    with child:
        try:
            answer = _answer(child, time.monotonic() + seconds, progress)
        finally:
            child.kill()
    if answer is None or "too_much" in answer:
        raise too_much()
    if "broken" in answer:
        raise unplayable(source, answer["broken"])
    if "failed" in answer:
        raise PipelineFailed(f"{source.name} could not be converted: {answer['failed']}. Try again.")
    done: dict[str, Any] = answer["done"]
    return done


def _answer(
    child: subprocess.Popen[bytes], deadline: float, progress: Callable[[float], None]
) -> dict[str, Any] | None:
    """Return the child's last message; None if it ended without one or took too long."""
    assert child.stdout is not None
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdout, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0 and len(rest) <= LONGEST_ANSWER:
            if not selector.select(left):
                return None
            chunk = os.read(child.stdout.fileno(), LONGEST_ANSWER)
            if not chunk:
                return None
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                message: dict[str, Any] = json.loads(line)
                if "progress" not in message:
                    return message
                progress(message["progress"])
    return None
