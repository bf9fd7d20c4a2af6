"""Encodes frames while they are drawn: one thread draws, another encodes. x264 releases the GIL while it works."""

import queue
import threading
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream

from pilot_core.video.storyboard.film import FPS

SAMPLE_RATE = 48_000
_AHEAD = 12


def write(
    path: Path,
    width: int,
    height: int,
    frames: Iterable[av.VideoFrame],
    sound: "np.ndarray[tuple[int, int], np.dtype[np.float32]]",
) -> None:
    """Encode frames and sound (float32, n×2, 48 kHz) as an mp4 with its index at the front.

    Raises any error from the encoder or from the ``frames`` iterator.
    """
    ready: queue.Queue[av.VideoFrame | None] = queue.Queue(_AHEAD)
    failed: list[BaseException] = []
    stopped = threading.Event()

    def encode() -> None:
        try:
            with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
                _encode(container, width, height, ready, sound)
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


def _offer(ready: "queue.Queue[av.VideoFrame | None]", frame: av.VideoFrame | None, stopped: threading.Event) -> None:
    while not stopped.is_set():
        try:
            ready.put(frame, timeout=0.5)
            return
        except queue.Full:
            continue


def _encode(
    container: OutputContainer,
    width: int,
    height: int,
    ready: "queue.Queue[av.VideoFrame | None]",
    sound: "np.ndarray[tuple[int, int], np.dtype[np.float32]]",
) -> None:
    video: VideoStream = container.add_stream("libx264", rate=FPS)
    video.width, video.height, video.pix_fmt = width, height, "yuv420p"
    video.time_base = Fraction(1, FPS)
    video.options = {
        "preset": "veryfast",
        "crf": "19",
        "g": str(FPS),
        "bf": "2",
        "x264-params": "open-gop=0:subme=1:weightp=0:colorprim=bt709:transfer=bt709:colormatrix=bt709:range=tv",
    }
    video.codec_context.thread_count = 2
    audio: AudioStream = container.add_stream("aac", rate=SAMPLE_RATE, layout="stereo")
    audio.bit_rate = 192_000
    size, sent, number = 1024, 0, 0
    planar = np.ascontiguousarray(sound.T.astype(np.float32))
    while (frame := ready.get()) is not None:
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        container.mux(video.encode(frame))
        number += 1
        until = min(planar.shape[1], number * SAMPLE_RATE // FPS)
        while sent + size <= until:
            _send_sound(container, audio, planar, sent, size)
            sent += size
    end = min(planar.shape[1], number * SAMPLE_RATE // FPS)
    while sent < end:
        _send_sound(container, audio, planar, sent, min(size, end - sent))
        sent += size
    container.mux(video.encode(None))
    container.mux(audio.encode(None))


def _send_sound(
    container: OutputContainer,
    audio: AudioStream,
    planar: "np.ndarray[tuple[int, int], np.dtype[np.float32]]",
    start: int,
    count: int,
) -> None:
    piece = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(planar[:, start : start + count]), format="fltp", layout="stereo"
    )
    piece.sample_rate, piece.pts, piece.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
    container.mux(audio.encode(piece))
