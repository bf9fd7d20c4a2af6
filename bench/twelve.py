"""Makes the films of the twelve briefs and measures them: ``python -m bench.twelve FOLDER``.

Per film: length, share of the seconds from the brief, stock, what is left out, loudness (EBU R 128), true peak, clicks.
"""

import sys
import time
from pathlib import Path

import av
import numpy as np
import pyloudnorm

from pilot_core.video.probe import probe
from pilot_core.video.storyboard import revise
from pilot_core.video.storyboard.coverage import coverage, share_of_brief
from pilot_core.video.storyboard.findings import findings
from pilot_core.video.storyboard.palette import palette_of
from pilot_core.video.storyboard.pipeline import StoryboardPipeline
from tests.twelve_briefs import TWELVE, cut_brief

CLICK = 0.5
"""A jump between two samples, of full scale, that would be heard as a click."""


def sound_of(path: Path) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    """Return a video's sound as n×2 samples at its own rate."""
    with av.open(str(path)) as container:
        return np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1).T


def loudness_range(sound: "np.ndarray[tuple[int, int], np.dtype[np.float32]]", rate: int = 48_000) -> float:
    """Return the loudness range in LU (EBU Tech 3342: 3 s windows, gates at −70 LUFS and −20 LU, 10th to 95th)."""
    meter = pyloudnorm.Meter(rate)
    return float(meter.loudness_range(sound))


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    print("film        s  made in  brief  left out                 LUFS   LRA  peak  jump  to look at")
    for name in TWELVE:
        brief = cut_brief(name, folder / "kit")
        film = revise.plan(brief)
        began = time.perf_counter()
        made = StoryboardPipeline().make_cut(brief, folder / name, lambda *_: None).video_path
        taken = time.perf_counter() - began
        measured, sound = probe(made), sound_of(made)
        lines = coverage(film, brief)
        left_out = ", ".join(line.field for line in lines if line.reason) or "nothing"
        jump = float(np.abs(np.diff(sound, axis=0)).max())
        found = findings(film, palette_of(brief.brand), brief)
        print(
            f"{name:10} {film.seconds:4.1f}  {taken:5.1f} s  {share_of_brief(film):4.0%}  {left_out:22} "
            f"{measured.loudness_lufs:6.2f} {loudness_range(sound):5.1f} {measured.true_peak_dbtp:5.1f} {jump:5.2f}  "
            f"{[(f.code, f.shot) for f in found]}",
            flush=True,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
