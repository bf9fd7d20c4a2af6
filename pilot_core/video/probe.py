"""Measures a finished video with FFmpeg's detectors, decoding its picture and sound once.

Only local files are opened, and only as what their first bytes say they are (``conform.outline``).
"""

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.codec.context import ThreadType
from av.container import InputContainer
from av.filter import Graph
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from pydantic import BaseModel, ConfigDict

from pilot_core.errors import PipelineFailed
from pilot_core.video.conform.outline import Broken, outline_of
from pilot_core.video.conform.process import unplayable
from pilot_core.video.conform.result import Delivered

SILENCE_DBFS = -50  # sound quieter than this counts as silence
BLACK_SHARE = 0.98  # a frame is black if at least this share of its pixels is
BLACK_LUMA = 0.10  # a pixel is black below this brightness, 0 to 1
FREEZE_CHANGE = 0.001  # a picture is frozen if its mean change per pixel is below this, 0 to 1
SHORTEST_FREEZE = 0.5  # seconds
SHORTEST_SILENCE = 0.2  # seconds
DETECTION_WIDTH = 270  # pixels; black and freezes are detected just as well on a scaled-down picture
MISSING_TAIL = 0.5  # seconds that may be missing at the end before the video counts as truncated


class Measured(BaseModel):
    """The measurements of a video, in seconds, pixels and bytes. None means there was nothing to measure.

    ``width`` and ``height`` are as shown, after rotation and correction of the pixel aspect ratio. ``frame_rate`` is an
    exact fraction such as "30000/1001" or "25". ``loudness_lufs`` is integrated over the whole video (EBU R 128), and
    ``true_peak_dbtp`` is the highest true peak; both are None for a silent video. The longest silence, black and freeze
    are 0.0 if there is none. Freezes under 0.5 s and silences under 0.2 s are not detected. ``delivered`` is the file
    that the video was conformed from.
    """

    model_config = ConfigDict(frozen=True)

    duration_seconds: float
    width: int
    height: int
    frame_rate: str
    frame_count: int
    video_codec: str
    pixel_format: str | None
    audio_codec: str | None
    audio_sample_rate: int | None
    faststart: bool
    loudness_lufs: float | None
    true_peak_dbtp: float | None
    longest_silence_seconds: float | None
    longest_black_seconds: float
    longest_freeze_seconds: float
    size_bytes: int
    sha256: str
    delivered: Delivered | None = None


@contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a video for reading; yields the container and its video track.

    Raises PipelineFailed with one sentence if it cannot be opened, or if FFmpeg fails while it is being read.
    """
    try:
        demuxer = outline_of(path).demuxer
    except Broken as broken:
        raise unplayable(path, str(broken)) from None
    except OSError:
        raise PipelineFailed(f"There is no file {path.name}: the film was not written, or has been moved.") from None
    whitelist = {"protocol_whitelist": "file"}
    try:
        with av.open(
            str(path.resolve()), "r", format=demuxer, metadata_errors="replace", container_options=whitelist
        ) as container:
            pictures = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
            if not pictures:
                raise unplayable(path, "it holds no moving picture")
            if pictures[0].codec_context is None:
                raise unplayable(path, "its picture is in a format that cannot be read here")
            pictures[0].thread_type = ThreadType.AUTO
            yield container, pictures[0]
    except av.FFmpegError:
        raise unplayable(path, "it is damaged") from None


def probe(path: Path) -> Measured:
    """Measure the video, decoding it once. Raises PipelineFailed with one sentence if it is damaged or not a video."""
    with opened(path) as (container, stream):
        pictures = _Pictures(stream)
        track = next((s for s in container.streams.audio if s.codec_context is not None), None)
        sound = _Sound() if track else None
        for frame in container.decode(*([stream, track] if track else [stream])):
            if isinstance(frame, VideoFrame):
                pictures.read(frame)
            elif sound and isinstance(frame, AudioFrame):
                sound.read(frame)
        if not pictures.count:
            raise unplayable(path, "no picture in it can be decoded")
        pictures.finish()
        start = float((stream.start_time or 0) * stream.time_base) if stream.time_base else 0.0
        duration = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
        end = start + duration if duration else pictures.end
        if pictures.end < end - MISSING_TAIL:
            raise unplayable(path, f"it breaks off after {pictures.end - start:.1f} of {duration:.1f} s")
        return Measured(
            duration_seconds=round(end - start, 6),
            width=pictures.width,
            height=pictures.height,
            frame_rate=str(frame_rate(stream)),
            frame_count=pictures.count,
            video_codec=stream.codec_context.codec.canonical_name,
            pixel_format=stream.codec_context.pix_fmt,
            audio_codec=track.codec_context.codec.canonical_name if track else None,
            audio_sample_rate=track.codec_context.sample_rate if track else None,
            faststart=_index_comes_first(path),
            loudness_lufs=sound.loudness if sound else None,
            true_peak_dbtp=sound.true_peak if sound else None,
            longest_silence_seconds=sound.longest_silence(start, end) if sound else None,
            longest_black_seconds=pictures.black.longest(end),
            longest_freeze_seconds=pictures.freeze.longest(end),
            size_bytes=path.stat().st_size,
            sha256=_sha256(path),
        )


def frame_rate(stream: VideoStream) -> Fraction:
    """Return the frame rate: the nominal rate if the average is within 0.02% of it, else the average; 0 if unknown."""
    average, nominal = stream.average_rate, stream.base_rate
    if average and nominal and abs(average - nominal) <= nominal / 5000:
        return nominal
    return average or nominal or Fraction(0)


def shown_size(stream: VideoStream, frame: VideoFrame) -> tuple[int, int]:
    """Return width and height in pixels as a player shows them, with square pixels and the file's rotation applied.

    A pixel aspect ratio outside 1:4 to 4:1 is taken to be an error and ignored.
    """
    pixel = stream.sample_aspect_ratio or Fraction(1)
    width = round(frame.width * pixel) if Fraction(1, 4) <= pixel <= 4 else frame.width
    return (width, frame.height) if frame.rotation % 180 == 0 else (frame.height, width)


class _Spans:
    """Collects the periods (seconds) that a detector reports in frame metadata under ``name`` + "_start" or "_end"."""

    def __init__(self, name: str):
        self.name = name
        self.closed: list[tuple[float, float]] = []
        self.began: float | None = None

    def read(self, metadata: dict[str, str]) -> None:
        if self.began is not None and f"{self.name}_end" in metadata:
            self.closed.append((self.began, float(metadata[f"{self.name}_end"])))
            self.began = None
        if f"{self.name}_start" in metadata:
            self.began = float(metadata[f"{self.name}_start"])

    def until(self, end: float) -> list[tuple[float, float]]:
        """Return all periods as (start, end). A period that has not ended by ``end`` is closed there."""
        return self.closed if self.began is None else [*self.closed, (self.began, end)]

    def longest(self, end: float) -> float:
        return round(max((b - a for a, b in self.until(end)), default=0.0), 3)


class _Pictures:
    """Measures the video track: size as shown, number of frames, black and frozen periods."""

    def __init__(self, stream: VideoStream):
        self.black, self.freeze = _Spans("lavfi.black"), _Spans("lavfi.freezedetect.freeze")
        self.count, self.width, self.height, self.end = 0, 0, 0, 0.0
        self._length = float(1 / frame_rate(stream)) if frame_rate(stream) else 0.0
        self._stream = stream
        self._graph = Graph()

    def read(self, frame: VideoFrame) -> None:
        if not self.count:
            self.width, self.height = shown_size(self._stream, frame)
            self._begin(frame)
        self.count += 1
        self.end = max(self.end, (frame.time or 0.0) + self._length)
        self._push(frame)

    def finish(self) -> None:
        self._push(None)

    def _begin(self, first: VideoFrame) -> None:
        graph = self._graph
        graph.link_nodes(
            graph.add_buffer(
                width=first.width, height=first.height, format=first.format, time_base=self._stream.time_base
            ),
            graph.add("scale", f"w='min({DETECTION_WIDTH},iw)':h=-2:flags=area"),
            graph.add("blackdetect", f"d=0:pic_th={BLACK_SHARE}:pix_th={BLACK_LUMA}"),
            graph.add("freezedetect", f"n={FREEZE_CHANGE}:d={SHORTEST_FREEZE}"),
            graph.add("buffersink"),
        ).configure()

    def _push(self, frame: VideoFrame | None) -> None:
        for metadata in _metadata(self._graph, frame):
            self.black.read(metadata)
            self.freeze.read(metadata)


class _Sound:
    """Measures the audio track: loudness, true peak and silent periods."""

    def __init__(self) -> None:
        self._silence = _Spans("lavfi.silence")
        self._levels: dict[str, str] = {}
        self._start, self._end = math.inf, 0.0
        self._graph = Graph()

    def read(self, frame: AudioFrame) -> None:
        if not self._graph.configured:
            self._begin(frame)
        self._start = min(self._start, frame.time or 0.0)
        self._end = max(self._end, (frame.time or 0.0) + frame.samples / frame.sample_rate)
        for metadata in _metadata(self._graph, frame):
            self._silence.read(metadata)
            self._levels = metadata if "lavfi.r128.I" in metadata else self._levels

    def _begin(self, first: AudioFrame) -> None:
        graph = self._graph
        graph.link_nodes(
            graph.add_abuffer(
                sample_rate=first.sample_rate,
                format=first.format,
                layout=first.layout,
                time_base=first.time_base,
            ),
            graph.add("ebur128", "metadata=1:peak=true"),
            graph.add("silencedetect", f"n={SILENCE_DBFS}dB:d={SHORTEST_SILENCE}"),
            graph.add("abuffersink"),
        ).configure()

    @property
    def loudness(self) -> float | None:
        """The integrated loudness in LUFS, or None if every block was below the absolute gate of −70 LUFS."""
        loudness = float(self._levels.get("lavfi.r128.I", "-inf"))
        return round(loudness, 2) if loudness > -70 else None

    @property
    def true_peak(self) -> float | None:
        peak = float(self._levels.get("lavfi.r128.true_peak", "0"))
        return round(20 * math.log10(peak), 2) if peak > 0 else None

    def longest_silence(self, start: float, end: float) -> float:
        """Return the longest silence in seconds. Picture before the audio starts or after it ends counts as silent."""
        stretches = [(start, self._start), *self._silence.until(self._end), (self._end, end)]
        longest, began, ended = 0.0, start, start
        for a, b in stretches:
            if b > a:
                began = a if a > ended + 0.05 else min(began, a)
                ended = min(b, end)
                longest = max(longest, ended - max(began, start))
        return round(longest, 3)


def _metadata(graph: Graph, frame: VideoFrame | AudioFrame | None) -> Iterator[dict[str, str]]:
    """Push a frame into a filter graph, or None at the end, and yield the metadata of each frame that comes out."""
    graph.push(frame)
    while True:
        try:
            yield graph.pull().metadata
        except (av.BlockingIOError, av.EOFError):  # needs the next frame; has returned the last one
            return


def _index_comes_first(path: Path) -> bool:
    """Return whether the index (moov) precedes the media data (mdat), so that playback can start during loading."""
    with path.open("rb") as file:
        while len(header := file.read(8)) == 8:
            size, kind = int.from_bytes(header[:4], "big"), header[4:]
            if kind in (b"moov", b"mdat"):
                return kind == b"moov"
            if size == 1:
                size = int.from_bytes(file.read(8), "big") - 8
            if size < 8:
                break
            file.seek(size - 8, 1)
    return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
