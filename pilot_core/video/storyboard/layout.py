"""From a shot to a page: where each word stands, how large, in which colour on which grounds. Lengths are pixels.

A page is laid out for 1080×1920 and scaled to the frame asked for. Nothing is drawn here.
"""

from dataclasses import dataclass

from pilot_core.video.storyboard.film import HEADLINE_MIN, SAFE_BOTTOM, SAFE_SIDE, SAFE_TOP, Film, FilmShot
from pilot_core.video.storyboard.fonts import VOICES, Face, Voice
from pilot_core.video.storyboard.palette import Palette, Rgb
from pilot_core.video.storyboard.scheme import Scheme, scheme_of
from pilot_core.video.storyboard.type import Block, fit, stack
from pilot_core.video.storyboard.words import word_count

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Item:
    """Words of one role, the grounds they may lie on, and the frame at which the first of them starts to arrive."""

    role: str
    block: Block
    ink: Rgb
    strong: Rgb
    grounds: tuple[Rgb, ...]
    delay: int
    enter: str


@dataclass(frozen=True)
class Panel:
    """A shape that belongs to the words: a pill under a link, a rule, an arrow."""

    kind: str
    box: Box
    colour: Rgb
    delay: int


@dataclass(frozen=True)
class Page:
    scheme: Scheme
    items: tuple[Item, ...]
    panels: tuple[Panel, ...]

    @property
    def headline(self) -> int:
        """The size of the main words in pixels."""
        return next((i.block.size for i in self.items if i.role == "main"), 0)


class _Setter:
    """Sets blocks for one page, counting the words for the stagger."""

    def __init__(self, film: Film, shot: FilmShot, palette: Palette):
        self.film, self.shot = film, shot
        self.scale = min(film.width / 1080, film.height / 1920)
        self.voice: Voice = VOICES[film.tone]
        self.scheme = scheme_of(film.tone, palette, shot.ground, film.direction.register % 2)
        margin = film.width * SAFE_SIDE + 11 * self.scale
        self.left, self.right = margin, film.width - margin
        self.top, self.bottom = (
            film.height * SAFE_TOP + 24 * self.scale,
            film.height * (1 - SAFE_BOTTOM) - 30 * self.scale,
        )
        self.width = self.right - self.left
        self.floor = -(-int(film.height * HEADLINE_MIN * 1000) // 1000)
        self.items: list[Item] = []
        self.panels: list[Panel] = []
        self.told = 0

    def px(self, length: float) -> int:
        return round(length * self.scale)

    def main(
        self, text: str, *, width: float, height: float, largest: int, face: Face | None = None, align: str = "left"
    ) -> Block:
        face = face or self.voice.display
        return fit(
            text, face, self.voice.weight, width=width, height=height, largest=max(self.px(largest), self.floor),
            smallest=self.floor, leading=self.voice.leading, align=align,
        )  # fmt: skip

    def poster(self, text: str, *, width: float, height: float, largest: int, face: Face | None = None) -> Block:
        face = face or self.voice.display
        set_tight = stack(
            text,
            face,
            self.voice.weight,
            width=width,
            height=height,
            largest=self.px(largest),
            smallest=self.floor,
            gap=0.13,
        )
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
        return fit(
            text, face or self.voice.text, self.voice.weight, width=width, height=height or self.px(220),
            largest=self.px(largest), smallest=self.px(44), leading=1.16, align=align,
        )  # fmt: skip

    def add(
        self,
        role: str,
        block: Block,
        x: float,
        y: float,
        *,
        ink: Rgb | None = None,
        grounds: tuple[Rgb, ...] | None = None,
        enter: str,
    ) -> Box:
        """Put a block's ink box at x, y; returns where it lies."""
        top = block.box[1]
        moved = block.moved(x, y - top)
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

    def page(self) -> Page:
        return Page(self.scheme, tuple(self.items), tuple(self.panels))


def _height(block: Block | None) -> float:
    return block.box[3] - block.box[1] if block else 0.0


def compose(film: Film, shot: FilmShot, palette: Palette) -> Page:
    """The page of a shot."""
    setter = _Setter(film, shot, palette)
    {"bold": _bold, "empathetic": _empathetic, "professional": _professional}[film.tone](setter)
    return setter.page()


def _column(
    setter: _Setter,
    parts: list[tuple[str, Block, float]],
    x: float,
    y: float,
    enter: str,
    ink_of: dict[str, Rgb] | None = None,
) -> list[Box]:
    """Blocks one under another: (role, block, gap above it), the first at y. Returns their boxes."""
    boxes = []
    for role, block, gap in parts:
        y += gap
        box = setter.add(role, block, x, y, ink=(ink_of or {}).get(role), enter=enter)
        boxes.append(box)
        y = box[3]
    return boxes


def _stacked_height(parts: list[tuple[str, Block, float]]) -> float:
    return sum(_height(block) + gap for _, block, gap in parts)


def _bold(setter: _Setter) -> None:
    shot, film, px = setter.shot, setter.film, setter.px
    quiet = film.direction.register % 2
    room = setter.bottom - setter.top
    enter = ("pop", "slide", "pop", "rise")[shot.variant % 4]
    if shot.role == "cta":
        _bold_call(setter)
        return
    if shot.role == "figure":
        above = (
            setter.small(shot.above, width=setter.width, largest=104, height=px(260), face=setter.voice.display)
            if shot.above
            else None
        )
        below = setter.main(shot.below, width=setter.width, height=px(420), largest=150) if shot.below else None
        figure = setter.poster(
            shot.main,
            width=setter.width,
            height=room - _height(above) - _height(below) - px(120),
            largest=620,
            face=setter.voice.figure,
        )
        parts = [("above", above, 0.0)] if above else []
        parts.append(("main", figure, px(44) if above else 0.0))
        if below:
            parts.append(("below", below, px(52)))
        y = setter.top + (room - _stacked_height(parts)) * _bold_anchor(film.family, shot.variant)
        _column(setter, parts, setter.left, y, "pop")
        return
    largest = 250 if quiet else (430 if word_count(shot.main) <= 3 else 340)
    height = room * (0.62 if film.family == "blocks" else 0.74)
    above = setter.small(shot.above, width=setter.width, largest=76) if shot.above else None
    main = (
        setter.main(shot.main, width=setter.width, height=height, largest=190)
        if quiet
        else setter.poster(shot.main, width=setter.width, height=height, largest=largest)
    )
    parts = [("above", above, 0.0)] if above else []
    parts.append(("main", main, px(48) if above else 0.0))
    share = _bold_anchor(film.family, shot.variant)
    y = setter.top + (room - _stacked_height(parts)) * share
    _column(setter, parts, setter.left, y, enter)


def _bold_anchor(family: str, variant: int) -> float:
    return {"blocks": (0.0, 1.0, 0.0, 1.0), "discs": (1.0, 0.42, 0.12, 0.8), "stripes": (0.45, 0.1, 0.85, 0.45)}[
        family
    ][variant % 4]


def _bold_call(setter: _Setter) -> None:
    shot, film, px = setter.shot, setter.film, setter.px
    room = setter.bottom - setter.top
    link = setter.small(
        shot.below, width=setter.width - px(88), largest=84 if film.direction.cta_level else 72, height=px(230)
    )
    pill = _height(link) + px(76)
    above = setter.small(shot.above, width=setter.width, largest=58) if shot.above else None
    extra = pill + px(64) + (_height(above) + px(44) if above else 0)
    largest = (330, 400, 460)[min(2, film.direction.cta_level)]
    main = setter.poster(shot.main, width=setter.width, height=room - extra, largest=largest)
    total = _height(main) + extra
    y = setter.top + (room - total) * (0.62 if film.family == "blocks" else 0.45)
    if above:
        y = setter.add("above", above, setter.left, y, enter="rise")[3] + px(44)
    box = setter.add("main", main, setter.left, y, enter="pop")
    _pill(setter, link, setter.left, box[3] + px(64), px(44), px(38), setter.width)


def _pill(
    setter: _Setter,
    link: Block,
    x: float,
    y: float,
    pad_x: float,
    pad_y: float,
    width: float | None,
    round_: bool = False,
) -> None:
    """The link on a panel in the ink's colour, its letters in the ground's."""
    scheme = setter.scheme
    left, top, right, bottom = link.box
    box = (x, y, x + (width or (right - left + 2 * pad_x)), y + (bottom - top) + 2 * pad_y)
    setter.panels.append(Panel("pill" if round_ else "slab", box, scheme.ink, setter.told * setter.shot.stagger))
    text_x = x + pad_x if not round_ else x + pad_x - left
    setter.add("link", link, text_x, y + pad_y, ink=ink_for(scheme), grounds=(scheme.ink,), enter="fade")


def ink_for(scheme: Scheme) -> Rgb:
    """The colour of letters on a panel of ink."""
    return scheme.ground


def _empathetic(setter: _Setter) -> None:
    shot, film, px = setter.shot, setter.film, setter.px
    room = setter.bottom - setter.top
    centred = film.family == "orb"
    align = "center" if centred else "left"
    width = px(740) if centred else setter.width * 0.97
    x = setter.left + (setter.width - width) / 2 if centred else setter.left
    above_align = align
    above = setter.small(shot.above, width=width, largest=58, align=above_align) if shot.above else None
    parts = [("above", above, 0.0)] if above else []
    tint = {"above": setter.scheme.strong}
    if shot.role == "cta":
        largest = (176, 200, 224)[min(2, film.direction.cta_level)]
        main = setter.main(shot.main, width=width, height=room * 0.5, largest=largest, align=align)
        link = setter.small(shot.below, width=width - px(110), largest=66, align="left")
        left, _, right, _ = link.box
        pill_width = right - left + px(104)
        parts.append(("main", main, px(52) if above else 0.0))
        y = setter.top + (room - _stacked_height(parts) - px(210)) * (0.45 if centred else 0.3)
        boxes = _column(setter, parts, x, y, "fade", tint)
        pill_x = (film.width - pill_width) / 2 if centred else setter.left
        _pill(setter, link, pill_x, boxes[-1][3] + px(84), px(52), px(38), pill_width, round_=True)
        return
    if shot.role == "figure":
        figure = setter.main(
            shot.main, width=width, height=room * 0.4, largest=360, face=setter.voice.figure, align=align
        )
        parts.append(("main", figure, px(56) if above else 0.0))
        if shot.below:
            parts.append(
                ("below", setter.main(shot.below, width=width, height=px(460), largest=112, align=align), px(60))
            )
    else:
        largest = 216 if word_count(shot.main) <= 3 else 164
        main = setter.main(
            shot.main, width=width, height=px(640) if centred else room * 0.66, largest=largest, align=align
        )
        parts.append(("main", main, px(56) if above else 0.0))
    share = (
        0.5
        if centred
        else {"hills": (0.12, 0.2, 0.16), "pebbles": (0.3, 0.62, 0.45)}.get(film.family, (0.4,))[
            shot.variant % 3 if film.family != "orb" else 0
        ]
    )
    _column(setter, parts, x, setter.top + (room - _stacked_height(parts)) * share, "fade", tint)


def _professional(setter: _Setter) -> None:
    shot, film, px = setter.shot, setter.film, setter.px
    room = setter.bottom - setter.top - px(90)
    top = setter.top + px(90)
    warm = film.direction.register % 2
    width = setter.width * (0.94 if film.family != "frame" else 0.9)
    x = setter.left if film.family != "frame" else setter.left + px(28)
    above = setter.small(shot.above, width=width, largest=60) if shot.above else None
    parts = [("above", above, 0.0)] if above else []
    share = {"columns": 0.0, "rows": 1.0, "frame": 0.5}[film.family]
    delay = setter.shot.stagger
    if shot.role == "cta":
        largest = (190, 216, 244)[min(2, film.direction.cta_level)]
        main = setter.main(shot.main, width=width, height=room * 0.6, largest=largest)
        link = setter.small(shot.below, width=width - px(96), largest=76, height=px(240))
        parts.append(("main", main, px(56) if above else 0.0))
        y = (
            top
            + (room - _stacked_height(parts) - px(150) - _height(link))
            * (0.35, 0.72, 0.5)[("columns", "rows", "frame").index(film.family)]
        )
        box = _column(setter, parts, x, y, "rise")[-1]
        setter.panels.append(
            Panel(
                "rule",
                (x, box[3] + px(64), x + setter.width - (x - setter.left), box[3] + px(64) + px(5)),
                setter.scheme.spark,
                6,
            )
        )
        link_box = setter.add("link", link, x, box[3] + px(124), enter="rise", ink=setter.scheme.strong)
        size = px(52)
        middle = (link_box[1] + link_box[3]) / 2
        arrow_x = min(link_box[2] + px(36), setter.right - size)
        setter.panels.append(
            Panel("arrow", (arrow_x, middle - size / 2, arrow_x + size, middle + size / 2), setter.scheme.spark, 14)
        )
        return
    if shot.role == "figure":
        figure = setter.poster(
            shot.main, width=setter.right - x, height=room * 0.56, largest=520, face=setter.voice.figure
        )
        parts.append(("main", figure, px(52) if above else 0.0))
        below = setter.main(shot.below, width=width, height=px(420), largest=104) if shot.below else None
        if below:
            parts.append(("below", below, px(118)))
        y = top + (room - _stacked_height(parts)) * share
        boxes = _column(setter, parts, x, y, "rise")
        if below:
            rule = boxes[-2][3] + px(58)
            setter.panels.append(Panel("rule", (x, rule, setter.right, rule + px(5)), setter.scheme.spark, delay * 2))
        return
    largest = (280 if word_count(shot.main) <= 2 else 200 if word_count(shot.main) <= 4 else 164) + (8 if warm else 0)
    main = setter.main(shot.main, width=width, height=room * 0.52, largest=largest)
    if not above and film.family == "rows":
        parts.append(("main", main, 0.0))
        y = top + (room - _stacked_height(parts)) * share
    elif not above:
        parts.append(("main", main, px(66)))
        y = top + (room - _stacked_height(parts)) * share
        setter.panels.append(Panel("rule", (x, y, x + px(120), y + px(10)), setter.scheme.spark, 0))
    else:
        parts.append(("main", main, px(50)))
        y = top + (room - _stacked_height(parts)) * share
    _column(setter, parts, x, y, "rise")
