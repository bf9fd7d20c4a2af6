"""Whether a file that somebody brought is a film at all, judged from its content in a process of its own.

A file made to harm can make a decoder run without end, fill the memory or crash. So it is opened by a child that has
little of each, sees no settings of the server, and answers one word or a sentence.
"""

import resource
import subprocess
import sys
from pathlib import Path

from pilot_core.errors import PipelineFailed

WALL_SECONDS = 150
CPU_SECONDS = 120
MEMORY_BYTES = 2_000_000_000
LONGEST_ANSWER = 400
MOST_PIXELS = 4096 * 4096
MOST_STREAMS = 8
MOST_BOXES = 20_000
MOST_SECONDS = 300.0
FINE = "fine"


def inspect(path: Path) -> None:
    """Return when the file is an MP4 film that plays from its first picture to its last.

    Raises PipelineFailed with one sentence when it is not, or when finding out takes more than ``CPU_SECONDS`` of work
    or ``MEMORY_BYTES`` of memory.
    """
    if reason := _outline(path):
        raise PipelineFailed(f"{path.name} is not a playable video: {reason}.")
    command = [sys.executable, "-I", "-c", _CHILD, str(Path(__file__).parents[2]), str(path.resolve())]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=WALL_SECONDS, env={})
    except subprocess.TimeoutExpired:
        raise _too_much() from None
    answer = done.stdout[: 4 * LONGEST_ANSWER].decode("utf-8", "replace").strip()[:LONGEST_ANSWER]
    if done.returncode or not answer:
        raise _too_much()
    if answer != FINE:
        raise PipelineFailed(answer)


def _outline(path: Path) -> str | None:
    """What is wrong with the file's outermost boxes (ISO/IEC 14496-12, 4.2), which need no decoder; or None."""
    size, at = path.stat().st_size, 0
    kinds: list[bytes] = []
    with path.open("rb") as file:
        while at < size and len(kinds) < MOST_BOXES:
            file.seek(at)
            head = file.read(16)
            length, kind = int.from_bytes(head[:4]), head[4:8]
            if not kinds and kind != b"ftyp":
                return "it is not an MP4 file"
            if length == 1:
                length = int.from_bytes(head[8:16])
            elif length == 0:
                length = size - at
            if length < 8 or at + length > size:
                return "it breaks off before its end, or is damaged"
            kinds.append(kind)
            at += length
    if at < size or b"moov" not in kinds:
        return "it is damaged"
    return None


def _too_much() -> PipelineFailed:
    return PipelineFailed("The file takes more time or memory to open than a film should; export it again as an mp4.")


_CHILD = "import sys; sys.path[:0] = sys.argv[1:2]; from pilot_core.video.inspection import judge; judge(sys.argv[2])"


def judge(path: str) -> None:
    """In the child: give up most of what a process may use, and print ``FINE`` or what is wrong."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _check(Path(path))
        print(FINE)
    except PipelineFailed as error:
        print(error)
    except MemoryError:
        print(_too_much())


def _check(path: Path) -> None:
    from av.video.frame import VideoFrame

    from pilot_core.video.probe import MISSING_TAIL, opened, unplayable

    with opened(path) as (container, stream):
        if len(container.streams) > MOST_STREAMS:
            raise unplayable(path, f"it holds {len(container.streams)} tracks, more than {MOST_STREAMS}")
        width, height = stream.codec_context.width, stream.codec_context.height
        if width * height > MOST_PIXELS:
            raise unplayable(path, f"its picture of {width}×{height} is too large")
        base = stream.time_base or 0
        length = float((stream.duration or 0) * base)
        if length > MOST_SECONDS:
            raise unplayable(
                path, f"it is {length / 60:.0f} minutes long; films here have at most {MOST_SECONDS / 60:.0f}"
            )
        sound = container.streams.audio[:1]
        pictures, end, start = 0, 0.0, float((stream.start_time or 0) * base)
        for frame in container.decode(stream, *sound):
            if isinstance(frame, VideoFrame):
                pictures += 1
                end = max(end, frame.time or 0.0)
        if not pictures:
            raise unplayable(path, "no picture in it can be decoded")
        if end - start < length - MISSING_TAIL:
            raise unplayable(path, f"it breaks off after {max(0.0, end - start):.1f} of {length:.1f} s")
