"""The judge: refuses what cannot be shown, and conforms the rest. Runs in the child process that ``process`` starts."""

from collections.abc import Callable, Sequence
from pathlib import Path

from pilot_core.video.conform.outline import Broken
from pilot_core.video.conform.pictures import is_hdr, size_within
from pilot_core.video.conform.rates import in_words
from pilot_core.video.conform.reading import decoded
from pilot_core.video.conform.rendition import FULL, LIGHT, Quality
from pilot_core.video.conform.result import Conformed, Delivered
from pilot_core.video.conform.survey import LOST_SECONDS, Survey, survey
from pilot_core.video.conform.transcode import transcode
from pilot_core.video.conform.wanted import SHORT_SIDE, shortcomings

SLIM = 1_400_000
"""Bits per second up to which a video suits slow networks as it is."""
SAME_RATE = 0.001  # share by which a measured rate may differ from the conformed one without a word about it


def examine(source: Path) -> str:
    """Decode a video to its end and return the remarks on its conversion. Raises Broken if it cannot be, OSError."""
    found = survey(source)
    for _ in decoded(source, found):
        pass
    return _note(found)


def conform(source: Path, full: Path, light: Path | None, progress: Callable[[float], None]) -> Conformed:
    """Write the video as it is to be watched to ``full``, unless it is that already, and a small one to ``light``.

    There is no small one if the other suits slow networks. Raises Broken if it cannot be decoded to its end, OSError.
    """
    found = survey(source)
    kept = not shortcomings(found)
    targets: list[tuple[Path, Quality]] = [] if kept else [(full, FULL)]
    if light and not (kept and _is_slim(source, found)):
        targets.append((light, LIGHT))
    if targets:
        transcode(source, found, targets, progress)
        _check(found, targets)
        if light and not kept and _is_slim(full, found):
            light.unlink()
    else:
        for _ in decoded(source, found):
            pass
    return Conformed(
        is_as_delivered=kept,
        has_light=light is not None and light.exists(),
        note=_note(found),
        rate=found.rate.frames_per_second,
        frames=found.frames,
        source_start=round(found.source_start, 6),
        delivered=_delivered(found),
    )


def _is_slim(path: Path, found: Survey) -> bool:
    return path.stat().st_size * 8 * found.rate.frames_per_second <= SLIM * found.frames


def _check(found: Survey, targets: Sequence[tuple[Path, Quality]]) -> None:
    for path, _ in targets:
        made = survey(path)
        if shortcomings(made) or made.frames != found.frames:
            raise Broken(f"{made.frames} of its {found.frames} frames could be converted")


def _note(found: Survey) -> str:
    return " ".join(_remarks(found)) if shortcomings(found) else ""


def _remarks(found: Survey) -> list[str]:
    """Return a sentence for each thing that people would otherwise wonder about."""
    pictures, sound, rate = found.pictures, found.sound, found.rate
    said = []
    if rate.measured is None:
        said.append(f"Recorded at a variable frame rate; conformed to {in_words(rate.frames_per_second)}.")
    elif abs(rate.measured - rate.frames_per_second) > SAME_RATE * rate.frames_per_second:
        said.append(f"Recorded at {in_words(rate.measured)}; conformed to {in_words(rate.frames_per_second)}.")
    if is_hdr(pictures):
        said.append("Recorded in HDR; converted for standard screens.")
    if pictures.is_interlaced:
        said.append("Recorded interlaced; converted to whole pictures.")
    if min(pictures.shown_size) > SHORT_SIDE:
        size = size_within(pictures.shown_size, SHORT_SIDE)
        said.append(f"Scaled down to {size.width} × {size.height}.")
    if found.picture_tracks > 1:
        said.append(f"The first of {found.picture_tracks} picture tracks is used.")
    if sound and sound.tracks > 1:
        said.append(f"The first of {sound.tracks} sound tracks is used.")
    if sound and sound.channels > 2:
        said.append("Surround sound was mixed down to stereo.")
    if found.held:
        held = found.held / found.rate.frames_per_second
        said.append(f"The first picture is held for {float(held):.1f} s, because the sound begins before it.")
    if sound and sound.end > pictures.end + LOST_SECONDS:
        said.append(f"The last picture is held for {sound.end - pictures.end:.1f} s, until the sound ends.")
    return said


def _delivered(found: Survey) -> Delivered:
    width, height = found.pictures.shown_size
    return Delivered(
        suffix=found.outline.suffix,
        video_codec=found.pictures.codec,
        pixel_format=found.pictures.pixel_format,
        frame_rate=found.rate.measured,
        width=width,
        height=height,
        audio_codec=found.sound.codec if found.sound else None,
        audio_sample_rate=found.sound.sample_rate if found.sound else None,
        faststart=found.outline.index_first,
    )
