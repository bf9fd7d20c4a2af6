"""Colours: a brand's palette, contrast as defined by WCAG 2.2, readable text colours, and conversion to BT.709."""

import colorsys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

Rgb = tuple[int, int, int]

MIN_CONTRAST = 4.5


@dataclass(frozen=True)
class Palette:
    """A brand's two darks, one light and one accent."""

    dark: Rgb
    deep: Rgb
    light: Rgb
    accent: Rgb

    def ground(self, name: str) -> Rgb:
        """Return the colour of that name: dark, deep, light, accent, or paper (light mixed with 7% deep)."""
        if name == "paper":
            return mix(self.light, self.deep, 0.07)
        colour: Rgb = getattr(self, name)
        return colour


FALLBACK = Palette(dark=(18, 22, 31), deep=(38, 52, 84), light=(247, 246, 242), accent=(232, 121, 64))


def palette_of(brand: dict[str, Any]) -> Palette:
    """Return the palette of a saved brand preset. Missing or invalid colours are replaced by neutral ones."""
    given = brand.get("palette")
    given = given if isinstance(given, dict) else {}
    names = ("dark", "deep", "light", "accent")
    return Palette(*(_parse(given.get(name)) or getattr(FALLBACK, name) for name in names))


def kit_palette(colours: list[str], of_logo: Sequence[Rgb]) -> dict[str, str] | None:
    """Return the palette of a brand kit as a preset has it: of its colours, or else its logo's; None without either.

    The most vivid colour is the accent. What is missing is a dark shade of the darkest, or a light one of the accent:
    contrast is corrected, never the hue.
    """
    given = [colour for text in colours if (colour := _parse(text))] or list(of_logo)
    if not given:
        return None
    accent = max(given, key=lambda c: max(c) - min(c))
    by_light = sorted(given, key=luminance)
    dark = by_light[0] if luminance(by_light[0]) < DARKEST else _shade(by_light[0], 0.10)
    light = by_light[-1] if luminance(by_light[-1]) > LIGHTEST else _shade(accent, 0.965)
    between = [c for c in by_light if c not in (dark, light, accent) and luminance(c) < DEEPEST]
    deep = between[0] if between else _shade(by_light[0], 0.22)
    named = {"dark": dark, "deep": deep, "light": light, "accent": accent}
    return {name: f"#{r:02X}{g:02X}{b:02X}" for name, (r, g, b) in named.items()}


DARKEST, DEEPEST, LIGHTEST = 0.06, 0.2, 0.72
"""Luminance up to which a colour serves as the dark or the second dark one, and from which as the light one."""


def _shade(colour: Rgb, lightness: float) -> Rgb:
    """Return a shade of a colour's hue with that lightness (HLS)."""
    hue, _, saturation = colorsys.rgb_to_hls(*(part / 255 for part in colour))
    r, g, b = colorsys.hls_to_rgb(hue, lightness, min(saturation, 0.5))
    return round(255 * r), round(255 * g), round(255 * b)


def _parse(value: object) -> Rgb | None:
    text = str(value or "").strip().lstrip("#")
    try:
        return (int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16)) if len(text) == 6 else None
    except ValueError:
        return None


def mix(a: Rgb, b: Rgb, share: float) -> Rgb:
    """Return ``a`` mixed with ``share`` (0 to 1) of ``b``."""
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )


def luminance(colour: Rgb) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    parts = [c / 255 for c in colour]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: Rgb, b: Rgb) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def ink_on(palette: Palette, grounds: Iterable[Rgb]) -> Rgb:
    """Return the palette's light or dark colour, whichever has more contrast on all the grounds.

    Returns black or white if neither reaches ``MIN_CONTRAST`` on every ground.
    """
    grounds = list(grounds)

    def worst(ink: Rgb) -> float:
        return min(contrast(ink, ground) for ground in grounds)

    best = max((palette.dark, palette.light), key=worst)
    return best if worst(best) >= MIN_CONTRAST else max(((0, 0, 0), (255, 255, 255)), key=worst)


def accent_ink(palette: Palette, grounds: Iterable[Rgb]) -> Rgb:
    """Return the accent, darkened or lightened just enough to reach ``MIN_CONTRAST`` on every ground.

    Returns the colour of ``ink_on`` if no tint of the accent is readable.
    """
    grounds = list(grounds)
    ink = ink_on(palette, grounds)
    end = (0, 0, 0) if luminance(ink) < luminance(grounds[0]) else (255, 255, 255)
    for step in range(0, 17):
        tint = mix(palette.accent, end, step / 20)
        if min(contrast(tint, ground) for ground in grounds) >= MIN_CONTRAST:
            return tint
    return ink


@cache
def yuv(colour: Rgb) -> tuple[int, int, int]:
    """Limited-range BT.709 Y, Cb, Cr (ITU-R BT.709-6)."""
    r, g, b = (c / 255 for c in colour)
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    return round(16 + 219 * y), round(128 + 224 * (b - y) / 1.8556), round(128 + 224 * (r - y) / 1.5748)
