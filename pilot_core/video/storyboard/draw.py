"""Draws the frames of a video in order: backdrop, panels, words, and the transition from the previous shot."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

from av.video.frame import PictureType
from PIL import Image

from pilot_core.video.storyboard import canvas as art
from pilot_core.video.storyboard.backdrop import Backdrop
from pilot_core.video.storyboard.canvas import Canvas, Tile
from pilot_core.video.storyboard.easing import CURVES, clamp, cubic_in_out, cubic_out, quint_out
from pilot_core.video.storyboard.film import Film, FilmShot, lead_of
from pilot_core.video.storyboard.fonts import emoji_of, mask
from pilot_core.video.storyboard.layout import compose
from pilot_core.video.storyboard.page import Page, Panel
from pilot_core.video.storyboard.palette import Palette, Rgb
from pilot_core.video.storyboard.pictures import Box, Photo, Shown, photo
from pilot_core.video.storyboard.scheme import Scheme

TRANSITION_FRAMES = {
    "open": 0,
    "cut": 0,
    "swap": 0,
    "dissolve": 20,
    "wipe": 14,
    "push_up": 8,
    "push_left": 8,
    "slam": 10,
}
WORDS_RISE = 18.0
"""How far words rise while they are shown, in pixels of the design."""
DRIFT = 0.03
"""How much nearer a picture comes while it is shown, as a share of its size."""
EXIT_FRAMES = {"bold": 0, "empathetic": 10, "professional": 7}


@dataclass(frozen=True)
class Sprite:
    """One word ready to draw: its tile, position and colour, the frame at which it enters, and how.

    ``emoji`` are the pictures of its emoji with their offsets from the tile's position. What stands on a panel does not
    rise, since the panel stands.
    """

    tile: Tile
    x: int
    y: int
    colour: Rgb
    delay: int
    enter: str
    emoji: tuple[tuple[Photo, float, float], ...] = ()
    rises: bool = True


class Scene:
    """One shot with its page laid out and its words rendered, ready to draw."""

    def __init__(self, film: Film, shot: FilmShot, palette: Palette):
        self.film, self.shot = film, shot
        self.page: Page = compose(film, shot, palette)
        self.scheme: Scheme = self.page.scheme
        self.curve = CURVES[shot.easing]
        self.sprites = [
            Sprite(
                Tile(image),
                round(word.x) + left,
                round(word.y) + top,
                item.strong if word.strong else item.ink,
                item.delay + word.order * shot.stagger,
                item.enter,
                tuple(
                    (Photo.of(_even(picture)), dx - left, dy - top)
                    for picture, dx, dy in emoji_of(word.text, word.face, word.weight, word.size)
                ),
                item.role != "link",
            )
            for item in self.page.items
            for word in item.block.words
            for image, left, top in (mask(word.text, word.face, word.weight, word.size, word.rtl),)
        ]
        self.panels = [(panel, _panel_tile(panel)) for panel in self.page.panels]
        last = shot.index == len(film.shots) - 1
        self.leaves = 0 if last else EXIT_FRAMES[film.tone]

    def draw_words(self, canvas: Canvas, frame: int) -> None:
        """Draw panels and words at ``frame``, counted from the video's start.

        With an exit animation, nothing is drawn from the shot's last frame on.
        """
        local = frame - self.shot.start + lead_of(self.shot)
        gone = clamp((frame - (self.shot.end - self.leaves) + 1) / self.leaves) if self.leaves else 0.0
        if gone >= 1:
            return
        for shown in self.page.pictures:
            self._draw_picture(canvas, shown, local, gone)
        for panel, tile in self.panels:
            _draw_panel(canvas, panel, tile, clamp((local - panel.delay) / max(1, self.shot.enter)), gone)
        risen = WORDS_RISE * self.film.scale * (0.5 - max(0, local) / max(1, self.shot.frames))
        for sprite in self.sprites:
            arrived = (local - sprite.delay) / max(1, self.shot.enter)
            if arrived > 0:
                self._draw_word(canvas, sprite, arrived, gone, risen)

    def _draw_picture(self, canvas: Canvas, shown: Shown, local: int, gone: float) -> None:
        """Draw a picture of the brand kit: it fades in, moves slowly nearer, and what it points at is outlined."""
        x0, y0, x1, y1 = shown.box
        alpha = cubic_out(clamp(local / max(1, self.shot.enter))) * (1 - gone)
        if shown.kind == "bleed":
            alpha = 1.0
        if shown.plate and shown.kind != "bleed":
            edge = round((28 if shown.kind == "logo" else 14) * self.film.scale)
            plate = _plate(round(x1 - x0) + 2 * edge, round(y1 - y0) + 2 * edge, edge)
            canvas.stamp(plate, x0 - edge, y0 - edge, shown.plate, alpha)
        image = photo(shown.path, round(x1 - x0), round(y1 - y0))
        if shown.kind == "logo":
            canvas.photo(image, x0, y0, alpha)
            return
        canvas.zoomed(image, x0, y0, 1 + DRIFT * max(0, local) / max(1, self.shot.frames), alpha)
        pointed = clamp((local - self.shot.frames * 0.35) / 12) * (1 - gone)
        if shown.area and shown.mark and pointed:
            _outline(canvas, shown.area, 8 * self.film.scale, shown.mark, cubic_out(pointed))

    def _draw_word(self, canvas: Canvas, sprite: Sprite, arrived: float, gone: float, risen: float) -> None:
        tile, x, y = sprite.tile, sprite.x, sprite.y + risen * sprite.rises
        for picture, dx, dy in sprite.emoji:
            canvas.photo(picture, x + dx, y + dy, clamp(arrived * 2) * (1 - gone))
        width, height = tile.size
        if gone > 0:
            share = cubic_in_out(gone)
            if sprite.enter == "rise":
                cut = round(height * share)
                if cut < height:
                    canvas.stamp(tile.crop((0, cut, width, height)), x, y, sprite.colour)
            else:
                canvas.stamp(tile, x, y - round(10 * share), sprite.colour, 1 - share)
            return
        if arrived >= 1:
            canvas.stamp(tile, x, y, sprite.colour, smooth=True)
            return
        eased = self.curve(arrived)
        if sprite.enter == "pop":
            factor = 1 + 0.42 * (1 - eased)
            large = tile.scaled(factor)
            dx, dy = (large.size[0] - width) / 2, (large.size[1] - height) / 2
            canvas.stamp(large, x - dx, y - dy, sprite.colour, clamp(arrived * 3.5))
        elif sprite.enter == "slide":
            canvas.stamp(tile, x - (1 - eased) * self.film.width * 0.3, y, sprite.colour, clamp(arrived * 3))
        elif sprite.enter == "rise":
            hidden = round(height * (1 - clamp(eased)))
            if hidden < height:
                canvas.stamp(tile.crop((0, 0, width, height - hidden)), x, y + hidden, sprite.colour)
        else:
            canvas.stamp(tile, x, y + round((1 - cubic_out(arrived)) * 34), sprite.colour, cubic_out(arrived))


def _even(picture: Image.Image) -> Image.Image:
    """Return the picture with even sides, as the planes of a frame need it."""
    width, height = (side + side % 2 for side in picture.size)
    even = Image.new("RGBA", (width, height))
    even.paste(picture)
    return even


@lru_cache(maxsize=8)
def _plate(width: int, height: int, edge: int) -> Tile:
    return art.rounded(width, height, 2 * edge)


def _outline(canvas: Canvas, box: Box, thick: float, colour: Rgb, alpha: float) -> None:
    x0, y0, x1, y1 = box
    for edge in (
        (x0, y0, x1, y0 + thick),
        (x0, y1 - thick, x1, y1),
        (x0, y0 + thick, x0 + thick, y1 - thick),
        (x1 - thick, y0 + thick, x1, y1 - thick),
    ):
        canvas.rect(*edge, colour, alpha)


def _panel_tile(panel: Panel) -> Tile | None:
    x0, y0, x1, y1 = (round(v) for v in panel.box)
    if panel.kind == "pill":
        return art.rounded(x1 - x0, y1 - y0, (y1 - y0) // 2)
    if panel.kind == "arrow":
        side, thick = float(x1 - x0), (x1 - x0) * 0.16
        half = side / 2
        wing, low, high = thick * 0.7, half - thick / 2, half + thick / 2
        points = [(0.0, low), (side - thick, low), (half, wing), (half + wing, 0.0), (side, half)]
        points += [(half + wing, side), (half, side - wing), (side - thick, high), (0.0, high)]
        if panel.is_mirrored:
            points = [(side - x, y) for x, y in points]
        return art.polygon(points, x1 - x0, y1 - y0)
    return None


def _draw_panel(canvas: Canvas, panel: Panel, tile: Tile | None, arrived: float, gone: float) -> None:
    x0, y0, x1, y1 = panel.box
    if arrived <= 0:
        return
    if panel.kind == "pill" and tile:
        canvas.stamp(tile, x0, y0 + (1 - cubic_out(arrived)) * 30, panel.colour, cubic_in_out(arrived) * (1 - gone))
    elif panel.kind == "arrow" and tile:
        come = (1 - quint_out(arrived)) * 60 * (-1 if panel.is_mirrored else 1)
        canvas.stamp(tile, x0 - come, y0, panel.colour, arrived * (1 - gone))
    elif panel.kind == "bar":
        canvas.rect(x0, y0, x1, y0 + (y1 - y0) * quint_out(arrived) * (1 - cubic_in_out(gone)), panel.colour)
    else:
        share = quint_out(arrived)
        start, end = x0 + (x1 - x0) * cubic_in_out(gone), x0 + (x1 - x0) * share
        if panel.is_mirrored:
            start, end = x0 + x1 - end, x0 + x1 - start
        canvas.rect(min(start, end), y0, end, y1, panel.colour)


def frames(film: Film, palette: Palette, only: Collection[int] | None = None) -> Iterator[tuple[int, Canvas]]:
    """Yield each frame of the video, or of the shots in ``only``, with its shot's index.

    The first frame of each shot is marked to be encoded as a picture of its own. Each canvas is new and may be kept by
    the caller.
    """
    backdrop = Backdrop(film)
    before: Scene | None = None
    first, second = Canvas(film.width, film.height), Canvas(film.width, film.height)
    for number, shot in enumerate(film.shots):
        if only is not None and number not in only:
            before = None
            continue
        if before is None and number and TRANSITION_FRAMES[shot.transition]:
            before = Scene(film, film.shots[number - 1], palette)
        scene = Scene(film, shot, palette)
        for frame in range(shot.start, shot.end):
            canvas = Canvas(film.width, film.height)
            share = (frame - shot.start + 1) / (TRANSITION_FRAMES[shot.transition] + 1)
            if before is not None and share < 1:
                _join(canvas, backdrop, (before, scene), frame, share, (first, second))
            else:
                _paint(canvas, backdrop, scene, frame)
            if frame == shot.start:
                canvas.frame.pict_type = PictureType.I
            yield number, canvas
        before = scene


def still(film: Film, palette: Palette, number: int) -> Canvas:
    """Return one shot as it looks once all its words are in place."""
    shot = film.shots[number]
    scene = Scene(film, shot, palette)
    return drawn_frame(film, scene, max(shot.start, shot.end - 1 - scene.leaves))


def picture_of(canvas: Canvas) -> Image.Image:
    """Return a drawn frame as an RGB picture."""
    frame = canvas.frame.reformat(format="rgb24", src_colorspace="ITU709", dst_colorspace="ITU709")
    return Image.fromarray(frame.to_ndarray())


def drawn_frame(film: Film, scene: Scene, frame: int) -> Canvas:
    """Return one frame of a scene, counted from the film's start, without the transition to it."""
    canvas = Canvas(film.width, film.height)
    _paint(canvas, Backdrop(film), scene, frame)
    return canvas


def _paint(canvas: Canvas, backdrop: Backdrop, scene: Scene, frame: int) -> None:
    backdrop.paint(canvas, scene.shot, scene.scheme, frame)
    scene.draw_words(canvas, frame)


def _join(
    canvas: Canvas,
    backdrop: Backdrop,
    scenes: tuple[Scene, Scene],
    frame: int,
    share: float,
    spare: tuple[Canvas, Canvas],
) -> None:
    """Draw one frame of the transition from one scene to the next; ``share`` runs from 0 to 1."""
    old, new = scenes
    kind, width, height = new.shot.transition, canvas.width, canvas.height
    if kind == "dissolve":
        if old.scheme == new.scheme:
            _paint(canvas, backdrop, new, frame)
            return
        backdrop.paint(canvas, new.shot, old.scheme, frame)
        backdrop.paint(spare[0], new.shot, new.scheme, frame)
        canvas.blend(spare[0], cubic_in_out(share))
        new.draw_words(canvas, frame)
        return
    if kind == "wipe":
        backdrop.paint(canvas, old.shot, old.scheme, frame)
        _paint(spare[0], backdrop, new, frame)
        edge = int(height * (1 - cubic_in_out(share))) // 2 * 2
        canvas.take_rows(spare[0], edge, height)
        canvas.rect(0, edge - 10 * height / 1920, width, edge, new.scheme.spark)
        return
    if kind == "slam":
        reach = quint_out(share * 2) if share < 0.5 else 1.0
        left = quint_out(share * 2 - 1) if share >= 0.5 else 0.0
        _paint(canvas, backdrop, old if share < 0.5 else new, frame)
        canvas.rect(width * left, 0, width * reach, height, _slab_colour(old, new))
        return
    _paint(spare[0], backdrop, old, frame)
    _paint(spare[1], backdrop, new, frame)
    moved = quint_out(share)
    if kind == "push_up":
        offset = round(height * moved / 2) * 2
        canvas.take(spare[0], dy=-offset)
        canvas.take(spare[1], dy=height - offset)
    else:
        offset = round(width * moved / 2) * 2
        canvas.take(spare[0], dx=-offset)
        canvas.take(spare[1], dx=width - offset)


def _slab_colour(old: Scene, new: Scene) -> Rgb:
    """Return a colour of either page that differs from both backgrounds, else the new page's text colour."""
    for colour in (new.scheme.spark, new.scheme.under, old.scheme.spark, old.scheme.under):
        if colour not in (old.scheme.ground, new.scheme.ground):
            return colour
    return new.scheme.ink
