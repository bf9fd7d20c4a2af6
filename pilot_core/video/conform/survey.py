"""What a delivered video holds: its tracks, the times of its pictures, its colours. Reads packets and one picture."""

import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.audio.stream import AudioStream
from av.buffer import Buffer
from av.codec.context import ThreadType
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from pilot_core.video.conform.outline import MP4, Broken, Outline, outline_of
from pilot_core.video.conform.rates import Rate, rate_of

MOST_PIXELS = 4096 * 4096
MOST_TRACKS = 32
MOST_SECONDS = 300.0
LOST_SECONDS = 0.5  # what may be missing at the end before a video counts as broken off
SILENT_TAIL = 0.1  # seconds for which sound may last longer than the picture and be cut off there
UNSPECIFIED = 2  # of colours, in FFmpeg (ISO/IEC 23091-2)
BT709, BT601, BT2020 = 1, 6, 9
HD = 720  # shorter side from which players take untagged pictures for BT.709
HDR_TRANSFERS = {16: "PQ", 18: "HLG"}
FIELD_ORDERS = (2, 3, 4, 5)  # of interlaced pictures, in FFmpeg


@dataclass(frozen=True)
class Pictures:
    """The picture track. ``times`` are those at which its pictures begin, ascending; ``end`` is where the last ends.

    Times are in seconds from the start of the file. ``width`` and ``height`` are as stored, in pixels; ``turned`` is
    the orientation in which they are to be shown, as the four signs of its matrix. Colours are FFmpeg's numbers.
    """

    codec: str
    profile: str | None
    pixel_format: str
    width: int
    height: int
    pixel: Fraction
    turned: tuple[int, int, int, int]
    is_interlaced: bool
    colorspace: int
    full_range: bool
    transfer: int
    primaries: int
    times: tuple[float, ...]
    end: float
    keyframes: tuple[float, ...]

    @property
    def matrix(self) -> int:
        """The colour space, or the one that players assume for a picture of this size."""
        if self.colorspace not in (UNSPECIFIED, 0):
            return self.colorspace
        return BT709 if min(self.width, self.height) >= HD else BT601

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height with square pixels and the right way up. Odd aspect ratios of pixels are not believed."""
        pixel = self.pixel if Fraction(1, 4) <= self.pixel <= 4 else Fraction(1)
        width = round(self.width * pixel)
        return (self.height, width) if self.turned[1] else (width, self.height)


@dataclass(frozen=True)
class Sound:
    """The sound track that is used, in seconds from the start of the file. ``tracks`` is how many there are."""

    place: int
    tracks: int
    codec: str
    profile: str | None
    channels: int
    sample_rate: int
    start: float
    end: float


@dataclass(frozen=True)
class Survey:
    """A delivered video before it is decoded. ``rate`` is what it is conformed to."""

    outline: Outline
    place: int
    picture_tracks: int
    pictures: Pictures
    sound: Sound | None
    rate: Rate

    @property
    def held(self) -> int:
        """For how many frames the first picture is held, because the sound begins before it."""
        lead = self.pictures.times[0] - self.sound.start if self.sound else 0.0
        return max(0, round(lead * self.rate.frames_per_second))

    @property
    def origin(self) -> float:
        """The time in the file, in its demuxer's seconds, at which conformed frame 0 begins."""
        return self.pictures.times[0] - float(self.held / self.rate.frames_per_second)

    @property
    def source_start(self) -> float:
        """Where conformed frame 0 begins, in seconds from the first picture or sound of the file."""
        first = min(self.pictures.times[0], self.sound.start) if self.sound else self.pictures.times[0]
        return self.origin - first

    @property
    def frames(self) -> int:
        """The number of conformed frames: until the last picture ends, or the sound if that lasts longer."""
        end = self.pictures.end
        if self.sound and self.sound.end > end + SILENT_TAIL:
            end = self.sound.end
        return max(1, round((end - self.origin) * self.rate.frames_per_second))


def survey(path: Path) -> Survey:
    """Return what a video holds. Raises Broken, OSError."""
    outline = outline_of(path)
    first = _first_picture(path, outline)
    with opened(path, outline) as container:
        if len(container.streams) > MOST_TRACKS:
            raise Broken(f"it holds {len(container.streams)} tracks, more than {MOST_TRACKS}")
        tracks, sounds = _picture_tracks(container), _sound_tracks(container)
        stream = tracks[0]
        packets = _Packets(container, stream, sounds[0] if sounds else None)
        if not packets.times:
            raise Broken("no picture in it can be decoded")
        if outline.demuxer == MP4 and packets.seen < stream.frames:
            raise Broken(f"only {packets.seen} of {stream.frames} pictures are in it")
        rate = rate_of(packets.times)
        end = packets.times[-1] + 1 / (rate.measured or float(rate.frames_per_second))
        end = max(end, _track_end(stream, packets))
        pictures = _described(stream, first, packets, end)
        sound = _heard(sounds, packets)
        _check_length(end - packets.times[0])
        _check_length(sound.end - sound.start if sound else 0.0)
        return Survey(outline, stream.index, len(tracks), pictures, sound, rate)


@contextmanager
def opened(path: Path, outline: Outline) -> Iterator[InputContainer]:
    """Open a local file as what its outline says it is. Raises Broken if it is not, or breaks while it is read."""
    options = {"protocol_whitelist": "file"}
    try:
        with av.open(
            str(path.resolve()), "r", format=outline.demuxer, metadata_errors="replace", container_options=options
        ) as container:
            yield container
    except av.FFmpegError:
        raise Broken("it is not the video that it claims to be, or it is damaged") from None


def clock(seconds: float) -> str:
    """Format a time for a sentence: "0:03.2"."""
    tenths = max(0, round(seconds * 10))
    return f"{tenths // 600}:{tenths // 10 % 60:02}.{tenths % 10}"


class _Packets:
    """The times of all packets of two tracks. ``end`` is where the last picture ends, by the packets' own lengths."""

    def __init__(self, container: InputContainer, stream: VideoStream, sound: AudioStream | None):
        self.seen, self.end = 0, 0.0
        self.sound_start: float | None = None
        self.sound_end = 0.0
        times, keys = set(), []
        for packet in container.demux(*([stream, sound] if sound else [stream])):
            at = packet.pts if packet.pts is not None else packet.dts
            if at is None or not packet.time_base:
                continue
            start, length = float(at * packet.time_base), float((packet.duration or 0) * packet.time_base)
            if packet.stream_index == stream.index:
                self.seen += 1
            if packet.is_discard:
                continue
            if packet.stream_index == stream.index:
                times.add(start)
                self.end = max(self.end, start + length)
                keys += [start] if packet.is_keyframe else []
            else:
                self.sound_start = start if self.sound_start is None else min(start, self.sound_start)
                self.sound_end = max(self.sound_end, start + length)
        self.times, self.keys = tuple(sorted(times)), tuple(sorted(keys))


def _track_end(stream: VideoStream, packets: _Packets) -> float:
    """Return where the track says that its last picture ends.

    In MP4 a packet's length is the time until the next one is decoded, which says nothing about the last one shown.
    """
    if stream.duration and stream.time_base:
        return float(((stream.start_time or 0) + stream.duration) * stream.time_base)
    return packets.end


def _sound_tracks(container: InputContainer) -> list[AudioStream]:
    found = [s for s in container.streams.audio if s.codec_context is not None and s.codec_context.channels]
    return sorted(found, key=lambda s: not s.disposition & Disposition.default)


def _heard(tracks: list[AudioStream], packets: _Packets) -> Sound | None:
    if not tracks or packets.sound_start is None:
        return None
    context = tracks[0].codec_context
    return Sound(
        place=tracks[0].index,
        tracks=len(tracks),
        codec=context.codec.canonical_name,
        profile=context.profile,
        channels=context.channels,
        sample_rate=context.sample_rate,
        start=packets.sound_start,
        end=packets.sound_end,
    )


def _picture_tracks(container: InputContainer) -> list[VideoStream]:
    """Return the moving picture tracks, the one that players show first. A cover picture is none."""
    found = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not found:
        raise Broken("it holds no moving picture")
    readable = [s for s in found if s.codec_context is not None]
    if not readable:
        raise Broken("its picture is in a format that cannot be read here")
    return sorted(readable, key=lambda s: not s.disposition & Disposition.default)


def _check_length(seconds: float) -> None:
    if seconds > MOST_SECONDS:
        limit = f"{MOST_SECONDS / 60:.0f}"
        raise Broken(f"it is {seconds / 60:.0f} minutes long; videos here have at most {limit}")


def _first_picture(path: Path, outline: Outline) -> VideoFrame:
    with opened(path, outline) as container:
        stream = _picture_tracks(container)[0]
        width, height = stream.codec_context.width, stream.codec_context.height
        if width * height > MOST_PIXELS:
            raise Broken(f"its picture of {width}×{height} is too large")
        stream.thread_type = ThreadType.NONE  # frame threads would decode several frames ahead
        frame = next(container.decode(stream), None)
        if frame is None:
            raise Broken("no picture in it can be decoded")
        return frame


def _described(stream: VideoStream, first: VideoFrame, packets: _Packets, end: float) -> Pictures:
    context = stream.codec_context
    pixel = stream.sample_aspect_ratio or context.sample_aspect_ratio
    return Pictures(
        codec=context.codec.canonical_name,
        profile=context.profile,
        pixel_format=first.format.name,
        width=first.width,
        height=first.height,
        pixel=pixel or Fraction(1),
        turned=_orientation(first),
        is_interlaced=first.interlaced_frame or context.field_order in FIELD_ORDERS,
        colorspace=first.colorspace,
        full_range=first.color_range == 2 or first.format.name.startswith("yuvj"),
        transfer=first.color_trc,
        primaries=first.color_primaries,
        times=packets.times,
        end=end,
        keyframes=packets.keys,
    )


def _orientation(frame: VideoFrame) -> tuple[int, int, int, int]:
    """Return the signs of the matrix with which the picture is to be shown: (1, 0, 0, 1) for as it is stored."""
    try:
        held = bytes(cast(Mapping[str, Buffer], frame.side_data)["DISPLAYMATRIX"])
    except KeyError:
        return 1, 0, 0, 1
    a, b, _, c, d, *_ = struct.unpack("=9i", held[:36])
    if abs(b) > abs(a):
        return 0, _sign(b), _sign(c), 0
    return _sign(a), 0, 0, _sign(d)


def _sign(number: int) -> int:
    return -1 if number < 0 else 1
