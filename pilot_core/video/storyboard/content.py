"""Names what a shot shows, so that shots of two videos of one pilot can be compared without drawing them."""

import hashlib

from pilot_core.video.storyboard.film import Film, FilmShot
from pilot_core.video.storyboard.layout import compose
from pilot_core.video.storyboard.palette import Palette
from pilot_core.video.storyboard.type import Placed


def content_of(film: Film, shot: FilmShot, palette: Palette) -> str:
    """Return a text that is the same for two shots of a pilot that look alike: their words, layout and background.

    When and how long a shot is shown does not matter, nor does what moves.
    """
    page = compose(film, shot, palette)
    words = [(item.role, item.ink, item.strong, [_placed(word) for word in item.block.words]) for item in page.items]
    panels = [(panel.kind, panel.box, panel.colour) for panel in page.panels]
    background = (film.family, film.seed + film.direction.variation, shot.beat, shot.ground)
    shown = [(picture.kind, picture.path.name, picture.box, picture.area) for picture in page.pictures]
    told = repr((film.width, film.height, page.scheme, words, panels, background, *shown))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _placed(word: Placed) -> tuple[object, ...]:
    return (word.text, word.strong, round(word.x, 1), round(word.y, 1), word.size, word.face, word.weight)
