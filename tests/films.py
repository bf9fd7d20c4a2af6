"""Make small test videos with PyAV. Every property that a test may need is an argument.

Each frame shows its number and a moving square, so that a picture can be matched to its frame. Spans are (start, end)
in seconds.
"""

from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pilot_core.video.conform.process import conform

Spans = tuple[tuple[float, float], ...]

RATE = 48_000


def make_film(
    path: Path,
    *,
    seconds: float = 2.0,
    width: int = 108,
    height: int = 192,
    rate: Fraction = Fraction(30),
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    audio: str | None = "aac",
    audio_seconds: float | None = None,
    tone_dbfs: float = -16.0,
    samples: np.ndarray | None = None,
    silent: Spans = (),
    black: Spans = (),
    frozen: Spans = (),
    faststart: bool = True,
    rotation: int = 0,
    pixel: Fraction = Fraction(1),
) -> Path:
    """Write a video to ``path`` and return the path.

    ``audio`` is an encoder name, or None for no sound track. The sound is a 997 Hz sine on both channels with its peak
    at ``tone_dbfs``, which BS.1770 measures as that many LUFS, or ``samples``, float32 of shape (n, 2) at 48 kHz.
    ``rotation`` (degrees) and ``pixel`` (pixel aspect ratio, width by height) are only written as metadata, as cameras
    do.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"movflags": "+faststart"} if faststart else {}
    with av.open(str(path), "w", format="mp4", options=options) as film:
        video = film.add_stream(codec, rate=rate)
        video.width, video.height, video.pix_fmt = width, height, pixel_format
        if codec == "libx264":
            video.options = {"preset": "ultrafast", "g": "30"}
        video.codec_context.sample_aspect_ratio = pixel
        if rotation:
            video.set_display_rotation(rotation)
        sound = film.add_stream(audio, rate=RATE, layout="stereo") if audio else None
        for number in range(round(seconds * rate)):
            now = float(number / rate)
            shown = next((int(start * rate) for start, end in frozen if start <= now < end), number)
            dark = any(start <= now < end for start, end in black)
            image = Image.new("RGB", (width, height)) if dark else picture(shown, width, height)
            film.mux(video.encode(av.VideoFrame.from_image(image)))
        film.mux(video.encode(None))
        if sound is not None:
            length = seconds if audio_seconds is None else audio_seconds
            _encode(film, sound, _tone(length, tone_dbfs, silent) if samples is None else samples.T)
    return path


def make_conformed_film(path: Path, **options: Any) -> Path:
    """Write a video that is to be watched as it is, so that attempts need not convert it. Options as of `make_film`."""
    with TemporaryDirectory() as folder:
        conform(make_film(Path(folder, "delivered.mp4"), **options), path, None, lambda _: None)
    return path


def make_sound_file(path: Path, seconds: float = 1.0) -> Path:
    """Write an MP4 with sound and no picture."""
    with av.open(str(path), "w", format="mp4") as film:
        sound = film.add_stream("aac", rate=RATE, layout="stereo")
        _encode(film, sound, _tone(seconds, -16.0, ()))
    return path


def picture(number: int, width: int = 108, height: int = 192) -> Image.Image:
    """Return the picture of that frame."""
    image = Image.new("RGB", (width, height), (235, 230, 215))
    draw = ImageDraw.Draw(image)
    side = width // 4
    left = number * 3 % (width - side)
    draw.rectangle((left, height - side, left + side, height), fill=(30, 110, 90))
    draw.text((width / 2, height * 0.4), str(number), fill=(20, 20, 40), font=_font(width * 0.4), anchor="mm")
    return image


@cache
def _font(size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def _encode(film: av.container.OutputContainer, sound: av.AudioStream, samples: np.ndarray) -> None:
    planes = np.ascontiguousarray(samples, np.float32)
    frame = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
    frame.sample_rate = RATE
    film.mux(sound.encode(frame))
    film.mux(sound.encode(None))


def _tone(seconds: float, dbfs: float, silent: Spans) -> np.ndarray:
    """Return a stereo sine, float32 of shape (2, n). A full-scale 997 Hz sine on two channels measures 0 LUFS."""
    times = np.arange(round(seconds * RATE)) / RATE
    wave = 10 ** (dbfs / 20) * np.sin(2 * np.pi * 997 * times)
    for start, end in silent:
        wave[(times >= start) & (times < end)] = 0
    return np.tile(wave.astype(np.float32), (2, 1))
