"""Chooses the colours of one page from the tone, the palette and the background colour."""

from dataclasses import dataclass

from pilot_core.video.storyboard.palette import Palette, Rgb, accent_ink, ink_on, mix, yuv


@dataclass(frozen=True)
class Scheme:
    """The colours of a page. ``ground`` is the background and ``under`` a large shape that may lie behind text.

    ``spark`` is for small bright shapes, ``ink`` for text, ``strong`` for emphasised text, and ``line`` for thin lines.
    """

    ground: Rgb
    under: Rgb
    spark: Rgb
    ink: Rgb
    strong: Rgb
    line: Rgb


LIT = 42
"""Lowest luma (limited range) that is safely not black. The detector's 10% is 38; encoding shifts values slightly."""

UNDER = {"dark": "deep", "deep": "dark", "light": "accent", "accent": "light", "paper": "accent"}


def scheme_of(film_tone: str, palette: Palette, ground_name: str, register: int) -> Scheme:
    """Return the colours for a background: plain palette colours for the bold tone, tints for the other two."""
    ground = palette.ground(ground_name)
    ink = ink_on(palette, [ground])
    if film_tone == "bold":
        under = palette.ground(UNDER[ground_name])
        if register and ground_name in ("light", "paper"):
            under = mix(ground, palette.deep, 0.14)
        if max(yuv(ground)[0], yuv(under)[0]) < LIT:
            under = mix(under, palette.light, 0.14)
        both = [ground, under]
        ink = ink_on(palette, both)
        spark = palette.accent if ground_name in ("dark", "deep") else palette.dark
        strong = accent_ink(palette, both) if ground_name in ("dark", "deep") else ink
        return Scheme(ground, under, spark, ink, strong, mix(ground, ink, 0.2))
    if film_tone == "empathetic":
        bright = ground_name in ("light", "paper", "accent")
        under = mix(ground, palette.accent, 0.24) if bright else mix(ground, palette.dark, 0.45)
        spark = mix(ground, palette.accent, 0.62 if bright else 0.75)
        both = [ground, under]
        return Scheme(
            ground, under, spark, ink_on(palette, both), accent_ink(palette, both), mix(ground, palette.deep, 0.2)
        )
    ground = _lit(_lit(ground, palette.deep), palette.light)
    under = mix(ground, palette.accent, 0.13)
    both = [ground, under]
    return Scheme(
        ground, under, palette.accent, ink_on(palette, both), accent_ink(palette, both), mix(ground, ink, 0.16)
    )


def _lit(ground: Rgb, towards: Rgb) -> Rgb:
    """Return the ground mixed with just enough of another colour (at most half) not to count as black.

    Returns the ground unchanged if half is not enough.
    """
    shares = (step / 20 for step in range(11))
    return next((tint for share in shares if yuv(tint := mix(ground, towards, share))[0] >= LIT), ground)
