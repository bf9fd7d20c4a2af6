"""Encodes frames while they are drawn, and joins what is new with what an earlier film has already.

One thread draws, another encodes: x264 releases the GIL while it works. Every shot begins with a key frame and refers
to no other, so its packets can be taken from one file into another without encoding them again.
"""

import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from pilot_core.video.instruments import Sound
from pilot_core.video.storyboard.film import FPS

SAMPLE_RATE = 48_000
TICK = Fraction(1, FPS)
_AHEAD = 12

Packets = Iterator["Packet[Any]"]


@dataclass(frozen=True)
class Part:
    """A stretch of the film that a file has: its length, and where it begins there, both in frames."""

    source: Path
    at: int
    frames: int


@dataclass(frozen=True)
class Described:
    """What the file says of itself: size in pixels, title, and language as an ISO 639-2 code."""

    width: int
    height: int
    title: str = ""
    language: str = "und"


class CannotJoin(Exception):
    """Two files were encoded differently, so that parts of one cannot be joined to the other."""


def write(path: Path, told: Described, frames: Iterable[av.VideoFrame], sound: Sound | None) -> None:
    """Encode frames and sound (float32, n×2, 48 kHz; None: no sound) as an mp4 with its index at the front.

    A frame with the picture type I begins a segment. Raises any error from the encoder or the ``frames`` iterator.
    """
    ready: queue.Queue[av.VideoFrame | None] = queue.Queue(_AHEAD)
    failed: list[BaseException] = []
    stopped = threading.Event()

    def encode() -> None:
        try:
            with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
                _encode(container, told, ready, sound)
        except BaseException as error:
            failed.append(error)
        finally:
            stopped.set()

    worker = threading.Thread(target=encode, name="storyboard-encoder", daemon=True)
    worker.start()
    try:
        for frame in frames:
            _offer(ready, frame, stopped)
            if stopped.is_set():
                break
    finally:
        _offer(ready, None, stopped)
        worker.join()
    if failed:
        raise failed[0]


def join(path: Path, told: Described, parts: Sequence[Part], sound: Sound | Path) -> None:
    """Write the parts one after another as an mp4, with new sound or with that of a file. Nothing is encoded again.

    Raises CannotJoin if the parts were encoded differently.
    """
    with ExitStack() as stack:
        sources = dict.fromkeys(part.source for part in parts)
        opened = {source: stack.enter_context(av.open(str(source))) for source in sources}
        first = opened[parts[0].source].streams.video[0]
        for container in opened.values():
            other = container.streams.video[0].codec_context
            if other.extradata != first.codec_context.extradata:
                raise CannotJoin("the files were encoded with other settings")
        made = stack.enter_context(av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}))
        assert isinstance(made, OutputContainer)
        video: Any = made.add_stream_from_template(first)
        _describe(made, video, told)
        if isinstance(sound, Path):
            heard = stack.enter_context(av.open(str(sound)))
            copied: Any = made.add_stream_from_template(heard.streams.audio[0])
            _say_language(copied, told)
            voiced: Packets = _sound_of(heard, copied)
        else:
            audio = _add_sound(made, told)
            voiced = _encoded_sound(audio, sound, sum(part.frames for part in parts))
        _interleave(made, _joined(opened, parts, video), voiced)


def _joined(opened: dict[Path, InputContainer], parts: Sequence[Part], video: Any) -> Packets:
    """Yield the packets of the parts with their new times."""
    chain: list[tuple[int, Packet[Any]]] = []
    start = 0
    indexed = {path: _indexed(container) for path, container in opened.items()}
    for part in parts:
        found = [(place, packet) for place, packet in indexed[part.source] if part.at <= place < part.at + part.frames]
        if len(found) != part.frames or not found[0][1].is_keyframe or found[0][0] != part.at:
            raise CannotJoin("a part does not begin with a picture of its own")
        chain += [(start + place - part.at, packet) for place, packet in found]
        start += part.frames
    # Pictures are decoded in this order; each must be decoded before it is shown.
    delay = max(order - place for order, (place, _) in enumerate(chain))
    for order, (place, packet) in enumerate(chain):
        packet.stream = video
        packet.time_base = TICK
        packet.pts, packet.dts, packet.duration = place, order - delay, 1
        yield packet


def _indexed(container: InputContainer) -> list[tuple[int, "Packet[Any]"]]:
    """Return a file's packets of pictures in decoding order, each with its frame's number."""
    return [
        (round(packet.pts * packet.time_base * FPS), packet)
        for packet in container.demux(video=0)
        if packet.pts is not None and packet.time_base is not None and packet.size
    ]


def _sound_of(container: InputContainer, stream: Any) -> Packets:
    for packet in container.demux(audio=0):
        if packet.size:
            packet.stream = stream
            yield packet


def _interleave(container: OutputContainer, pictures: Packets, voiced: Packets) -> None:
    """Mux packets of both kinds in the order of their times."""

    def at(packet: "Packet[Any]") -> Fraction:
        moment = packet.dts if packet.dts is not None else packet.pts or 0
        return moment * (packet.time_base or TICK)

    heard = next(voiced, None)
    for picture in pictures:
        due = at(picture)
        while heard is not None and at(heard) <= due:
            container.mux(heard)
            heard = next(voiced, None)
        container.mux(picture)
    while heard is not None:
        container.mux(heard)
        heard = next(voiced, None)


def _offer(ready: "queue.Queue[av.VideoFrame | None]", frame: av.VideoFrame | None, stopped: threading.Event) -> None:
    while not stopped.is_set():
        try:
            ready.put(frame, timeout=0.5)
            return
        except queue.Full:
            continue


def _encode(
    container: OutputContainer,
    told: Described,
    ready: "queue.Queue[av.VideoFrame | None]",
    sound: Sound | None,
) -> None:
    video: VideoStream = container.add_stream("libx264", rate=FPS)
    video.width, video.height, video.pix_fmt = told.width, told.height, "yuv420p"
    video.time_base = TICK
    video.options = {
        "preset": "veryfast",
        "crf": "19",
        "g": str(FPS),
        "bf": "2",
        "forced-idr": "1",
        "x264-params": "open-gop=0:subme=1:weightp=0:colorprim=bt709:transfer=bt709:colormatrix=bt709:range=tv",
    }
    video.codec_context.thread_count = 2
    _describe(container, video, told)
    audio = _add_sound(container, told) if sound is not None else None
    voiced = _encoded_sound(audio, sound) if audio is not None and sound is not None else iter(())
    heard = next(voiced, None)
    number = 0
    while (frame := ready.get()) is not None:
        frame.pts, frame.time_base = number, TICK
        container.mux(video.encode(frame))
        number += 1
        while heard is not None and (heard.pts or 0) <= number * SAMPLE_RATE // FPS:
            container.mux(heard)
            heard = next(voiced, None)
    container.mux(video.encode(None))
    while heard is not None:
        container.mux(heard)
        heard = next(voiced, None)


def _describe(container: OutputContainer, video: Any, told: Described) -> None:
    if told.title:
        container.metadata["title"] = told.title
    _say_language(video, told)


def _say_language(stream: Any, told: Described) -> None:
    stream.metadata["language"] = told.language


def _add_sound(container: OutputContainer, told: Described) -> AudioStream:
    audio: AudioStream = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
    audio.bit_rate = 192_000
    _say_language(audio, told)
    return audio


def _encoded_sound(audio: AudioStream, sound: Sound, frames: int | None = None) -> Packets:
    """Yield the packets of the sound, cut to the length of that many frames."""
    planar = np.ascontiguousarray(sound.T.astype(np.float32))
    end = planar.shape[1] if frames is None else min(planar.shape[1], frames * SAMPLE_RATE // FPS)
    for start in range(0, end, 1024):
        samples = np.ascontiguousarray(planar[:, start : min(start + 1024, end)])
        piece = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
        piece.sample_rate, piece.pts, piece.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
        yield from audio.encode(piece)
    yield from audio.encode(None)
