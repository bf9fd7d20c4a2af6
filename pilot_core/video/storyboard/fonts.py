"""Fonts: the faces for each tone, which characters each font has, and the measured and drawn shape of a word.

Pillow shapes the text with raqm (HarfBuzz and FriBidi), so joined and right-to-left scripts are drawn correctly.
"""

import importlib.util
import math
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from pilot_core.video.contract import KitFiles
from pilot_core.video.storyboard.film import plain


@dataclass(frozen=True)
class Face:
    """One style of a font: package, file stem, variation axes by name, and the face's index in a collection."""

    package: str
    stem: str
    axes: tuple[tuple[str, float], ...] = ()
    index: int = 0


@dataclass(frozen=True)
class Voice:
    """The faces for one tone: ``display`` and ``figure`` for the main words and figures, ``text`` for small lines.

    ``leading`` is the line height as a multiple of the font size. ``weight`` is the weight of fallback fonts.
    """

    display: Face
    figure: Face
    text: Face
    leading: float
    weight: int


VOICES = {
    "bold": Voice(
        Face(
            "fontpkg_bricolage_grotesque", "BricolageGrotesque", (("optical size", 96), ("weight", 800), ("width", 88))
        ),
        Face(
            "fontpkg_bricolage_grotesque", "BricolageGrotesque", (("optical size", 96), ("weight", 800), ("width", 80))
        ),
        Face(
            "fontpkg_bricolage_grotesque", "BricolageGrotesque", (("optical size", 30), ("weight", 700), ("width", 100))
        ),
        0.96,
        800,
    ),
    "empathetic": Voice(
        Face("fontpkg_fraunces", "Fraunces", (("optical size", 144), ("weight", 430), ("softness", 100), ("wonky", 0))),
        Face("fontpkg_fraunces", "Fraunces", (("optical size", 144), ("weight", 380), ("softness", 100), ("wonky", 0))),
        Face("fontpkg_fraunces", "Fraunces", (("optical size", 30), ("weight", 480), ("softness", 100), ("wonky", 0))),
        1.14,
        500,
    ),
    "professional": Voice(
        Face("fontpkg_ibm_plex_sans", "IBMPlexSans", (("weight", 560), ("width", 100))),
        Face("fontpkg_ibm_plex_sans", "IBMPlexSans", (("weight", 500), ("width", 100))),
        Face("fontpkg_ibm_plex_sans", "IBMPlexSans", (("weight", 480), ("width", 100))),
        1.08,
        600,
    ),
}


TYPEFACES = {
    "Bricolage Grotesque": ("fontpkg_bricolage_grotesque", "BricolageGrotesque"),
    "Fraunces": ("fontpkg_fraunces", "Fraunces"),
    "Heebo": ("fontpkg_heebo", "Heebo"),
    "IBM Plex Sans": ("fontpkg_ibm_plex_sans", "IBMPlexSans"),
    "Inter": ("fontpkg_inter", "Inter"),
    "Noto Sans": ("fontpkg_noto_sans", "NotoSans"),
}
"""The families that a brand kit can name: font package and file stem."""

OF_TONE = {"bold": "Bricolage Grotesque", "empathetic": "Fraunces", "professional": "IBM Plex Sans"}
"""The family of each tone, for brands without one of their own."""


def voice_of(tone: str, kit: KitFiles) -> Voice:
    """Return the faces of a film: those of the kit's typeface in the weights of the tone, else the tone's own."""
    voice = VOICES[tone]
    if not kit.font and (not kit.typeface or kit.typeface == OF_TONE[tone]):
        return voice
    package, stem = ("", str(kit.font)) if kit.font else TYPEFACES.get(kit.typeface, TYPEFACES[OF_TONE[tone]])

    def face(weight: int, size: int) -> Face:
        return Face(package, stem, (("optical size", size), ("weight", weight)))

    weights = {"bold": (800, 700), "empathetic": (500, 500), "professional": (600, 500)}[tone]
    display = face(weights[0], 96)
    return Voice(display, display, face(weights[1], 30), max(voice.leading, 1.0), voice.weight)


def fallbacks(weight: int) -> tuple[Face, ...]:
    """Return the faces to try, in order, for characters that the voice's own font lacks."""
    heavy = (("weight", float(weight)),)
    return (
        Face("fontpkg_noto_sans", "NotoSans", heavy),
        Face("fontpkg_noto_sans_arabic", "NotoSansArabic", heavy),
        Face("fontpkg_heebo", "Heebo", heavy),
        Face("fontpkg_noto_sans_devanagari", "NotoSansDevanagari", heavy),
        Face("fontpkg_noto_sans_thai", "NotoSansThai", heavy),
    )


def _cjk(text: str, weight: int) -> Face:
    """Return the CJK face for a text: Japanese if it contains kana, Korean if it contains hangul, else Chinese."""
    kana = any("぀" <= c <= "ヿ" for c in text)
    hangul = any("가" <= c <= "힣" or "ᄀ" <= c <= "ᇿ" for c in text)
    return Face("manimgx_fonts_cjk", "NotoSansCJK-VF", (("weight", float(weight)),), 0 if kana else 1 if hangul else 2)


@cache
def file_of(package: str, stem: str) -> Path | None:
    """Return the font's file, or None if it is not installed. Without a package the stem is its path."""
    if not package:
        return Path(stem)
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    root = Path(next(iter(spec.submodule_search_locations)))
    found = [p for p in sorted(root.rglob("*.tt[fc]")) if p.name.split("[")[0].split(".")[0] == stem]
    return found[0] if found else None


@cache
def _covered(package: str, stem: str, index: int) -> frozenset[int]:
    """Return the code points that a font has; empty if the font is not installed."""
    path = file_of(package, stem)
    if path is None or not path.exists():
        return frozenset()
    with TTFont(path, fontNumber=index, lazy=True) as font:
        return frozenset(font.getBestCmap())


@lru_cache(maxsize=256)
def _font(face: Face, size: int) -> ImageFont.FreeTypeFont:
    path = file_of(face.package, face.stem)
    if path is None:
        raise OSError(f"the font {face.stem} is not installed")
    font = ImageFont.truetype(str(path), size, index=face.index, layout_engine=ImageFont.Layout.RAQM)
    try:
        variable = font.get_variation_axes()
    except OSError:
        return font  # an uploaded font of one weight
    wanted = dict(face.axes)
    axes = [
        min(max(wanted.get(_axis_name(axis), axis["default"] or 0), axis["minimum"] or 0), axis["maximum"] or 0)
        for axis in variable
    ]
    font.set_variation_by_axes(axes)
    return font


def _axis_name(axis: object) -> str:
    name = axis["name"]  # type: ignore[index]
    return (name.decode() if isinstance(name, bytes) else str(name)).casefold()


EMOJI_FILE = Path("/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf")
"""Of Debian's package fonts-noto-color-emoji. Without it emoji are left out.

No Python package has a font of emoji whose licence lets a film be passed on without naming it.
"""
EMOJI = Face("", str(EMOJI_FILE))
EMOJI_SIZE = 109
"""The one size in pixels in which the font has its pictures."""
JOINERS = "\u200c\u200d\ufe0e\ufe0f"


@lru_cache(maxsize=256)
def emoji_picture(run: str, size: int) -> Image.Image:
    """Return an emoji, or some in a row, as a picture for text of that size in pixels, with transparency."""
    font = _font(EMOJI, EMOJI_SIZE)
    width, height = math.ceil(font.getlength(run)), math.ceil(EMOJI_SIZE * 1.17)
    picture = Image.new("RGBA", (max(1, width), height))
    ImageDraw.Draw(picture).text((0, height * 0.8), run, font=font, embedded_color=True, anchor="ls")
    factor = size / EMOJI_SIZE * 0.82
    return picture.resize((max(1, round(width * factor)), max(1, round(height * factor))), Image.Resampling.LANCZOS)


def emoji_of(word: str, face: Face, weight: int, size: int) -> tuple[tuple[Image.Image, float, float], ...]:
    """Return the pictures of a word's emoji, each with its offset in pixels from the word's origin on the baseline."""
    found, x = [], 0.0
    for run, f in runs(word, face, weight):
        if f == EMOJI:
            picture = emoji_picture(run, size)
            found.append((picture, x, -0.8 * picture.height))
        x += _length(run, f, size, "ltr")
    return tuple(found)


def _length(run: str, face: Face, size: int, direction: str) -> float:
    if face == EMOJI:
        return float(emoji_picture(run, size).width)
    return _font(face, size).getlength(run, direction=direction)


def has_glyphs(text: str, face: Face) -> bool:
    """Return whether a face has every character of the text. Joiners and variation selectors need no glyph."""
    covered = _covered(face.package, face.stem, face.index)
    return all(ord(c) in covered or c in JOINERS for c in text)


@lru_cache(maxsize=4096)
def runs(word: str, face: Face, weight: int) -> tuple[tuple[str, Face], ...]:
    """Split a word into runs that each use one font. Leaves out characters that no font has."""
    chain = (face, *fallbacks(weight), _cjk(word, weight), EMOJI)
    for candidate in chain:
        if has_glyphs(word, candidate):
            return ((word, candidate),)
    found: list[tuple[str, Face]] = []
    for char in word:
        candidate_or_none = next((f for f in chain if has_glyphs(char, f)), None)
        if candidate_or_none is None:
            continue
        if found and (
            found[-1][1] == candidate_or_none
            or char in JOINERS
            or (unicodedata.combining(char) and has_glyphs(char, found[-1][1]))
        ):
            found[-1] = (found[-1][0] + char, found[-1][1])
        else:
            found.append((char, candidate_or_none))
    return tuple(found)


def missing(text: str, voice: Voice) -> str:
    """Return the characters of a text that no font here can draw, each once."""
    chain = (voice.text, *fallbacks(voice.weight), _cjk(text, voice.weight), EMOJI)
    gone = [c for c in plain(text) if not c.isspace() and not any(has_glyphs(c, f) for f in chain)]
    return "".join(dict.fromkeys(gone))


def is_rtl(text: str) -> bool:
    """Return whether the text's first character with a strong direction is right-to-left."""
    for char in text:
        direction = unicodedata.bidirectional(char)
        if direction in ("R", "AL"):
            return True
        if direction == "L":
            return False
    return False


def has_rtl(text: str) -> bool:
    return any(unicodedata.bidirectional(c) in ("R", "AL") for c in text)


@lru_cache(maxsize=8192)
def advance(word: str, face: Face, weight: int, size: int, rtl: bool = False) -> float:
    """Return the width of one word in pixels. ``rtl`` is the direction of the sentence that contains it."""
    direction = "rtl" if rtl else "ltr"
    return sum(_length(run, f, size, direction) for run, f in runs(word, face, weight))


@lru_cache(maxsize=8192)
def ink(word: str, face: Face, weight: int, size: int, rtl: bool = False) -> tuple[float, float, float, float]:
    """Return the bounding box of a word's ink (left, top, right, bottom) in pixels from its origin on the baseline."""
    direction = "rtl" if rtl else "ltr"
    x, boxes = 0.0, []
    for run, f in runs(word, face, weight):
        if f == EMOJI:
            picture = emoji_picture(run, size)
            boxes.append((x, -0.8 * picture.height, x + picture.width, 0.2 * picture.height))
        else:
            left, top, right, bottom = _font(f, size).getbbox(run, anchor="ls", direction=direction)
            boxes.append((x + left, top, x + right, bottom))
        x += _length(run, f, size, direction)
    if not boxes:
        return 0.0, 0.0, 0.0, 0.0
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


@lru_cache(maxsize=256)
def mask(word: str, face: Face, weight: int, size: int, rtl: bool = False) -> tuple[Image.Image, int, int]:
    """Return a word as an 8-bit coverage mask, with the offset of its top left corner from the baseline origin.

    Emoji have colours of their own and are left out of it; see :func:`emoji_of`.
    """
    direction = "rtl" if rtl else "ltr"
    left, top, right, bottom = ink(word, face, weight, size, rtl)
    x0, y0 = math.floor(left) - 2, math.floor(top) - 2
    image = Image.new("L", (max(1, math.ceil(right) - x0 + 2), max(1, math.ceil(bottom) - y0 + 2)))
    pen, x = ImageDraw.Draw(image), 0.0
    for run, f in runs(word, face, weight):
        if f != EMOJI:
            pen.text((x - x0, -y0), run, fill=255, font=_font(f, size), anchor="ls", direction=direction)
        x += _length(run, f, size, direction)
    return image, x0, y0
