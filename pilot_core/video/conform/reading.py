"""Decode a delivered video to its end. What cannot be decoded is refused here, whoever reads."""

from collections.abc import Iterator
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.codec.context import ThreadType
from av.video.frame import VideoFrame

from pilot_core.video.conform.outline import Broken
from pilot_core.video.conform.survey import LOST_SECONDS, Survey, clock, opened

WHOLE = 0.95  # share of the pictures, and of the packets of sound, that must be there


def decoded(path: Path, found: Survey) -> Iterator[VideoFrame | AudioFrame]:
    """Yield every picture and sound of the tracks that are used. Raises Broken where they cannot be decoded.

    A frame's ``time`` is in the file's own seconds. Pictures that are cut off by an edit list are left out.
    """
    pictures, sounds, unheard, last = 0, 0, 0, 0.0
    with opened(path, found.outline) as container:
        stream = next(s for s in container.streams.video if s.index == found.place)
        stream.thread_type = ThreadType.AUTO
        tracks = [stream, *(s for s in container.streams.audio if found.sound and s.index == found.sound.place)]
        for packet in container.demux(*tracks):
            is_picture = packet.stream_index == found.place
            try:
                frames = packet.decode()
            except av.FFmpegError:
                if is_picture:
                    at = float((packet.pts or packet.dts or 0) * (packet.time_base or 0)) - found.pictures.times[0]
                    raise Broken(f"its picture at {clock(at)} cannot be decoded") from None
                unheard += 1
                continue
            sounds += not is_picture
            for frame in frames:
                if isinstance(frame, AudioFrame):
                    yield frame
                elif isinstance(frame, VideoFrame) and not frame.is_corrupt:
                    pictures, last = pictures + 1, max(last, frame.time or 0.0)
                    yield frame
    expected, begin = len(found.pictures.times), found.pictures.times[0]
    if pictures < WHOLE * expected:
        raise Broken(f"only {pictures} of its {expected} pictures can be decoded")
    if last < found.pictures.times[-1] - LOST_SECONDS:
        raise Broken(f"it breaks off after {last - begin:.1f} of {found.pictures.end - begin:.1f} s")
    if unheard > (1 - WHOLE) * (unheard + sounds):
        raise Broken("its sound cannot be decoded")
