"""Decodes a picture or a voice note in a child process with limits, and encodes it anew; see ``attached``.

It is a separate module so that the server process does not load the decoders.
"""

import io
import json
import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from PIL import Image, ImageCms, ImageOps

from pilot_core.domain.attachments import AttachmentKind
from pilot_core.errors import InvalidRequest
from pilot_core.video.attached import (
    CPU_SECONDS,
    LONGEST_SIDE,
    MEMORY_BYTES,
    MOST_PIXELS,
    MOST_SECONDS,
    SMALL_SIDE,
    WRITTEN_BYTES,
    refused,
    too_much,
)

PICTURES = ("JPEG", "PNG", "WEBP")
MANY_IN_ONE = ("MPO",)
"""Formats of cameras that keep a second picture, such as a depth map, behind the first."""

SOUNDS = ("mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "ogg")
RATE, BIT_RATE = 48_000, 80_000
MOST_STREAMS = 8
SPARE_SECONDS = 1.5
"""How much longer than allowed, or shorter than announced, a voice note may be: recorders round."""

LOW = 10


def answer(kind: str, source: str, folder: str) -> None:
    """Set this process's limits, encode the file into ``folder``, and print what was written or why nothing was."""
    work_within_limits(encode_picture if kind == AttachmentKind.PICTURE else encode_sound, source, folder)


def work_within_limits(work: Callable[[Path, Path], dict[str, object]], source: str, folder: str) -> None:
    """Set this process's limits, do the work on the file, and print as JSON what it returns, or what is wrong."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (WRITTEN_BYTES, WRITTEN_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(LOW)
    try:
        told = work(Path(source), Path(folder))
    except InvalidRequest as error:
        told = {"problem": str(error)}
    except MemoryError:
        told = {"problem": str(too_much())}
    print(json.dumps(told))


def encode_picture(source: Path, folder: Path) -> dict[str, object]:
    """Write the picture upright, in sRGB and without metadata, and a thumbnail. Raises InvalidRequest."""
    Image.MAX_IMAGE_PIXELS = None  # checked below, with a sentence
    try:
        with Image.open(source, formats=PICTURES) as opened:
            width, height = opened.size
            if width * height > MOST_PIXELS:
                raise refused(
                    f"The picture has {width}×{height} pixels, and at most "
                    f"{MOST_PIXELS // 1_000_000} million can be sent. Make it smaller."
                )
            if getattr(opened, "n_frames", 1) > 1 and opened.format not in MANY_IN_ONE:
                raise refused("The picture is animated. Send a still picture.")
            as_png = opened.format == "PNG"
            picture = _plain(opened)
    except InvalidRequest:
        raise
    except MemoryError:
        raise
    except Exception as error:
        # Pillow's decoders raise many kinds of errors, without a common base class.
        raise refused("The picture cannot be opened: it is damaged or not whole. Export it again.") from error
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    file = "picture.png" if as_png or picture.mode == "RGBA" else "picture.jpg"
    if file.endswith(".png"):
        picture.save(folder / file, optimize=False)
    else:
        picture.save(folder / file, quality=90, optimize=True)
    small = _on_white(picture)
    small.thumbnail((SMALL_SIDE, SMALL_SIDE), Image.Resampling.LANCZOS)
    small.save(folder / "small.jpg", quality=82, optimize=True)
    return {"file": file, "small": "small.jpg", "width": picture.width, "height": picture.height}


def _plain(opened: Image.Image) -> Image.Image:
    """Return the pixels alone, upright, as RGB or, with transparency, RGBA."""
    profile = opened.info.get("icc_profile")
    opened.draft(None, (LONGEST_SIDE, LONGEST_SIDE))
    picture = ImageOps.exif_transpose(opened)
    if picture.mode.startswith("I;16"):
        picture = picture.point(lambda value: value / 256).convert("L")
    clear = "A" in picture.getbands() or "transparency" in picture.info
    if profile and picture.mode in ("RGB", "RGBA", "CMYK", "L"):
        picture = _in_srgb(picture, profile)
    picture = picture.convert("RGBA" if clear else "RGB")
    if clear and picture.getchannel("A").getextrema() == (255, 255):
        picture = picture.convert("RGB")
    picture.info = {}
    return picture


def _in_srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """Return the picture in sRGB, or as it is if its colour profile cannot be used."""
    mode = "RGBA" if picture.mode == "RGBA" else "RGB"
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        changed = ImageCms.profileToProfile(picture, given, ImageCms.createProfile("sRGB"), outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture
    return changed or picture


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture.copy()
    ground = Image.new("RGB", picture.size, "white")
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground


def encode_sound(source: Path, folder: Path) -> dict[str, object]:
    """Write the sound as AAC in an MP4 file, mono at 48 kHz, without metadata. Raises InvalidRequest."""
    try:
        with av.open(str(source), metadata_errors="replace") as container:
            announced = _announced(container)
            played = _encode(container, folder / "voice.m4a")
    except FFmpegError as error:
        raise refused("The voice note cannot be played: it is damaged or not whole. Record it again.") from error
    if not played:
        raise refused("There is no sound in the voice note. Record it again.")
    if announced and played < announced - SPARE_SECONDS:
        raise refused(f"The voice note breaks off after {played:.0f} of {announced:.0f} s. Record it again.")
    return {"file": "voice.m4a", "seconds": round(played, 2)}


def _announced(container: InputContainer) -> float | None:
    """Return the length in seconds that the file states, or None. Raises InvalidRequest if it is no voice note."""
    if container.format.name not in SOUNDS:
        raise refused("A voice note is an MP4, M4A, WebM or Ogg file. Record it again.")
    if len(container.streams) > MOST_STREAMS or not container.streams.audio:
        raise refused("There is no sound in the file. Record a voice note, or send a picture or a PDF.")
    if any(not stream.disposition & stream.disposition.attached_pic for stream in container.streams.video):
        raise refused("This is a video. Record a voice note, or send a picture or a PDF.")
    stream = container.streams.audio[0]
    if stream.duration and stream.time_base:
        seconds = float(stream.duration * stream.time_base)
    elif container.duration:
        seconds = container.duration / av.time_base
    else:
        return None
    if seconds > MOST_SECONDS + SPARE_SECONDS:
        raise _too_long()
    return seconds


def _encode(container: InputContainer, target: Path) -> float:
    """Encode the first sound of the container; returns its length in seconds. Raises InvalidRequest, FFmpegError."""
    resampler = AudioResampler(format="fltp", layout="mono", rate=RATE)
    most, samples = int((MOST_SECONDS + SPARE_SECONDS) * RATE), 0
    with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as written:
        stream = written.add_stream("aac", rate=RATE, layout="mono")
        assert isinstance(stream, AudioStream)
        stream.bit_rate = BIT_RATE
        for frame in _resampled(container, resampler):
            frame.pts = samples
            samples += frame.samples
            if samples > most:
                raise _too_long()
            written.mux(stream.encode(frame))
        if samples:
            written.mux(stream.encode(None))
    return samples / RATE


def _resampled(container: InputContainer, resampler: AudioResampler) -> Iterator[AudioFrame]:
    for frame in container.decode(container.streams.audio[0]):
        frame.pts = None
        yield from resampler.resample(frame)
    yield from resampler.resample(None)


def _too_long() -> InvalidRequest:
    return refused(f"The voice note is longer than {MOST_SECONDS / 60:.0f} minutes. Record a shorter one.")
