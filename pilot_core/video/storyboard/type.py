"""Sets type: breaks words into lines and fits them into a box. Lengths are in pixels."""

import math
import unicodedata
from dataclasses import dataclass, replace
from functools import cache

import pyphen

from pilot_core.video.storyboard.film import BREAK, MARK_OFF, MARK_ON, plain
from pilot_core.video.storyboard.fonts import Face, advance, has_rtl, ink, is_rtl, runs
from pilot_core.video.storyboard.lines import ENGLISH
from pilot_core.video.storyboard.vocabulary import WEAK_ENDS, WEAK_STARTS
from pilot_core.video.storyboard.words import units

REFERENCE = 200
VERBS = ("is", "are", "was", "were", "ist", "sind", "est", "es", "é")
LEAST_REST = 5
"""Letters of the end of a divided word, if it has such a place."""


@dataclass(frozen=True)
class Word:
    """One unit of text to set: its characters, whether it is emphasised, and whether a space follows.

    ``ends_line``: somebody decided that its line ends here.
    """

    text: str
    strong: bool
    spaced: bool
    ends_line: bool = False


@dataclass(frozen=True)
class Style:
    """How text is set. ``leading`` is the line height as a multiple of the size; ``align`` is "left" or "center".

    ``language`` says where words may be hyphenated.
    """

    face: Face
    weight: int
    leading: float = 1.0
    align: str = "left"
    language: str = ENGLISH


@dataclass(frozen=True)
class Room:
    """The box that text has to fit into."""

    width: float
    height: float


def words_of(text: str) -> list[Word]:
    """Return the units of a text with emphasis marks, in reading order."""
    found, strong = [], False
    for piece, spaced in units(text):
        starts = MARK_ON in piece
        strong = strong or starts
        found.append(Word(plain(piece), strong, spaced, BREAK in piece))
        if MARK_OFF in piece:
            strong = False
    return [w for w in found if w.text]


@dataclass(frozen=True)
class Placed:
    """A word on the page: its origin on the baseline, size in pixels, line number and position in reading order."""

    text: str
    strong: bool
    x: float
    y: float
    size: int
    face: Face
    weight: int
    line: int
    order: int
    rtl: bool

    @property
    def box(self) -> tuple[float, float, float, float]:
        left, top, right, bottom = ink(self.text, self.face, self.weight, self.size, self.rtl)
        return self.x + left, self.y + top, self.x + right, self.y + bottom


@dataclass(frozen=True)
class Block:
    """Words set in lines. ``size`` is the smallest font size used; ``box`` is the bounding box of the ink."""

    words: tuple[Placed, ...]
    size: int
    is_centred: bool = False

    @property
    def box(self) -> tuple[float, float, float, float]:
        boxes = [w.box for w in self.words] or [(0.0, 0.0, 0.0, 0.0)]
        return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)

    def moved(self, dx: float, dy: float) -> "Block":
        return replace(self, words=tuple(replace(w, x=w.x + dx, y=w.y + dy) for w in self.words))


def _space(face: Face, weight: int, size: int) -> float:
    return max(advance(" ", face, weight, size), size * 0.2)


def _line_width(line: list[Word], face: Face, weight: int, size: int) -> float:
    width = sum(advance(w.text, face, weight, size) for w in line)
    return width + _space(face, weight, size) * sum(w.spaced for w in line[:-1])


def _room(line: list[Word], face: Face, weight: int, size: int) -> float:
    """Return a line's width including any ink of its first and last word that extends beyond their advance."""
    reach = 0.0
    for word in (line[0], line[-1]):
        left, _, right, _ = ink(word.text, face, weight, size)
        reach = max(reach, -left) + max(0.0, right - advance(word.text, face, weight, size))
    return _line_width(line, face, weight, size) + reach


def _wrap(words: list[Word], face: Face, weight: int, size: int, width: float) -> list[list[Word]]:
    """Break words into the least ragged lines.

    Minimises the sum of the squared free widths, including the last line's, plus penalties for bad breaks. A line that
    somebody ended is ended there.
    """
    ends = [i for i, word in enumerate(words[:-1]) if word.ends_line]
    if ends:
        rest = _wrap(words[ends[0] + 1 :], face, weight, size, width)
        return [*_wrap(words[: ends[0] + 1], face, weight, size, width), *rest]
    widths = [advance(w.text, face, weight, size) for w in words]
    space = _space(face, weight, size)
    best: list[tuple[float, int]] = [(0.0, 0)] + [(math.inf, 0)] * len(words)
    for end in range(1, len(words) + 1):
        line = -space
        for start in range(end - 1, -1, -1):
            line += widths[start] + (space if start == end - 1 or words[start].spaced else 0)
            if line > width and start < end - 1:
                break
            is_alone = start == end - 1 and len(words) > 2 and line < width * 0.5 and not words[start].strong
            orphan = 0.35 * width**2 if is_alone else 0
            bad = _badness(words[start:end], words[end:]) if end < len(words) else 0.0
            pause = end < len(words) and words[end - 1].text[-1] in ",;:—–.?!،、。"
            bend = bad * 0.7 if bad else -0.08 if pause else 0.04
            cost = best[start][0] + (width - line) ** 2 + bend * width**2 + orphan
            if cost < best[end][0]:
                best[end] = (cost, start)
    lines, end = [], len(words)
    while end > 0:
        start = best[end][1]
        lines.append(words[start:end])
        end = start
    return lines[::-1]


@cache
def _hyphenator(language: str) -> pyphen.Pyphen | None:
    known = pyphen.language_fallback(language.replace("-", "_")) if language else None
    return pyphen.Pyphen(lang=known) if known else None


def _hyphenated(word: Word, style: Style, size: int, width: float) -> list[Word]:
    """Return the word with its end divided off where its language hyphenates, as far as it has such places."""
    hyphenator = _hyphenator(style.language)
    pairs = list(hyphenator.iterate(word.text)) if hyphenator and word.text.isalpha() else []
    fitting = [(a, b) for a, b in pairs if advance(f"{a}-", style.face, style.weight, size) <= width]
    if not fitting:
        return [word]
    # A short rest says nothing by itself.
    first, rest = max(fitting, key=lambda pair: (len(pair[1]) >= LEAST_REST, len(pair[0])))
    return [Word(f"{first}-", word.strong, False), Word(rest, word.strong, word.spaced, word.ends_line)]


def _break_long(words: list[Word], style: Style, size: int, width: float) -> list[Word]:
    """Return the words, splitting any wider than ``width``. Combining and joined characters stay together."""
    face, weight = style.face, style.weight
    found: list[Word] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if advance(word.text, face, weight, size) <= width:
            found.append(word)
            continue
        if len(divided := _hyphenated(word, style, size, width)) > 1:
            waiting[:0] = divided
            continue
        piece = ""
        for i, char in enumerate(word.text):
            joined = (
                unicodedata.category(char) in ("Mn", "Mc")
                or char in "\u200c\u200d"
                or (i and word.text[i - 1] == "\u200d")
            )
            if piece and not joined and advance(piece + char + "-", face, weight, size) > width:
                found.append(Word(piece + "-" * (piece[-1:].isalpha() and piece.isascii()), word.strong, False))
                piece = ""
            piece += char
        found.append(Word(piece, word.strong, word.spaced, word.ends_line))
    return found


def fit(text: str, style: Style, room: Room, *, largest: int, smallest: int) -> Block:
    """Return the text in lines that fit the box, at a large size with even lines.

    The first line's ink starts at y 0, and the left edge of the box is at x 0.
    At the smallest size, words that are too wide are split. If the text is still too tall, it is set smaller than that.
    """
    face, weight, width = style.face, style.weight, room.width
    words = [w for w in words_of(text) if runs(w.text, face, weight)]
    if not words:
        return Block((), smallest)
    size, floor = largest, max(12, smallest // 3)
    best: tuple[float, int, list[list[Word]]] | None = None
    while size >= floor and (best is None or size >= max(best[1] * 0.8, smallest)):
        if size <= smallest:
            words = _break_long(words, style, size, width)
        lines = _wrap(words, face, weight, size, width)
        step = max(style.leading * size, _tall(lines, face, weight, size))
        widths = [_room(line, face, weight, size) for line in lines]
        if (max(widths) <= width and len(lines) * step <= room.height + size * 0.25) or size == floor:
            uneven = max(widths) - sum(widths) / len(widths) + 0.3 * width * _alone(lines)
            uneven += width * sum(map(_badness, lines[:-1], lines[1:]))
            score = size / largest - 0.55 * uneven / width
            if best is None or score > best[0]:
                best = (score, size, lines)
        smaller = size - 1 if size == floor else max(math.floor(size * 0.96), floor)
        size = smallest if size > smallest > smaller else smaller
    _, size, lines = best or (0.0, floor, [words])
    step = max(style.leading * size, _tall(lines, face, weight, size))
    return _set(lines, [size] * len(lines), [step] * len(lines), style, width)


def _tall(lines: list[list[Word]], face: Face, weight: int, size: int) -> float:
    """Return the smallest line height that keeps lines of a tall script apart; 0 for scripts such as Latin."""
    said = "".join(w.text for line in lines for w in line)
    if len(lines) < 2 or all(char < "\u0590" or "\u2000" <= char < "\u2100" for char in said):
        return 0.0
    above = max(-ink(w.text, face, weight, size)[1] for line in lines[1:] for w in line)
    below = max(ink(w.text, face, weight, size)[3] for line in lines[:-1] for w in line)
    return above + below + 0.08 * size


EMPHASIS = 2.2
"""How many times as large as the other lines that with the emphasised words is at most."""
LEAST_EMPHASIS = 1.4
"""How many times as large it is at least: sizes nearer than that look like a mistake."""
PLAIN_SHARE = 0.62
"""How large the lines without emphasis are at most, as a share of the largest size."""


def _alone(lines: list[list[Word]]) -> int:
    """Return how many lines are one short word that is not emphasised, among others."""
    return sum(len(line) == 1 and len(line[0].text) <= 7 and not line[0].strong for line in lines) if lines[1:] else 0


def _badness(line: list[Word], following: list[Word]) -> float:
    """Return how bad a break is: 0, a little inside an emphasised phrase, much after a short function word."""
    last, first = line[-1].text, following[0].text
    if last.casefold() in VERBS and following[0].strong and not line[-1].strong:
        return 0.0  # a reader pauses before what the sentence says of it
    is_parted = line[-1].strong and following[0].strong
    if is_parted and (last[-1:].isdigit() or not first[:1].isalnum() or (len(first) == 1 and not first.isdigit())):
        return 1.2  # a figure from its scale, unit or currency
    if last.casefold() in WEAK_ENDS or first in WEAK_STARTS:
        return 0.8
    return 0.25 if line[-1].strong and following[0].strong else 0.0


def stack(text: str, style: Style, room: Room, *, largest: int, smallest: int, gap: float) -> Block | None:
    """Set text like a poster: lines that break where a reader pauses, and the emphasised words the largest.

    Returns None if there are more than seven words, the text is right-to-left, or no setting fits the box.
    """
    face, weight = style.face, style.weight
    words = [w for w in words_of(text) if runs(w.text, face, weight)]
    if not 1 <= len(words) <= 7 or is_rtl(text):
        return None
    best: tuple[float, list[list[Word]], list[int]] | None = None
    ended = sum(1 << i for i, word in enumerate(words[:-1]) if word.ends_line)
    for cuts in [ended] if ended else range(2 ** (len(words) - 1)):
        lines, line = [], [words[0]]
        for i, word in enumerate(words[1:]):
            if cuts >> i & 1:
                lines.append(line)
                line = []
            line.append(word)
        lines.append(line)
        sizes = _poster_sizes(lines, style, room, largest, gap)
        if sizes is None or min(sizes) < smallest:
            continue
        small = _alone(lines)
        bad = sum(map(_badness, lines[:-1], lines[1:]))
        score = 0.6 * max(sizes) + 0.8 * min(sizes) - (0.6 * bad + 0.4 * small) * max(sizes)
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
    return _set(lines, sizes, steps, style, room.width, first_step_is_ink=True)


def _poster_sizes(lines: list[list[Word]], style: Style, room: Room, largest: int, gap: float) -> list[int] | None:
    """Return the size of each line: one for those with emphasised words, a smaller one for the others."""
    fits = [REFERENCE * room.width / _room(line, style.face, style.weight, REFERENCE) for line in lines]
    strong = [any(word.strong for word in line) for line in lines]
    if all(strong) or not any(strong):
        sizes = [min(largest, *fits)] * len(lines)
    else:
        top = min(largest, *(size for size, is_strong in zip(fits, strong, strict=True) if is_strong))
        low = min(largest * PLAIN_SHARE, *(size for size, is_strong in zip(fits, strong, strict=True) if not is_strong))
        low, top = min(low, top / LEAST_EMPHASIS), min(top, low * EMPHASIS)
        sizes = [top if is_strong else low for is_strong in strong]
    tall = sum(0.74 * size for size in sizes) + gap * max(sizes) * (len(lines) - 1)
    shrink = min(1.0, room.height / tall)
    return [int(size * shrink) for size in sizes]


def _set(
    lines: list[list[Word]],
    sizes: list[int],
    steps: list[float],
    style: Style,
    width: float,
    first_step_is_ink: bool = False,
) -> Block:
    face, weight, align = style.face, style.weight, style.align
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
            y = -min(ink(w.text, face, weight, size, rtl)[1] for w in line)
        line_width = _line_width(line, face, weight, size)
        x = {"left": 0.0, "center": (width - line_width) / 2, "right": width - line_width}[align]
        visual = _visual(line) if rtl else line
        last = visual[-1].text
        overhang = ink(last, face, weight, size, rtl)[2] - advance(last, face, weight, size, rtl)
        if align == "left":
            x -= ink(line[0].text, face, weight, size, rtl)[0]
        x -= max(0.0, x + line_width + overhang - width)
        orders = {id(w): order + i for i, w in enumerate(line)}
        for i, word in enumerate(visual):
            placed.append(Placed(word.text, word.strong, x, y, size, face, weight, number, orders[id(word)], rtl))
            gap_here = (visual[i + 1].spaced if i + 1 < len(visual) else False) if rtl else word.spaced
            x += advance(word.text, face, weight, size, rtl) + (_space(face, weight, size) if gap_here else 0)
        order += len(line)
    return Block(tuple(placed), min(sizes), align == "center")


def _visual(line: list[Word]) -> list[Word]:
    """Return the words of a right-to-left line in order from left to right. Left-to-right runs keep their own order."""
    found: list[Word] = []
    stretch: list[Word] = []
    for word in line:
        if has_rtl(word.text):
            found.extend(reversed(stretch))
            stretch = []
            found.append(word)
        else:
            stretch.append(word)
    found.extend(reversed(stretch))
    found.reverse()
    return found
