"""Decode a delivered video once and write its renditions: every frame of the constant rate has one picture."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from fractions import Fraction
from math import ceil
from pathlib import Path

from av.video.frame import VideoFrame

from pilot_core.video.conform.pictures import Deinterlacer
from pilot_core.video.conform.reading import decoded
from pilot_core.video.conform.rendition import Quality, Rendition
from pilot_core.video.conform.sound import Mixer
from pilot_core.video.conform.survey import Survey

MOMENT = Fraction(1, 1_000_000)
"""The unit of time in which pictures pass through, in seconds."""


def transcode(
    source: Path, found: Survey, targets: Sequence[tuple[Path, Quality]], progress: Callable[[float], None]
) -> None:
    """Write the renditions of a video; all have the same frames. Raises Broken if it cannot be decoded to its end."""
    with ExitStack() as stack:
        renditions = [stack.enter_context(Rendition(path, found, quality)) for path, quality in targets]
        frames, mixer = _Frames(found, renditions, progress), Mixer(found.origin)
        deinterlacer = Deinterlacer() if found.pictures.is_interlaced else None
        for frame in decoded(source, found):
            if isinstance(frame, VideoFrame):
                at = (frame.time or 0.0) - found.origin
                frame.pts, frame.time_base = round(at / MOMENT), MOMENT
                for whole in deinterlacer.push(frame) if deinterlacer else [frame]:
                    frames.take(whole)
            else:
                for sound in mixer.push(frame):
                    for rendition in renditions:
                        rendition.play(sound)
        for whole in deinterlacer.push(None) if deinterlacer else []:
            frames.take(whole)
        for sound in mixer.push(None):
            for rendition in renditions:
                rendition.play(sound)
        frames.finish()
        for rendition in renditions:
            rendition.finish()


class _Frames:
    """Gives each frame of the constant rate its picture: the one on screen when it begins. The first fills the start.

    A picture counts as on screen a quarter of its length before it begins, since many files round times.
    """

    def __init__(self, found: Survey, renditions: Sequence[Rendition], progress: Callable[[float], None]):
        self._rate, self._count = found.rate.frames_per_second, found.frames
        self._early = 0.25 * min(1.0, self._rate / found.rate.measured) if found.rate.measured else 0.25
        self._renditions, self._progress = renditions, progress
        self._shown: VideoFrame | None = None
        self._place = 0

    def take(self, frame: VideoFrame) -> None:
        """Take the next picture, whose time is counted from frame 0."""
        place = ceil(float((frame.pts or 0) * (frame.time_base or MOMENT) * self._rate) - self._early)
        if self._shown is not None:
            self._fill(place)
        self._shown = frame

    def finish(self) -> None:
        """Hold the last picture until the end."""
        self._fill(self._count)

    def _fill(self, until: int) -> None:
        until = min(until, self._count)
        if self._shown is None or until <= self._place:
            return
        for rendition in self._renditions:
            rendition.show(self._shown, until - self._place)
        self._place = until
        self._progress(self._place / self._count)
