"""A page being set: its blocks of words, panels and pictures, placed one by one. Lengths are in pixels.

Layouts are designed for 1080×1920 and scaled to the requested frame size. Nothing is drawn here.
"""

from dataclasses import dataclass

from pilot_core.video.storyboard.film import HEADLINE_MIN, LANDSCAPE, Film, FilmShot
from pilot_core.video.storyboard.fonts import Face, Voice, ink, is_rtl, voice_of
from pilot_core.video.storyboard.palette import Palette, Rgb
from pilot_core.video.storyboard.pictures import Box, Shown
from pilot_core.video.storyboard.scheme import Scheme, scheme_of
from pilot_core.video.storyboard.type import Block, Room, Style, fit, stack

RIGHT_TO_LEFT = ("ar", "he", "fa", "ur")
"""Languages whose pages are mirrored, also where a line of them is in Latin letters."""

Part = tuple[str, Block, float]
"""A block in a column: its role, the block, and the gap above it."""


@dataclass(frozen=True)
class Item:
    """The words of one role, the background colours they may lie on, and the frame at which the first one enters."""

    role: str
    block: Block
    ink: Rgb
    strong: Rgb
    grounds: tuple[Rgb, ...]
    delay: int
    enter: str


@dataclass(frozen=True)
class Panel:
    """A shape drawn with the words: a pill or slab behind a link, a rule, or an arrow."""

    kind: str
    box: Box
    colour: Rgb
    delay: int
    is_mirrored: bool = False


@dataclass(frozen=True)
class Page:
    scheme: Scheme
    items: tuple[Item, ...]
    panels: tuple[Panel, ...]
    pictures: tuple[Shown, ...] = ()

    @property
    def headline(self) -> int:
        """The font size of the main words in pixels; 0 if there are none."""
        return next((i.block.size for i in self.items if i.role == "main"), 0)


class Setter:
    """Builds one page block by block. Counts the words placed so far, to delay each word's entrance."""

    def __init__(self, film: Film, shot: FilmShot, palette: Palette):
        self.film, self.shot = film, shot
        self.scale = film.scale
        self.palette = palette
        self.voice: Voice = voice_of(film.tone, film.kit)
        self.is_wide = film.ratio is LANDSCAPE
        self.is_mirrored = is_rtl(shot.text) or film.language.split("-")[0] in RIGHT_TO_LEFT
        self.scheme = scheme_of(film.tone, palette, shot.ground, film.direction.register % 2)
        ratio = film.ratio
        margin = film.width * ratio.side + 11 * self.scale
        self.left, self.right = margin, film.width - margin
        self.top, self.bottom = (
            film.height * ratio.top + 24 * self.scale,
            film.height * (1 - ratio.bottom) - 30 * self.scale,
        )
        self.width = self.right - self.left
        self.floor = -(-int(film.height * HEADLINE_MIN * 1000) // 1000)
        self.items: list[Item] = []
        self.panels: list[Panel] = []
        self.pictures: list[Shown] = []
        self.told = 0

    def px(self, length: float) -> int:
        return round(length * self.scale)

    def _side(self, align: str) -> str:
        """Return the side that lines begin at, mirrored with the page."""
        return "right" if align == "left" and self.is_mirrored else align

    def main(
        self, text: str, *, width: float, height: float, largest: int, face: Face | None = None, align: str = "left"
    ) -> Block:
        face = face or self.voice.display
        style = Style(face, self.voice.weight, self.voice.leading, self._side(align), self.film.language)
        return fit(text, style, Room(width, height), largest=max(self.px(largest), self.floor), smallest=self.floor)

    def poster(self, text: str, *, width: float, height: float, largest: int, face: Face | None = None) -> Block:
        face = face or self.voice.display
        style = Style(face, self.voice.weight)
        set_tight = stack(text, style, Room(width, height), largest=self.px(largest), smallest=self.floor, gap=0.13)
        return set_tight or self.main(text, width=width, height=height, largest=min(largest, 230), face=face)

    def small(
        self,
        text: str,
        *,
        width: float,
        largest: int,
        height: float | None = None,
        align: str = "left",
        face: Face | None = None,
    ) -> Block:
        style = Style(face or self.voice.text, self.voice.weight, 1.16, self._side(align), self.film.language)
        room = Room(width, height or self.px(220))
        return fit(text, style, room, largest=self.px(largest), smallest=self.px(44))

    def add(
        self,
        role: str,
        block: Block,
        at: tuple[float, float],
        *,
        ink: Rgb | None = None,
        grounds: tuple[Rgb, ...] | None = None,
        enter: str,
    ) -> Box:
        """Place a block with the top left corner of its ink at ``at``, and return its bounding box.

        On a mirrored page ``at`` is the top right corner, and its x is counted from the right edge of the frame.
        """
        (x, y), box = at, block.box
        if self.is_mirrored and not block.is_centred:
            x = self.film.width - x - box[2]
        moved = block.moved(x, y - box[1])
        colour = ink or self.scheme.ink
        self.items.append(
            Item(
                role,
                moved,
                colour,
                ink or self.scheme.strong,
                grounds or (self.scheme.ground, self.scheme.under),
                self.told * self.shot.stagger,
                enter,
            )
        )
        self.told += len(block.words)
        return moved.box

    def panel(self, kind: str, box: Box, colour: Rgb, delay: int) -> None:
        """Add a shape, mirrored with its page."""
        self.panels.append(Panel(kind, self.mirrored(box), colour, delay, self.is_mirrored))

    def mirrored(self, box: Box) -> Box:
        """Return where a box lies on this page: as it is, or seen in a mirror."""
        left, top, right, bottom = box
        return (self.film.width - right, top, self.film.width - left, bottom) if self.is_mirrored else box

    def page(self) -> Page:
        return Page(self.scheme, tuple(self.items), tuple(self.panels), tuple(self.pictures))


def height_of(block: Block | None) -> float:
    return block.box[3] - block.box[1] if block else 0.0


def column(
    setter: Setter,
    parts: list[Part],
    x: float,
    y: float,
    enter: str,
    ink_of: dict[str, Rgb] | None = None,
) -> list[Box]:
    """Place blocks one below the other from ``y``, each given as (role, block, gap above it). Returns their boxes."""
    boxes = []
    for role, block, gap in parts:
        y += gap
        box = setter.add(role, block, (x, y), ink=(ink_of or {}).get(role), enter=enter)
        boxes.append(box)
        y = box[3]
    return boxes


def stacked_height(parts: list[Part]) -> float:
    return sum(height_of(block) + gap for _, block, gap in parts)


def pill(setter: Setter, link: Block, x: float, y: float, width: float, rounded: bool = False) -> None:
    """Place the link on a panel in the ink colour, with its text in the ground colour. Square unless ``rounded``."""
    pad_x, pad_y = setter.px(52 if rounded else 44), setter.px(38)
    scheme = setter.scheme
    left, top, _, bottom = link.box
    box = (x, y, x + width, y + (bottom - top) + 2 * pad_y)
    lowered = (top + bottom) / 2 - _optical_middle(link)
    setter.panel("pill" if rounded else "slab", box, scheme.ink, setter.told * setter.shot.stagger)
    text_x = x + pad_x if setter.is_mirrored else x + pad_x - left
    setter.add("link", link, (text_x, y + pad_y + lowered), ink=ink_for(scheme), grounds=(scheme.ink,), enter="fade")


def _optical_middle(block: Block) -> float:
    """Return the height at which a reader sees the middle of lines: between small letters' tops and the baseline."""
    first, last = block.words[0], block.words[-1]
    return (first.y + ink("x", first.face, first.weight, first.size)[1] + last.y) / 2


def ink_for(scheme: Scheme) -> Rgb:
    """Return the text colour for a panel filled with the ink colour."""
    return scheme.ground
