"""Makes still pictures of a video: a contact sheet to print, a poster for the player, thumbnails for scrubbing."""

import json
import math
import secrets
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import fontpkg
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace, Interpolation
from PIL import Image, ImageDraw, ImageFont

from pilot_core.documents.names import CONTACT_SHEET, POSTER, SPRITE, SPRITE_TIMES, shot_still
from pilot_core.domain.attempt import Draft
from pilot_core.domain.shots import span_of, still_frame
from pilot_core.video.conform.process import unplayable
from pilot_core.video.probe import frame_rate, opened, shown_size

POSTER_HEIGHT = 720
POSTER_SHARE, POSTER_REACH = 0.12, 0.04  # of the length: where to look, and how far to either side
SHEET_TILE, SHEET_GAP, SHEET_MARGIN, SHEET_LABEL = 420, 12, 28, 30  # pixels; SHEET_TILE is a tile's longer side
SHEET_GROUND, SHEET_INK, SHEET_EDGE = "#FAF8F4", "#59616B", "#E3DFD7"
WIDEST = 4  # widest picture as a multiple of its height; a damaged file must not use up memory
SHOT_HEIGHT, SHOT_MOST = 320, 60
SPRITE_HEIGHT, SPRITE_COLUMNS, SPRITE_MOST = 160, 10, 200
UNTAGGED, HD = 2, 720  # FFmpeg's "unspecified" colour space; shorter side from which players assume BT.709


class Still(NamedTuple):
    """One decoded frame: its time in seconds from the video's start, and its size as shown, in pixels."""

    time: float
    frame: VideoFrame
    width: int
    height: int


def contact_sheet(video: Path, out: Path, *, columns: int = 4, rows: int = 3) -> None:
    """Write a JPEG of evenly spaced frames, each with its time. Raises PipelineFailed if the video is damaged.

    Each is the more detailed of two frames a quarter of a step apart, to avoid frames in the middle of a transition.
    """
    times = _sheet_times(_duration(video), columns * rows)
    _save(_sheet([(still.time, _tile(still)) for still in _pictures(video, times)], columns), out)


def poster(video: Path, out: Path, at: float | None = None) -> None:
    """Write a JPEG, 720 pixels high, of the frame at ``at`` seconds, by default the most detailed one about 12% in.

    Raises PipelineFailed if the video is damaged.
    """
    times = _poster_times(_duration(video)) if at is None else [at]
    pictures = _pictures(video, times, exact=at is not None)
    _save(max((_image(still, POSTER_HEIGHT) for still in pictures), key=_detail), out)


def sprite(
    video: Path, out_jpg: Path, *, every_seconds: float = 1.0, height: int = SPRITE_HEIGHT
) -> dict[str, int | float]:
    """Write a grid of thumbnails, row by row, as one JPEG, and return its layout.

    The layout holds ``columns``, ``rows``, ``tile_width`` and ``tile_height`` in pixels, ``every_seconds`` and
    ``count``. Second t of the video is on tile ⌊t ÷ every_seconds⌋. A video that would need more than 200 tiles gets
    longer steps. Raises PipelineFailed if the video is damaged.
    """
    every, times = _sprite_times(_duration(video), every_seconds)
    image, layout = _grid([_image(still, height) for still in _pictures(video, times)], every)
    _save(image, out_jpg)
    return layout


def stills(video: Path, folder: Path) -> None:
    """Write contact_sheet.jpg, poster.jpg, sprite.jpg and sprite.json into ``folder``, decoding the video once.

    Raises PipelineFailed if the video is damaged.
    """
    duration = _duration(video)
    sheet_times, poster_times = _sheet_times(duration, 12), _poster_times(duration)
    every, sprite_times = _sprite_times(duration, 1.0)
    wanted = sorted({*sheet_times, *poster_times, *sprite_times})
    tiles, posters, thumbnails = [], [], []
    for time, still in zip(wanted, _pictures(video, wanted), strict=True):
        if time in sheet_times:
            tiles.append((still.time, _tile(still)))
        if time in poster_times:
            posters.append(_image(still, POSTER_HEIGHT))
        if time in sprite_times:
            thumbnails.append(_image(still, SPRITE_HEIGHT))
    folder.mkdir(parents=True, exist_ok=True)
    _save(_sheet(tiles, 4), folder / CONTACT_SHEET)
    _save(max(posters, key=_detail), folder / POSTER)
    image, layout = _grid(thumbnails, every)
    _save(image, folder / SPRITE)
    _write(json.dumps(layout).encode(), folder / SPRITE_TIMES)


def shot_stills(video: Path, draft: Draft, folder: Path) -> None:
    """Write the picture of each shot of the draft, up to the 60th, as ``shot_1.jpg`` and so on.

    It is the very frame that :func:`still_frame` names. Raises PipelineFailed if the video is damaged.
    """
    spans = [(place, span_of(draft, shot)) for place, shot in enumerate(draft.shots[:SHOT_MOST])]
    wanted = sorted((still_frame(span), place) for place, span in spans if span)
    times = [float((frame + Fraction(1, 2)) / draft.rate) for frame, _ in wanted]
    for (_, place), still in zip(wanted, _pictures(video, times, exact=True), strict=True):
        _save(_image(still, SHOT_HEIGHT), folder / shot_still(place))


def _duration(video: Path) -> float:
    with opened(video) as (container, stream):
        if stream.duration and stream.time_base:
            return float(stream.duration * stream.time_base)
        return (container.duration or 0) / 1_000_000


def _sheet_times(duration: float, count: int) -> list[float]:
    """Return two times (s) for each of ``count`` equal parts of the video, before and after the part's middle."""
    return [(i + share) * duration / count for i in range(count) for share in (0.375, 0.625)]


def _poster_times(duration: float) -> list[float]:
    return [duration * (POSTER_SHARE + POSTER_REACH * step / 2) for step in range(-2, 3)]


def _sprite_times(duration: float, every: float) -> tuple[float, list[float]]:
    """Return the step in seconds and the middle of each step. The last step may be shorter."""
    every = max(every, duration / SPRITE_MOST)
    count = max(1, math.ceil(duration / every - 1e-6))
    return every, [(i * every + min((i + 1) * every, duration)) / 2 for i in range(count)]


def _pictures(video: Path, times: Sequence[float], *, exact: bool = False) -> Iterator[Still]:
    """Yield the frame shown at each of ``times`` (seconds, ascending). A time after the end gives the last frame.

    Seeks if there is a key frame between two times, else decodes on. Unless ``exact``, frames on which no other frame
    depends are skipped. That halves the work and can shift a still by a few hundredths of a second.
    """
    with opened(video) as (container, stream):
        rate, unit = frame_rate(stream), float(stream.time_base or 0)
        length = float(1 / rate) if rate else 0.0
        start = (stream.start_time or 0) * unit
        keys = [entry.timestamp * unit for entry in stream.index_entries if entry.is_keyframe]
        stream.codec_context.skip_frame = "DEFAULT" if exact else "NONREF"
        frames, frame = container.decode(stream), None
        for time in times:
            target = start + time
            shown_until = -math.inf if frame is None else (frame.time or 0.0) + length
            if shown_until <= target:
                before = bisect_right(keys, target)
                if before and keys[before - 1] > shown_until:
                    container.seek(round(target / unit), stream=stream)
                    frames = container.decode(stream)
                for frame in frames:
                    if (frame.time or 0.0) + length > target + 1e-6:
                        break
            if frame is None:
                raise unplayable(video, "no picture in it can be decoded")
            yield Still((frame.time or 0.0) - start, frame, *shown_size(stream, frame))


def _image(still: Still, height: int) -> Image.Image:
    """Return the picture scaled to ``height`` pixels, upright, in the colours that a player shows."""
    size = min(max(1, round(height * still.width / still.height)), WIDEST * height), height
    frame = still.frame
    untagged_hd = frame.colorspace == UNTAGGED and min(frame.width, frame.height) >= HD
    stored = size if frame.rotation % 180 == 0 else size[::-1]
    small = frame.reformat(
        *stored,
        format="rgb24",
        interpolation=Interpolation.AREA,
        src_colorspace=Colorspace.ITU709 if untagged_hd else None,
    )
    return Image.fromarray(small.to_ndarray()).rotate(frame.rotation, expand=True)


def _tile(still: Still) -> Image.Image:
    tall = still.height >= still.width
    return _image(still, SHEET_TILE if tall else max(1, round(SHEET_TILE * still.height / still.width)))


def _sheet(candidates: list[tuple[float, Image.Image]], columns: int) -> Image.Image:
    """Draw the contact sheet from pairs of candidates, using the more detailed one of each pair."""
    pairs = zip(candidates[::2], candidates[1::2], strict=True)
    tiles = [max(pair, key=lambda tile: _detail(tile[1])) for pair in pairs]
    width, height = tiles[0][1].size
    across, down = width + SHEET_GAP, height + SHEET_LABEL + SHEET_GAP
    rows = math.ceil(len(tiles) / columns)
    size = columns * across - SHEET_GAP + 2 * SHEET_MARGIN, rows * down - SHEET_GAP + 2 * SHEET_MARGIN
    sheet = Image.new("RGB", size, SHEET_GROUND)
    draw = ImageDraw.Draw(sheet)
    for i, (time, tile) in enumerate(tiles):
        x, y = SHEET_MARGIN + i % columns * across, SHEET_MARGIN + i // columns * down
        sheet.paste(tile, (x, y))
        draw.rectangle((x - 1, y - 1, x + width, y + height), outline=SHEET_EDGE)
        draw.text((x, y + height + 8), _timecode(time), SHEET_INK, _font(), features=["tnum"])
    return sheet


def _timecode(seconds: float) -> str:
    """Format a time as minutes, seconds and tenths, such as 0:07.5."""
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02}.{tenths % 10}"


@cache
def _font() -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(fontpkg.path("Inter"), 16)
    font.set_variation_by_axes([14, 500])  # optical size, weight
    return font


def _grid(thumbnails: list[Image.Image], every: float) -> tuple[Image.Image, dict[str, int | float]]:
    width, height = thumbnails[0].size
    columns = min(SPRITE_COLUMNS, len(thumbnails))
    rows = math.ceil(len(thumbnails) / columns)
    image = Image.new("RGB", (columns * width, rows * height))
    for i, thumbnail in enumerate(thumbnails):
        image.paste(thumbnail, (i % columns * width, i // columns * height))
    return image, {
        "columns": columns,
        "rows": rows,
        "tile_width": width,
        "tile_height": height,
        "every_seconds": every,
        "count": len(thumbnails),
    }


def _detail(image: Image.Image) -> float:
    """Return the mean difference between neighbouring pixels: high for detailed pictures, low in dissolves or black."""
    grey = np.asarray(image.convert("L"), np.float32)
    return float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean())


def _save(image: Image.Image, out: Path) -> None:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=85, optimize=True, progressive=True)
    _write(buffer.getvalue(), out)


def _write(data: bytes, out: Path) -> None:
    """Write a file atomically, so that it is never read half-written."""
    part = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
    try:
        part.write_bytes(data)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
