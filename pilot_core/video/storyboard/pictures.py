"""Pictures of a brand kit on a page: a logo, or a picture in a frame or over the whole page, ready to be drawn."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pilot_core.video.storyboard.palette import Rgb, contrast

Plane = np.ndarray[tuple[Any, ...], np.dtype[Any]]
Box = tuple[float, float, float, float]

LEAST_SEEN = 0.8
"""Share of a logo that has to stand out for it to need no plate."""
LEAST_LOGO_CONTRAST = 1.8
"""Contrast between a logo and its ground below which it gets a plate; a large shape needs less than a letter."""


@dataclass(frozen=True)
class Shown:
    """A picture on a page: its file, its box in pixels, and the frame at which it enters.

    ``kind`` is "logo", "frame" or "bleed". ``plate`` is the colour of a panel behind a logo or around a picture, None
    for none. ``area`` is what is pointed at, in pixels, and ``mark`` the colour for it.
    """

    kind: str
    path: Path
    box: Box
    delay: int = 0
    plate: Rgb | None = None
    area: Box | None = None
    mark: Rgb | None = None


class Photo:
    """A picture as the three planes of a YUV 4:2:0 frame (BT.709, limited range) and its coverage, if it has holes."""

    def __init__(self, planes: list[Image.Image], masks: list[Image.Image] | None = None):
        self.planes, self.masks = planes, masks

    @classmethod
    def of(cls, image: Image.Image) -> "Photo":
        """Return a picture in RGB or RGBA as planes, its sides rounded down to even numbers."""
        width, height = (max(2, side // 2 * 2) for side in image.size)
        image = image.resize((width, height)) if image.size != (width, height) else image
        clear = image.getchannel("A") if image.mode == "RGBA" else None
        pixels = np.asarray(image.convert("RGB"), np.float32) / 255
        r, g, b = pixels[..., 0], pixels[..., 1], pixels[..., 2]
        y = 0.2126 * r + 0.7152 * g + 0.0722 * b
        planes = (16 + 219 * y, _halved(128 + 224 * (b - y) / 1.8556), _halved(128 + 224 * (r - y) / 1.5748))
        made = [Image.fromarray(np.round(plane).astype(np.uint8)) for plane in planes]
        return cls(made, None if clear is None else [clear, clear.reduce(2), clear.reduce(2)])


def _halved(plane: Plane) -> Plane:
    height, width = plane.shape
    halved: Plane = plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    return halved


@lru_cache(maxsize=8)
def opened(path: Path) -> Image.Image:
    """Return a stored picture of a kit, as RGB or, with transparency, RGBA."""
    with Image.open(path) as image:
        return image.convert("RGBA" if "A" in image.getbands() or "transparency" in image.info else "RGB")


@lru_cache(maxsize=16)
def photo(path: Path, width: int, height: int) -> Photo:
    """Return a picture of a kit in that size in pixels."""
    return Photo.of(opened(path).resize((max(2, width), max(2, height)), Image.Resampling.LANCZOS))


def size_of(path: Path) -> tuple[int, int]:
    """Return the width and height of a picture of a kit in pixels."""
    return opened(path).size


@lru_cache(maxsize=16)
def colours_of(path: Path, most: int = 4) -> tuple[Rgb, ...]:
    """Return the main colours of a logo, the one with the largest area first, without what is transparent or grey."""
    image = opened(path).copy()
    image.thumbnail((128, 128))
    pixels = np.asarray(image.convert("RGBA")).reshape(-1, 4)
    solid = Image.fromarray(pixels[pixels[:, 3] > 128][:, :3].reshape(1, -1, 3)) if (pixels[:, 3] > 128).any() else None
    if solid is None:
        return ()
    reduced = solid.quantize(8, method=Image.Quantize.MEDIANCUT)
    palette = reduced.getpalette() or []
    places = [place for _, place in sorted(reduced.getcolors() or [], reverse=True) if isinstance(place, int)]
    colours = [(palette[3 * i], palette[3 * i + 1], palette[3 * i + 2]) for i in places]
    return tuple(c for c in colours if max(c) - min(c) > 40)[:most]


@lru_cache(maxsize=64)
def plate_for(path: Path, ground: Rgb, light: Rgb, dark: Rgb) -> Rgb | None:
    """Return the colour of the panel that a logo needs to be seen on this ground, None if it needs none."""
    image = opened(path).copy()
    image.thumbnail((96, 96))
    pixels = np.asarray(image.convert("RGBA")).reshape(-1, 4)
    solid = pixels[pixels[:, 3] > 128][:, :3]
    if not len(solid):
        return None

    colours, counts = np.unique(solid // 16 * 16, axis=0, return_counts=True)

    def seen(on: Rgb) -> float:
        """Return the share of the logo that stands out on a colour."""
        out = [contrast((int(r), int(g), int(b)), on) >= LEAST_LOGO_CONTRAST for r, g, b in colours]
        return float(counts[np.array(out)].sum() / counts.sum())

    return None if seen(ground) >= LEAST_SEEN else max((light, dark), key=seen)
