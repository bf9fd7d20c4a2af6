"""Pages that every tone lays out alike: a picture of the brand kit with words, a page in landscape, the kit's logo."""

from pilot_core.video.contract import KitPicture
from pilot_core.video.storyboard.page import Part, Setter, column, height_of, pill, stacked_height
from pilot_core.video.storyboard.pictures import Box, Shown, plate_for, size_of

ENTER = {"bold": "pop", "empathetic": "fade", "professional": "rise"}
SMALLER = (1.0, 0.85, 0.7, 0.55)
"""Shares of the largest size to try in turn: lines of tall scripts need more room than their size says."""
NEARLY = 0.12
"""How far a picture's shape may be from the frame's and still fill it: at most this share of it is cut off."""


def add_logo(setter: Setter) -> None:
    """Place the kit's logo at the top of the page, and leave the room below it to the words."""
    logo = setter.film.kit.logo
    if logo is None:
        return
    px, (wide, tall) = setter.px, size_of(logo)
    factor = min(setter.width * 0.5 / wide, px(150) / tall)
    width, height = wide * factor, tall * factor
    plate = plate_for(logo, setter.scheme.ground, setter.palette.light, setter.palette.dark)
    pad = px(28) if plate else 0
    box = (setter.left + pad, setter.top + pad, setter.left + pad + width, setter.top + pad + height)
    setter.pictures.append(Shown("logo", logo, setter.mirrored(box), plate=plate))
    setter.top += height + 2 * pad + px(64)


def pictured(setter: Setter, picture: KitPicture) -> None:
    """Lay out a page with a picture: over the whole page if it has its shape, else in a frame beside the words."""
    wide, tall = size_of(picture.path)
    own, frame = wide / tall, setter.film.width / setter.film.height
    if abs(own - frame) / frame <= NEARLY:
        _bleed(setter, picture)
    else:
        _framed(setter, picture, own)


def _bleed(setter: Setter, picture: KitPicture) -> None:
    film, px = setter.film, setter.px
    box: Box = (0.0, 0.0, float(film.width), float(film.height))
    setter.pictures.append(_shown(setter, "bleed", picture, box))
    pad = px(48)
    parts = _words(setter, setter.width - 2 * pad, (setter.bottom - setter.top) * 0.36)
    height = stacked_height(parts) + 2 * pad
    top = setter.bottom - height
    setter.panel("slab", (setter.left, top, setter.right, setter.bottom), setter.scheme.ground, 0)
    y = top + pad
    for role, block, gap in parts:
        at = (setter.left + pad, y + gap)
        y = setter.add(role, block, at, grounds=(setter.scheme.ground,), enter="fade")[3]


def _framed(setter: Setter, picture: KitPicture, own: float) -> None:
    px, room, edge = setter.px, setter.bottom - setter.top, setter.px(14)
    width, height = (setter.width * 0.46, room) if setter.is_wide else (setter.width, room * 0.56)
    width, height = width - 2 * edge, height - 2 * edge
    width, height = (height * own, height) if width / height > own else (width, width / own)
    if setter.is_wide:
        left, top = setter.right - edge - width, setter.top + (room - height) / 2
        parts = _words(setter, setter.width - width - 2 * edge - px(80), room)
        y = setter.top + (room - stacked_height(parts)) / 2
    else:
        left, top = setter.left + (setter.width - width) / 2, setter.top + edge
        parts = _words(setter, setter.width, room - height - 2 * edge - px(64))
        y = top + height + edge + px(64)
    box = (left, top, left + width, top + height)
    setter.pictures.append(_shown(setter, "frame", picture, setter.mirrored(box)))
    column(setter, parts, setter.left, y, ENTER[setter.film.tone])


def _shown(setter: Setter, kind: str, picture: KitPicture, box: Box) -> Shown:
    area = None
    if picture.area:
        left, top, right, bottom = picture.area
        wide, tall = box[2] - box[0], box[3] - box[1]
        area = (box[0] + left * wide, box[1] + top * tall, box[0] + right * wide, box[1] + bottom * tall)
    return Shown(kind, picture.path, box, plate=setter.scheme.ink, area=area, mark=setter.palette.accent)


def _words(setter: Setter, width: float, height: float) -> list[Part]:
    """Return the shot's words as a column beside a picture."""
    shot, px = setter.shot, setter.px
    above = setter.small(shot.above, width=width, largest=60, height=height * 0.3) if shot.above else None
    below = setter.small(shot.below, width=width, largest=60, height=height * 0.3) if shot.below else None
    left = height - height_of(above) - height_of(below) - px(80)
    parts: list[Part] = [("above", above, 0.0)] if above else []
    if shot.main:
        block = setter.main(shot.main, width=width, height=max(left, height * 0.3), largest=150)
        parts.append(("main", block, px(36) if above else 0.0))
    if below:
        parts.append(("below", below, px(36)))
    return parts


def wide(setter: Setter) -> None:
    """Lay out a figure or the call in landscape: it stands on one side, what belongs to it on the other."""
    shot, px, room = setter.shot, setter.px, setter.bottom - setter.top
    gap, is_call = px(96), shot.role == "cta"
    width = setter.width * 0.56 if shot.below else setter.width
    rest = setter.width - width - gap
    level = min(2, setter.film.direction.cta_level)
    face = setter.voice.display if is_call else setter.voice.figure
    largest = (260, 310, 360)[level] if is_call else 480
    above = setter.small(shot.above, width=width, largest=66) if shot.above else None
    height = room - height_of(above) - px(60)
    for share in SMALLER:
        main = setter.poster(shot.main, width=width, height=height * share, largest=round(largest * share), face=face)
        if height_of(main) <= height:
            break
    parts: list[Part] = [("above", above, 0.0)] if above else []
    parts.append(("main", main, px(48) if above else 0.0))
    y = setter.top + (room - stacked_height(parts)) / 2
    box = column(setter, parts, setter.left, y, ENTER[setter.film.tone])[-1]
    if not shot.below:
        return
    middle, x = (box[1] + box[3]) / 2, setter.left + width + gap
    if is_call:
        link = setter.small(shot.below, width=rest - px(88), largest=72, height=px(230))
        pill(setter, link, x, middle - height_of(link) / 2 - px(38), rest, rounded=setter.film.tone == "empathetic")
        return
    beside = setter.main(shot.below, width=rest, height=room * 0.8, largest=130)
    line = x - gap / 2
    setter.panel("bar", (line, box[1], line + px(5), box[3]), setter.scheme.spark, shot.stagger * 2)
    top = min(max(middle - height_of(beside) / 2, setter.top), setter.bottom - height_of(beside))
    setter.add("below", beside, (x, top), enter=ENTER[setter.film.tone])
