"""The storyboard's beats built with MoviePy 2, run by the Python of ``.venv/moviepy``.

Each shot is a background, a moving accent bar and the same lines of text, which slide in and fade, with music and the
same encoder settings. Our video also has words that arrive one by one, backdrops and other transitions, so MoviePy has
less work to do.
"""

import json
import sys
from pathlib import Path
from typing import Any

from moviepy import AudioFileClip, ColorClip, CompositeVideoClip, TextClip, vfx

FPS = 30
X264 = "open-gop=0:subme=1:weightp=0"


def build(folder: str) -> tuple[list[float], dict[str, Any]]:
    """Build and write the video. Returns the seconds and its properties."""
    from bench.alone import rounds

    plan = json.loads((Path(folder) / "plan.json").read_text("utf-8"))
    taken = rounds(lambda: _write(plan, Path(folder)), 1)
    return taken, {"seconds": round(plan["seconds"], 2)}


def _write(plan: dict[str, Any], folder: Path) -> None:
    size = plan["width"], plan["height"]
    clips = [clip for shot in plan["shots"] for clip in _shot(plan, shot, size)]
    film = CompositeVideoClip(clips, size=size).with_duration(plan["seconds"])
    film = film.with_audio(AudioFileClip(str(folder / "music.wav")).with_duration(plan["seconds"]))
    film.write_videofile(
        str(folder / "moviepy.mp4"),
        fps=FPS,
        codec="libx264",
        audio_codec="aac",
        preset="veryfast",
        threads=2,
        logger=None,
        ffmpeg_params=["-crf", "19", "-g", str(FPS), "-bf", "2", "-x264-params", X264, "-movflags", "+faststart"],
    )


def _shot(plan: dict[str, Any], shot: dict[str, Any], size: tuple[int, int]) -> list[Any]:
    width, height = size
    lasts = shot["end"] - shot["start"]
    ground, ink = (plan["dark"], plan["light"]) if shot["dark"] else (plan["light"], plan["dark"])
    bar = ColorClip((width, height // 60), color=tuple(plan["accent"]))
    clips = [
        ColorClip(size, color=tuple(ground)).with_duration(lasts).with_start(shot["start"]),
        bar.with_duration(lasts)
        .with_start(shot["start"])
        .with_position(lambda t: (int(-width + width * min(1, t / lasts)), int(height * 0.78))),
    ]
    for place, text in enumerate(shot["lines"]):
        line = TextClip(
            font=plan["font"],
            text=text,
            font_size=height // 18,
            color=tuple(ink),
            method="caption",
            size=(int(width * 0.84), None),
            text_align="left",
        )
        rests = int(height * (0.28 + 0.16 * place))
        clips.append(
            line.with_duration(lasts)
            .with_start(shot["start"])
            .with_position(lambda t, rests=rests: (int(width * 0.08), int(rests + 60 * max(0.0, 1 - t / 0.35) ** 3)))
            .with_effects([vfx.CrossFadeIn(0.3)])
        )
    return clips


if __name__ == "__main__":
    print(build(sys.argv[1]))
