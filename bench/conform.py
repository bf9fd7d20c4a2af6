"""Time and memory of conforming a delivered video, beside ffmpeg doing the same: ``python -m bench.conform [ROUNDS]``.

Both decode the same video and write one that plays everywhere, with the same encoder settings. ffmpeg is Debian's. Each
figure is a process of its own, in turns. Peak memory is that of the process that decodes and encodes.
"""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pilot_core.video.conform.process import conform

ROUNDS, SECONDS = 3, 20
RATIO, MEGABYTES = 1.15, 400
SOURCE = f"testsrc2=s=1080x1920:r=30:d={SECONDS},noise=alls=6:allf=t"
VIDEOS = {
    "H.264, 1080p, a keyframe each 8 s": ["-c:v", "libx264", "-preset", "veryfast", "-g", "250", "-pix_fmt", "yuv420p"],
    "H.265, 1080p, 10-bit": ["-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le"],
}
TAGS = ["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"]
RIVAL = [
    "-vf", "fps=30,format=yuv420p", "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-crf", "19",
    "-maxrate", "12M", "-bufsize", "24M", "-g", "30", "-bf", "2", "-x264-params", "open-gop=0", *TAGS,
    "-c:a", "aac", "-b:a", "192k", "-ac", "2", "-ar", "48000", "-movflags", "+faststart",
]  # fmt: skip


def main(rounds: int) -> int:
    """Print each comparison; returns 1 if a target is missed."""
    missed = 0
    with tempfile.TemporaryDirectory(prefix="bench-conform-") as name:
        folder = Path(name)
        for what, options in VIDEOS.items():
            source = folder / "source.mp4"
            tone = ["-f", "lavfi", "-i", f"sine=440:d={SECONDS}:r=48000"]
            _ffmpeg("-f", "lavfi", "-i", SOURCE, *tone, *options, *TAGS, "-c:a", "aac", str(source))
            ours, theirs = [], []
            for _ in range(rounds):
                ours.append(_timed(lambda: conform(source, folder / "full.mp4", None, lambda done: None)))  # noqa: B023
                theirs.append(_timed(lambda: _ffmpeg("-i", str(source), *RIVAL, str(folder / "rival.mp4"))))  # noqa: B023
            first, second = (statistics.median(taken for taken, _ in times) * 60 / SECONDS for times in (ours, theirs))
            used, rival_used = (statistics.median(used for _, used in times) for times in (ours, theirs))
            ratio = first / second
            memory = _peak(folder)
            missed += ratio > RATIO or memory > MEGABYTES
            print(f"{what}: {first:.1f} s a minute, ffmpeg {second:.1f} s: {ratio:.2f}× (at most {RATIO}×)")
            print(f"{what}: {used / rival_used:.2f}× its processor time")
            print(f"{what}: peak {memory:.0f} MB (at most {MEGABYTES} MB)", flush=True)
    return missed


def _peak(folder: Path) -> float:
    """Return the peak memory in MB of conforming, asked of a process that has no other child."""
    command = [sys.executable, "-m", "bench.conform", "--peak", str(folder)]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds that the work took, and those of processor time that its processes used."""
    begun, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    taken, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return taken, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments], check=True, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peak"]:
        place = Path(sys.argv[2])
        conform(place / "source.mp4", place / "full.mp4", None, lambda done: None)
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000)
        sys.exit()
    sys.exit(min(1, main(int(sys.argv[1]) if sys.argv[1:] else ROUNDS)))
