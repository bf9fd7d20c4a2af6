"""One file that is written: H.264 and AAC in an MP4 that starts while loading, a keyframe each second."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path

import av
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec.context import ThreadType
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from pilot_core.video.conform.pictures import FORMAT, Converter, Size, size_within
from pilot_core.video.conform.sound import RATE
from pilot_core.video.conform.survey import BT709, Survey


@dataclass(frozen=True)
class Quality:
    """How large and how good a rendition is. ``crf`` is x264's constant quality; rates are in bits per second."""

    short_side: int
    crf: int
    most_bits: int
    sound_bits: int
    preset: str


FULL = Quality(short_side=1080, crf=19, most_bits=12_000_000, sound_bits=192_000, preset="veryfast")
LIGHT = Quality(short_side=540, crf=26, most_bits=1_050_000, sound_bits=96_000, preset="veryfast")


class Rendition:
    """Writes pictures and sound to ``path``. Use as a context manager; the file is whole when it ends."""

    def __init__(self, path: Path, found: Survey, quality: Quality):
        self._rate = found.rate.frames_per_second
        self.size: Size = size_within(found.pictures.shown_size, quality.short_side)
        self._converter = Converter(found.pictures, self.size)
        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        self._video = self._picture_track(quality)
        self._audio = self._sound_track(quality) if found.sound else None
        self._fifo = AudioFifo()
        self._count, self._samples = 0, 0
        self._most_samples = round(found.frames * RATE / self._rate)

    def __enter__(self) -> "Rendition":
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    def show(self, frame: VideoFrame, times: int) -> None:
        """Write a picture for that many frames."""
        made = self._converter.convert(frame)
        made.time_base = 1 / self._rate
        for _ in range(times):
            made.pts, made.pict_type = self._count, 0
            self._container.mux(self._video.encode(made))
            self._count += 1

    def play(self, frame: AudioFrame) -> None:
        """Write sound that follows what was written before. What lasts longer than the pictures is left out."""
        if self._audio is None or self._samples >= self._most_samples:
            return
        frame.pts = None
        self._fifo.write(frame)
        size = self._audio.codec_context.frame_size or 1024
        while self._fifo.samples >= size and self._samples < self._most_samples:
            self._encode_sound(size)

    def finish(self) -> None:
        """Write what is left."""
        self._container.mux(self._video.encode(None))
        if self._audio is not None:
            if self._fifo.samples:
                self._encode_sound(self._fifo.samples)
            self._container.mux(self._audio.encode(None))

    def _encode_sound(self, samples: int) -> None:
        samples = min(samples, self._most_samples - self._samples)
        if samples <= 0 or self._audio is None:
            return
        piece = self._fifo.read(samples)
        if piece is None:
            return
        piece.pts, piece.time_base, piece.sample_rate = self._samples, Fraction(1, RATE), RATE
        self._samples += samples
        self._container.mux(self._audio.encode(piece))

    def _picture_track(self, quality: Quality) -> VideoStream:
        video: VideoStream = self._container.add_stream("libx264", rate=self._rate)
        video.width, video.height, video.pix_fmt = self.size.width, self.size.height, FORMAT
        video.time_base = 1 / self._rate
        context = video.codec_context
        context.thread_type = ThreadType.AUTO  # several frames at once; PyAV's default cuts each frame into slices
        context.sample_aspect_ratio = Fraction(1)
        context.color_primaries = context.color_trc = context.colorspace = BT709
        context.color_range = 1
        second = ceil(self._rate)
        video.options = {
            "preset": quality.preset,
            "profile": "high",
            "crf": str(quality.crf),
            "maxrate": str(quality.most_bits),
            "bufsize": str(2 * quality.most_bits),
            "g": str(second),
            "bf": "2",
            "x264-params": "open-gop=0",
        }
        return video

    def _sound_track(self, quality: Quality) -> AudioStream:
        audio: AudioStream = self._container.add_stream("aac", rate=RATE, layout="stereo")
        audio.bit_rate = quality.sound_bits
        return audio
