"""Type: which font has a character, how words are shaped, broken into lines and fitted into a box.

Lengths are pixels. Shaping is Pillow's (raqm: HarfBuzz and FriBidi), so joined and right-to-left scripts come out right.
"""

import importlib.util
import math
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from PIL import Image, ImageDraw, ImageFont

from pilot_core.video.storyboard.film import MARK_OFF, MARK_ON, plain
from pilot_core.video.storyboard.words import units

REFERENCE = 200


@dataclass(frozen=True)
class Face:
    """One cut of a font: package, file stem, axes by name, and the face's index in a collection."""

    package: str
    stem: str
    axes: tuple[tuple[str, float], ...] = ()
    index: int = 0


@dataclass(frozen=True)
class Voice:
    """The typographic voice of a tone: display and figure cuts for ``main``, a text cut for small lines.

    ``leading`` is line height as a multiple of the size; ``gap`` the space between stacked lines as a share of it.
    """

    display: Face
    figure: Face
    text: Face
    leading: float
    weight: int


VOICES = {
    "bold": Voice(
        Face("fontpkg_bricolage_grotesque", "BricolageGrotesque", (("optical size", 96), ("weight", 800), ("width", 88))),
        Face("fontpkg_bricolage_grotesque", "BricolageGrotesque", (("optical size", 96), ("weight", 800), ("width", 80))),
        Face("fontpkg_bricolage_grotesque", "BricolageGrotesque", (("optical size", 30), ("weight", 700), ("width", 100))),
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
        Face("fontpkg_ibm_plex_sans", "IBMPlexSans", (("weight", 300), ("width", 100))),
        Face("fontpkg_ibm_plex_sans", "IBMPlexSans", (("weight", 480), ("width", 100))),
        1.08,
        600,
    ),
}


def fallbacks(weight: int) -> tuple[Face, ...]:
    """Faces for what the voice's own font lacks, in the order they are asked."""
    heavy = (("weight", float(weight)),)
    return (
        Face("fontpkg_noto_sans", "NotoSans", heavy),
        Face("fontpkg_noto_sans_arabic", "NotoSansArabic", heavy),
        Face("fontpkg_heebo", "Heebo", heavy),
        Face("fontpkg_noto_sans_devanagari", "NotoSansDevanagari", heavy),
        Face("fontpkg_noto_sans_thai", "NotoSansThai", heavy),
    )


def _cjk(text: str, weight: int) -> Face:
    """The CJK face by what the text is written in: Japanese where there is kana, Korean where hangul, else Chinese."""
    kana = any("぀" <= c <= "ヿ" for c in text)
    hangul = any("가" <= c <= "힣" or "ᄀ" <= c <= "ᇿ" for c in text)
    return Face("manimgx_fonts_cjk", "NotoSansCJK-VF", (("weight", float(weight)),), 0 if kana else 1 if hangul else 2)


@cache
def _file(package: str, stem: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    root = Path(next(iter(spec.submodule_search_locations)))
    found = [p for p in sorted(root.rglob("*.tt[fc]")) if p.name.split("[")[0].split(".")[0] == stem]
    return found[0] if found else None


@cache
def _covered(package: str, stem: str, index: int) -> frozenset[int]:
    """The characters a font has, as code points; empty where the font is not installed."""
    path = _file(package, stem)
    if path is None:
        return frozenset()
    with TTFont(path, fontNumber=index, lazy=True) as font:
        return frozenset(font.getBestCmap())


@lru_cache(maxsize=256)
def _font(face: Face, size: int) -> ImageFont.FreeTypeFont:
    path = _file(face.package, face.stem)
    if path is None:
        raise OSError(f"the font {face.stem} is not installed")
    font = ImageFont.truetype(str(path), size, index=face.index, layout_engine=ImageFont.Layout.RAQM)
    wanted = dict(face.axes)
    axes = [
        min(max(wanted.get(_axis_name(axis), axis["default"] or 0), axis["minimum"] or 0), axis["maximum"] or 0)
        for axis in font.get_variation_axes()
    ]
    font.set_variation_by_axes(axes)
    return font


def _axis_name(axis: object) -> str:
    name = axis["name"]  # type: ignore[index]
    return (name.decode() if isinstance(name, bytes) else str(name)).casefold()


def has_glyphs(text: str, face: Face) -> bool:
    """Whether a face has every character of the text; joiners need no glyph."""
    covered = _covered(face.package, face.stem, face.index)
    return all(ord(c) in covered or c in "\u200c\u200d" for c in text)


@lru_cache(maxsize=4096)
def runs(word: str, face: Face, weight: int) -> tuple[tuple[str, Face], ...]:
    """A word in stretches of one font each; characters that no font has are left out."""
    chain = (face, *fallbacks(weight), _cjk(word, weight))
    for candidate in chain:
        if has_glyphs(word, candidate):
            return ((word, candidate),)
    found: list[tuple[str, Face]] = []
    for char in word:
        candidate_or_none = next((f for f in chain if has_glyphs(char, f)), None)
        if candidate_or_none is None:
            continue
        if found and (found[-1][1] == candidate_or_none or (unicodedata.combining(char) and has_glyphs(char, found[-1][1]))):
            found[-1] = (found[-1][0] + char, found[-1][1])
        else:
            found.append((char, candidate_or_none))
    return tuple(found)


def missing(text: str, voice: Voice) -> str:
    """The characters of a text that no font here can draw, each once."""
    chain = (voice.text, *fallbacks(voice.weight), _cjk(text, voice.weight))
    gone = [c for c in plain(text) if not c.isspace() and not any(has_glyphs(c, f) for f in chain)]
    return "".join(dict.fromkeys(gone))


def is_rtl(text: str) -> bool:
    """Whether the first letter with a direction runs right to left."""
    for char in text:
        direction = unicodedata.bidirectional(char)
        if direction in ("R", "AL"):
            return True
        if direction == "L":
            return False
    return False


def _has_rtl(text: str) -> bool:
    return any(unicodedata.bidirectional(c) in ("R", "AL") for c in text)


@lru_cache(maxsize=8192)
def advance(word: str, face: Face, weight: int, size: int, rtl: bool = False) -> float:
    """Width of one word in pixels."""
    direction = "rtl" if rtl and _has_rtl(word) else "ltr"
    return sum(_font(f, size).getlength(run, direction=direction) for run, f in runs(word, face, weight))


@lru_cache(maxsize=8192)
def ink(word: str, face: Face, weight: int, size: int) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a word's ink, from its origin on the baseline."""
    x, boxes = 0.0, []
    for run, f in runs(word, face, weight):
        direction = "rtl" if _has_rtl(run) else "ltr"
        font = _font(f, size)
        left, top, right, bottom = font.getbbox(run, anchor="ls", direction=direction)
        boxes.append((x + left, top, x + right, bottom))
        x += font.getlength(run, direction=direction)
    if not boxes:
        return 0.0, 0.0, 0.0, 0.0
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


@lru_cache(maxsize=256)
def mask(word: str, face: Face, weight: int, size: int) -> tuple[Image.Image, float, float]:
    """A word's coverage as an 8-bit image, and where its left top corner lies from the origin on the baseline."""
    left, top, right, bottom = ink(word, face, weight, size)
    x0, y0 = math.floor(left) - 2, math.floor(top) - 2
    image = Image.new("L", (max(1, math.ceil(right) - x0 + 2), max(1, math.ceil(bottom) - y0 + 2)))
    pen, x = ImageDraw.Draw(image), 0.0
    for run, f in runs(word, face, weight):
        direction = "rtl" if _has_rtl(run) else "ltr"
        font = _font(f, size)
        pen.text((x - x0, -y0), run, fill=255, font=font, anchor="ls", direction=direction)
        x += font.getlength(run, direction=direction)
    return image, x0, y0


@dataclass(frozen=True)
class Word:
    """One unit of text to be set: its characters, whether it is emphasised, whether a space follows."""

    text: str
    strong: bool
    spaced: bool


def words_of(text: str) -> list[Word]:
    """The units of a marked text, in reading order."""
    found, strong = [], False
    for piece, spaced in units(text):
        starts = MARK_ON in piece
        strong = strong or starts
        found.append(Word(plain(piece), strong, spaced))
        if MARK_OFF in piece:
            strong = False
    return [w for w in found if w.text]


@dataclass(frozen=True)
class Placed:
    """A word on the page: origin on the baseline, size in pixels, its line and its place in reading order."""

    text: str
    strong: bool
    x: float
    y: float
    size: int
    face: Face
    weight: int
    line: int
    order: int

    @property
    def box(self) -> tuple[float, float, float, float]:
        left, top, right, bottom = ink(self.text, self.face, self.weight, self.size)
        return self.x + left, self.y + top, self.x + right, self.y + bottom


@dataclass(frozen=True)
class Block:
    """Words set in lines. ``size`` is the smallest size in it; the box is that of the ink."""

    words: tuple[Placed, ...]
    size: int

    @property
    def box(self) -> tuple[float, float, float, float]:
        boxes = [w.box for w in self.words] or [(0.0, 0.0, 0.0, 0.0)]
        return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)

    def moved(self, dx: float, dy: float) -> "Block":
        moved = [Placed(w.text, w.strong, w.x + dx, w.y + dy, w.size, w.face, w.weight, w.line, w.order) for w in self.words]
        return Block(tuple(moved), self.size)


def _space(face: Face, weight: int, size: int) -> float:
    return max(advance(" ", face, weight, size), size * 0.2)


def _line_width(line: list[Word], face: Face, weight: int, size: int) -> float:
    width = sum(advance(w.text, face, weight, size) for w in line)
    return width + _space(face, weight, size) * sum(w.spaced for w in line[:-1])


def _wrap(words: list[Word], face: Face, weight: int, size: int, width: float) -> list[list[Word]]:
    """Lines of the least raggedness (the squares of what each line leaves free, the last one counting too)."""
    widths = [advance(w.text, face, weight, size) for w in words]
    space = _space(face, weight, size)
    best: list[tuple[float, int]] = [(0.0, 0)] + [(math.inf, 0)] * len(words)
    for end in range(1, len(words) + 1):
        line = -space
        for start in range(end - 1, -1, -1):
            line += widths[start] + (space if start == end - 1 or words[start].spaced else 0)
            if line > width and start < end - 1:
                break
            orphan = 0.15 * width**2 if end == len(words) and start == end - 1 and start and line < width * 0.45 else 0
            cost = best[start][0] + (width - line) ** 2 + 0.04 * width**2 + orphan
            if cost < best[end][0]:
                best[end] = (cost, start)
    lines, end = [], len(words)
    while end > 0:
        start = best[end][1]
        lines.append(words[start:end])
        end = start
    return lines[::-1]


def _break_long(words: list[Word], face: Face, weight: int, size: int, width: float) -> list[Word]:
    """The words, those wider than ``width`` cut between whole characters."""
    found: list[Word] = []
    for word in words:
        if advance(word.text, face, weight, size) <= width:
            found.append(word)
            continue
        piece = ""
        for i, char in enumerate(word.text):
            joined = unicodedata.category(char) in ("Mn", "Mc") or char in "\u200c\u200d" or (i and word.text[i - 1] == "\u200d")
            if piece and not joined and advance(piece + char, face, weight, size) > width:
                found.append(Word(piece, word.strong, False))
                piece = ""
            piece += char
        found.append(Word(piece, word.strong, word.spaced))
    return found


def fit(
    text: str, face: Face, weight: int, *, width: float, height: float, largest: int, smallest: int, leading: float, align: str
) -> Block:
    """The text in lines at the largest size that fits the box, its first line's ink at y 0 and its left edge at x 0.

    Words too wide at the smallest size are cut; if the height does not suffice even then, the text goes on smaller.
    """
    words = [w for w in words_of(text) if runs(w.text, face, weight)]
    if not words:
        return Block((), smallest)
    size = largest
    floor = max(12, smallest // 3)
    while True:
        if size <= smallest:
            words = _break_long(words, face, weight, size, width)
        lines = _wrap(words, face, weight, size, width)
        fits = max(_line_width(line, face, weight, size) for line in lines) <= width and (
            len(lines) * leading * size <= height + size * 0.25
        )
        if fits or size <= floor:
            break
        size = max(math.floor(size * 0.96), floor)
    return _set(lines, [size] * len(lines), [leading * size] * len(lines), face, weight, width, align)


def stack(text: str, face: Face, weight: int, *, width: float, height: float, largest: int, smallest: int, gap: float) -> Block | None:
    """A poster setting: each line as wide as the box, the breaks chosen so that sizes stay large and near each other.

    None where the words are too many or too unlike in length for it.
    """
    words = [w for w in words_of(text) if runs(w.text, face, weight)]
    if not 1 <= len(words) <= 7 or is_rtl(text):
        return None
    best: tuple[float, list[list[Word]], list[int]] | None = None
    for cuts in range(2 ** (len(words) - 1)):
        lines, line = [], [words[0]]
        for i, word in enumerate(words[1:]):
            if cuts >> i & 1:
                lines.append(line)
                line = []
            line.append(word)
        lines.append(line)
        sizes = [min(largest, int(REFERENCE * width / _line_width(x, face, weight, REFERENCE))) for x in lines]
        tall = sum(0.74 * s for s in sizes) + gap * max(sizes) * (len(lines) - 1)
        if tall > height or min(sizes) < smallest:
            continue
        uneven = max(sizes) / min(sizes)
        if uneven > 2.4:
            continue
        score = min(sizes) * (1.25 - 0.25 * uneven) + 0.12 * tall
        if best is None or score > best[0]:
            best = (score, lines, sizes)
    if best is None:
        return None
    _, lines, sizes = best
    tops = []
    for line, size in zip(lines, sizes, strict=True):
        boxes = [ink(w.text, face, weight, size) for w in line]
        tops.append((-min(b[1] for b in boxes), max(0.0, max(b[3] for b in boxes))))
    steps = [tops[0][0]]
    for i in range(1, len(lines)):
        steps.append(tops[i - 1][1] + gap * (sizes[i - 1] + sizes[i]) / 2 + tops[i][0])
    return _set(lines, sizes, steps, face, weight, width, "left", first_step_is_ink=True)


def _set(
    lines: list[list[Word]],
    sizes: list[int],
    steps: list[float],
    face: Face,
    weight: int,
    width: float,
    align: str,
    first_step_is_ink: bool = False,
) -> Block:
    text = " ".join(w.text for line in lines for w in line)
    rtl = is_rtl(text)
    if rtl and align == "left":
        align = "right"
    placed: list[Placed] = []
    y = 0.0
    order = 0
    for number, (line, size, step) in enumerate(zip(lines, sizes, steps, strict=True)):
        if number or first_step_is_ink:
            y += step
        else:
            y = -min(ink(w.text, face, weight, size)[1] for w in line)
        line_width = _line_width(line, face, weight, size)
        x = {"left": 0.0, "center": (width - line_width) / 2, "right": width - line_width}[align]
        if align == "left":
            x -= ink(line[0].text, face, weight, size)[0]
        orders = {id(w): order + i for i, w in enumerate(line)}
        visual = _visual(line) if rtl else line
        for i, word in enumerate(visual):
            placed.append(Placed(word.text, word.strong, x, y, size, face, weight, number, orders[id(word)]))
            gap_here = (visual[i + 1].spaced if i + 1 < len(visual) else False) if rtl else word.spaced
            x += advance(word.text, face, weight, size) + (_space(face, weight, size) if gap_here else 0)
        order += len(line)
    return Block(tuple(placed), min(sizes))


def _visual(line: list[Word]) -> list[Word]:
    """The words of a right-to-left line from left to right; stretches of left-to-right words keep their order."""
    found: list[Word] = []
    stretch: list[Word] = []
    for word in line:
        if _has_rtl(word.text):
            found.extend(reversed(stretch))
            stretch = []
            found.append(word)
        else:
            stretch.append(word)
    found.extend(reversed(stretch))
    found.reverse()
    return found
