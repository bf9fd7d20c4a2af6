"""A storyboard video of 30 s, compared with its encoding alone and with the same beats built with MoviePy 2."""

import json
import tempfile
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.alone import rounds
from pilot_core.domain.brief import Brief
from pilot_core.video.contract import CutBrief

if TYPE_CHECKING:
    import av

    from pilot_core.video.storyboard.film import Film

SECONDS, AT_ONCE = 30.0, 90


def brief() -> CutBrief:
    """Return the brief of the video. The scenario's default is 26 s; here the minimum is 30."""
    from pilot_core import catalog
    from pilot_core.services.pilots import create_pilot

    said = Brief(
        product="Ledger",
        message="Close your books in one day, not ten",
        proof_points=["412 finance teams", "9 days saved each month", "Audited by KPMG since 2021"],
        call_to_action="Start free today",
        link="https://www.ledger.example/start",
    )
    pilot = create_pilot("Alice Chen", "AcmeAI", "problem_solution", "enterprise", brief=said)
    return CutBrief(
        pilot_id="pilot_20260101_abc12345",
        founder_name=pilot.founder_name,
        company_name=pilot.company_name,
        scenario=catalog.scenario(pilot.scenario_type).model_copy(update={"min_seconds": SECONDS - 0.2}),
        brand=pilot.brand_context,
        playbook_version=None,
        brief=said,
        attempt_number=1,
        iteration=1,
        width=1080,
        height=1920,
    )


def cut(times: int = 1) -> tuple[list[float], dict[str, Any]]:
    """Time making the whole video: plan, drawing, music, encoding. Imports are not counted."""
    from pilot_core.video.storyboard.pipeline import StoryboardPipeline

    with tempfile.TemporaryDirectory() as folder:
        taken = rounds(lambda: StoryboardPipeline().make_cut(brief(), Path(folder), lambda *_: None), times)
        film = _film()
        return taken, {"seconds": round(film.seconds, 2), "frames": film.frames}


def encoded(times: int = 1) -> tuple[list[float], dict[str, Any]]:
    """Time encoding the same frames and sound. Drawing them, 90 at a time, is not counted."""
    from pilot_core.video.storyboard import encode

    film = _film()
    sound = _sound(film)
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(times):
            drawn = _Drawn(film)
            taken.append(rounds(lambda: _encode(encode, Path(folder) / f"{number}.mp4", film, drawn, sound), 1)[0])  # noqa: B023
            taken[-1] -= drawn.drawing
    return taken, {"seconds": round(film.seconds, 2), "frames": film.frames}


def moviepy_plan(path: str) -> tuple[list[float], None]:
    """Write the video's texts, their times and its music for ``bench.moviepy_film``."""
    from pilot_core.video.storyboard.film import plain
    from pilot_core.video.storyboard.fonts import VOICES, file_of
    from pilot_core.video.storyboard.palette import palette_of

    film, palette = _film(), palette_of(brief().brand)
    folder = Path(path)
    sound = _sound(film)
    with wave.open(str(folder / "music.wav"), "wb") as music:
        music.setnchannels(2)
        music.setsampwidth(2)
        music.setframerate(48_000)
        music.writeframes((sound.clip(-1, 1) * 32767).astype("<i2").tobytes())
    face = VOICES[film.tone].display
    plan = {
        "width": film.width,
        "height": film.height,
        "seconds": film.seconds,
        "font": str(file_of(face.package, face.stem)),
        "dark": list(palette.dark),
        "light": list(palette.light),
        "accent": list(palette.accent),
        "shots": [
            {
                "start": shot.start / 30,
                "end": shot.end / 30,
                "lines": [plain(text) for text in (shot.above, shot.main, shot.below) if text],
                "dark": index % 2 == 0,
            }
            for index, shot in enumerate(film.shots)
        ],
    }
    (folder / "plan.json").write_text(json.dumps(plan), "utf-8")
    return [0.0], None


class _Drawn:
    """The video's frames, in the form the encoder's queue gives them.

    ``drawing`` is the time spent drawing, in seconds.
    """

    def __init__(self, film: "Film"):
        from pilot_core.video.storyboard.draw import frames
        from pilot_core.video.storyboard.palette import palette_of

        self._frames = (canvas.frame for _, canvas in frames(film, palette_of(brief().brand)))
        self._ready: Iterator[av.VideoFrame] = iter(())
        self.drawing = 0.0

    def get(self) -> "av.VideoFrame | None":
        frame = next(self._ready, None)
        if frame is None:
            begun = time.perf_counter()
            self._ready = iter([frame for _, frame in zip(range(AT_ONCE), self._frames, strict=False)])
            self.drawing += time.perf_counter() - begun
            frame = next(self._ready, None)
        return frame


def _encode(encode: Any, path: Path, film: "Film", drawn: _Drawn, sound: Any) -> None:
    import av

    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        encode._encode(container, encode.Described(film.width, film.height), drawn, sound)


def _film() -> "Film":
    from pilot_core.video.storyboard import revise

    return revise.plan(brief())


def _sound(film: "Film") -> Any:
    from pilot_core.video.storyboard.pipeline import bed_of

    return bed_of(film)
