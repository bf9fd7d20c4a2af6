"""Draws directly into the planes of a YUV 4:2:0 frame: flat colours, 8-bit masks and antialiased edges."""

from functools import cache
from typing import Any

import av
from PIL import Image, ImageDraw

from pilot_core.video.storyboard.palette import Rgb, yuv
from pilot_core.video.storyboard.pictures import Photo

OPAQUE = 255


class Tile:
    """An 8-bit coverage mask. Caches half-size versions for the chroma planes, one per odd or even position."""

    def __init__(self, image: Image.Image):
        self.image = image
        self._half: dict[tuple[int, int], Image.Image] = {}
        self._phase: dict[tuple[int, int], Tile] = {}

    @property
    def size(self) -> tuple[int, int]:
        return self.image.size

    def half(self, odd_x: int, odd_y: int) -> Image.Image:
        found = self._half.get((odd_x, odd_y))
        if found is None:
            width, height = self.image.size
            if odd_x or odd_y or width % 2 or height % 2:
                padded = Image.new("L", (width + odd_x + (width + odd_x) % 2, height + odd_y + (height + odd_y) % 2))
                padded.paste(self.image, (odd_x, odd_y))
                found = padded.reduce(2)
            else:
                found = self.image.reduce(2)
            self._half[odd_x, odd_y] = found
        return found

    def phase(self, quarter_x: int, quarter_y: int) -> "Tile":
        """Return the tile moved right and down by quarters of a pixel, so that slow motion looks smooth."""
        if not quarter_x and not quarter_y:
            return self
        found = self._phase.get((quarter_x, quarter_y))
        if found is None:
            width, height = self.image.size
            moved = self.image.transform(
                (width + 1, height + 1),
                Image.Transform.AFFINE,
                (1, 0, -quarter_x / 4, 0, 1, -quarter_y / 4),
                Image.Resampling.BILINEAR,
            )
            found = self._phase[quarter_x, quarter_y] = Tile(moved)
        return found

    def scaled(self, factor: float) -> "Tile":
        width, height = self.image.size
        size = max(1, round(width * factor)), max(1, round(height * factor))
        return Tile(self.image.resize(size, Image.Resampling.BILINEAR))

    def crop(self, box: tuple[int, int, int, int]) -> "Tile":
        return Tile(self.image.crop(box))


@cache
def _fade(alpha: int) -> list[int]:
    return [value * alpha // OPAQUE for value in range(256)]


class Canvas:
    """One frame being drawn. Positions are in pixels from the top left. ``frame`` can be encoded at any time."""

    def __init__(self, width: int, height: int):
        self.width, self.height = width, height
        self.frame = av.VideoFrame(width, height, "yuv420p")
        sizes = ((width, height), (width // 2, height // 2), (width // 2, height // 2))
        self.planes: list[Image.Image] = []
        for plane, size in zip(self.frame.planes, sizes, strict=True):
            memory: Any = plane
            image = Image.frombuffer("L", size, memory, "raw", "L", plane.line_size, 1)
            image.readonly = 0  # the image shares the frame's memory, so no pixels are copied before encoding
            self.planes.append(image)

    def fill(self, colour: Rgb) -> None:
        for image, value in zip(self.planes, yuv(colour), strict=True):
            image.paste(value, (0, 0, *image.size))

    def rect(self, x0: float, y0: float, x1: float, y1: float, colour: Rgb, alpha: float = 1.0) -> None:
        """Draw a rectangle. Edges may lie between pixels; those pixels are partly covered."""
        x0, x1 = max(0.0, x0), min(float(self.width), x1)
        y0, y1 = max(0.0, y0), min(float(self.height), y1)
        if x1 <= x0 or y1 <= y0 or alpha <= 0:
            return
        for image, value, share in zip(self.planes, yuv(colour), (1.0, 0.5, 0.5), strict=True):
            _plane_rect(image, (x0 * share, y0 * share, x1 * share, y1 * share), value, alpha)

    def stamp(self, tile: Tile, x: float, y: float, colour: Rgb, alpha: float = 1.0, smooth: bool = False) -> None:
        """Draw a tile in one colour, placed to the whole pixel, or to a quarter of a pixel with ``smooth``."""
        if alpha <= 0.004:
            return
        if smooth:
            quarters_x, quarters_y = round(x * 4), round(y * 4)
            tile, left, top = tile.phase(quarters_x % 4, quarters_y % 4), quarters_x // 4, quarters_y // 4
        else:
            left, top = round(x), round(y)
        if left >= self.width or top >= self.height or left + tile.size[0] <= 0 or top + tile.size[1] <= 0:
            return
        half = tile.half(left % 2, top % 2)
        masks = (tile.image, half, half)
        if alpha < 0.996:
            table = _fade(round(alpha * OPAQUE))
            faded = half.point(table)
            masks = (tile.image.point(table), faded, faded)
        places = ((left, top), (left // 2, top // 2), (left // 2, top // 2))
        for image, value, mask, place in zip(self.planes, yuv(colour), masks, places, strict=True):
            image.paste(value, (*place, place[0] + mask.size[0], place[1] + mask.size[1]), mask)

    def photo(self, photo: Photo, x: float, y: float, alpha: float = 1.0) -> None:
        """Draw a picture with its top left corner at the nearest even pixel."""
        if alpha <= 0.004:
            return
        left, top = round(x / 2) * 2, round(y / 2) * 2
        opaque = [Image.new("L", plane.size, OPAQUE) for plane in photo.planes] if alpha < 0.996 else None
        masks = photo.masks or opaque
        if masks and alpha < 0.996:
            masks = [mask.point(_fade(round(alpha * OPAQUE))) for mask in masks]
        for i, (image, plane) in enumerate(zip(self.planes, photo.planes, strict=True)):
            place = (left, top) if i == 0 else (left // 2, top // 2)
            image.paste(plane, place, masks[i] if masks else None)

    def zoomed(self, photo: Photo, x: float, y: float, zoom: float, alpha: float = 1.0) -> None:
        """Draw a picture without transparency, enlarged around its middle by ``zoom`` and cut to its own size."""
        planes = []
        for plane in photo.planes:
            width, height = plane.size
            dx, dy = width * (1 - 1 / zoom) / 2, height * (1 - 1 / zoom) / 2
            box = (dx, dy, width - dx, height - dy)
            planes.append(plane.resize(plane.size, Image.Resampling.BILINEAR, box=box))
        self.photo(Photo(planes), x, y, alpha)

    def take(self, other: "Canvas", dx: int = 0, dy: int = 0) -> None:
        """Copy another canvas onto this one, offset by ``dx`` and ``dy`` pixels. Both must be even."""
        for mine, theirs, share in zip(self.planes, other.planes, (1, 2, 2), strict=True):
            mine.paste(theirs, (dx // share, dy // share))

    def take_rows(self, other: "Canvas", top: int, bottom: int) -> None:
        """Copy the rows from ``top`` up to but not including ``bottom`` from another canvas. Both must be even."""
        for mine, theirs, share in zip(self.planes, other.planes, (1, 2, 2), strict=True):
            mine.paste(theirs.crop((0, top // share, theirs.size[0], bottom // share)), (0, top // share))

    def blend(self, other: "Canvas", share: float) -> None:
        """Blend another canvas over this one with opacity ``share`` (0 to 1)."""
        for mine, theirs in zip(self.planes, other.planes, strict=True):
            mine.paste(theirs, (0, 0), Image.new("L", theirs.size, round(share * OPAQUE)))


def _plane_rect(image: Image.Image, edges: tuple[float, float, float, float], value: int, alpha: float) -> None:
    x0, y0, x1, y1 = edges
    left, right, top, bottom = int(x0), -int(-x1 // 1), int(y0), -int(-y1 // 1)
    if alpha >= 0.996 and (left, top, right, bottom) == (x0, y0, x1, y1):
        image.paste(value, (left, top, right, bottom))
        return
    inner = (left + (x0 > left), top + (y0 > top), right - (x1 < right), bottom - (y1 < bottom))
    if alpha >= 0.996 and inner[2] > inner[0] and inner[3] > inner[1]:
        image.paste(value, inner)
        strips = [
            ((left, inner[1], inner[0], inner[3]), left + 1 - x0),
            ((inner[2], inner[1], right, inner[3]), x1 - right + 1),
            ((left, top, right, inner[1]), top + 1 - y0),
            ((left, inner[3], right, bottom), y1 - bottom + 1),
        ]
    else:
        strips = [
            ((left, top, right, bottom), min(1.0, x1 - x0) * min(1.0, y1 - y0) if min(x1 - x0, y1 - y0) < 1 else 1.0)
        ]
    for box, cover in strips:
        if box[2] > box[0] and box[3] > box[1] and cover > 0:
            size = box[2] - box[0], box[3] - box[1]
            image.paste(value, box, Image.new("L", size, round(OPAQUE * min(1.0, cover) * alpha)))


SUPERSAMPLE = 3


def polygon(points: list[tuple[float, float]], width: int, height: int) -> Tile:
    """Return a tile of ``width`` × ``height`` pixels with a filled, antialiased polygon."""
    image = Image.new("L", (width * SUPERSAMPLE, height * SUPERSAMPLE))
    ImageDraw.Draw(image).polygon([(x * SUPERSAMPLE, y * SUPERSAMPLE) for x, y in points], fill=OPAQUE)
    return Tile(image.reduce(SUPERSAMPLE))


def disc(radius: int) -> Tile:
    size = 2 * radius + 2
    image = Image.new("L", (size * SUPERSAMPLE, size * SUPERSAMPLE))
    edge = size * SUPERSAMPLE - SUPERSAMPLE
    ImageDraw.Draw(image).ellipse((SUPERSAMPLE, SUPERSAMPLE, edge, edge), fill=OPAQUE)
    return Tile(image.reduce(SUPERSAMPLE))


def ring(radius: int, thick: float) -> Tile:
    size = 2 * radius + 2
    image = Image.new("L", (size * SUPERSAMPLE, size * SUPERSAMPLE))
    edge = size * SUPERSAMPLE - SUPERSAMPLE
    ImageDraw.Draw(image).ellipse(
        (SUPERSAMPLE, SUPERSAMPLE, edge, edge), outline=OPAQUE, width=round(thick * SUPERSAMPLE)
    )
    return Tile(image.reduce(SUPERSAMPLE))


def rounded(width: int, height: int, radius: int) -> Tile:
    image = Image.new("L", (width * SUPERSAMPLE, height * SUPERSAMPLE))
    box = (0, 0, width * SUPERSAMPLE - 1, height * SUPERSAMPLE - 1)
    ImageDraw.Draw(image).rounded_rectangle(box, radius * SUPERSAMPLE, fill=OPAQUE)
    return Tile(image.reduce(SUPERSAMPLE))
