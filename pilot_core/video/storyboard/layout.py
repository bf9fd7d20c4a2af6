"""Lays out a shot as a page: the position, size and colour of each word, by the tone of the video.

Layouts are designed for 1080×1920 and scaled to the requested frame size. Nothing is drawn here.
"""

from dataclasses import dataclass

from pilot_core.video.storyboard import layout_chart, layout_kit
from pilot_core.video.storyboard.charts import chart_of
from pilot_core.video.storyboard.film import Film, FilmShot, plain
from pilot_core.video.storyboard.page import Page, Part, Setter, column, height_of, pill, stacked_height
from pilot_core.video.storyboard.palette import Palette
from pilot_core.video.storyboard.words import word_count


def compose(film: Film, shot: FilmShot, palette: Palette) -> Page:
    """Return the page for a shot, laid out for the video's tone."""
    setter = Setter(film, shot, palette)
    if shot.role in ("cta", "name"):
        layout_kit.add_logo(setter)
    picture = film.kit.picture(shot.picture) if shot.picture else None
    if picture:
        layout_kit.pictured(setter, picture)
    elif setter.is_wide and shot.role in ("figure", "cta"):
        layout_kit.wide(setter)
    else:
        chart = chart_of(plain(shot.above), plain(shot.main), plain(shot.below)) if shot.role == "figure" else None
        if chart:
            layout_chart.reserve(setter, chart)
        {"bold": _bold, "empathetic": _empathetic, "professional": _professional}[film.tone](setter)
        if chart:
            layout_chart.add_chart(setter, chart)
    return setter.page()


def _bold(setter: Setter) -> None:
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
            height=room - height_of(above) - height_of(below) - px(120),
            largest=620,
            face=setter.voice.figure,
        )
        parts = [("above", above, 0.0)] if above else []
        parts.append(("main", figure, px(44) if above else 0.0))
        if below:
            parts.append(("below", below, px(52)))
        y = setter.top + (room - stacked_height(parts)) * _bold_anchor(film.family, shot.variant)
        column(setter, parts, setter.left, y, "pop")
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
    if shot.below:
        parts.append(("below", setter.small(shot.below, width=setter.width, largest=76), px(56)))
    share = _bold_anchor(film.family, shot.variant)
    y = setter.top + (room - stacked_height(parts)) * share
    column(setter, parts, setter.left, y, enter)


def _bold_anchor(family: str, variant: int) -> float:
    return {"blocks": (0.0, 1.0, 0.0, 1.0), "discs": (1.0, 0.42, 0.12, 0.8), "stripes": (0.45, 0.1, 0.85, 0.45)}[
        family
    ][variant % 4]


def _bold_call(setter: Setter) -> None:
    shot, film, px = setter.shot, setter.film, setter.px
    room = setter.bottom - setter.top
    size = 84 if film.direction.cta_level else 72
    link = setter.small(shot.below, width=setter.width - px(88), largest=size, height=px(230)) if shot.below else None
    panel = height_of(link) + px(76) if link else 0
    above = setter.small(shot.above, width=setter.width, largest=92) if shot.above else None
    extra = panel + px(64) + (height_of(above) + px(44) if above else 0)
    largest = (330, 400, 460)[min(2, film.direction.cta_level)]
    main = setter.poster(shot.main, width=setter.width, height=room - extra, largest=largest)
    total = height_of(main) + extra
    y = setter.top + (room - total) * (0.62 if film.family == "blocks" else 0.45)
    if above:
        y = setter.add("above", above, (setter.left, y), enter="rise")[3] + px(44)
    box = setter.add("main", main, (setter.left, y), enter="pop")
    if link:
        left, _, right, _ = link.box
        pill(setter, link, setter.left, box[3] + px(64), min(setter.width, right - left + px(88)))


def _empathetic(setter: Setter) -> None:
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
        y = setter.top + (room - stacked_height(parts) - px(210)) * (0.45 if centred else 0.3)
        boxes = column(setter, parts, x, y, "fade", tint)
        if not shot.below:
            return
        pill_x = (film.width - pill_width) / 2 if centred else setter.left
        pill(setter, link, pill_x, boxes[-1][3] + px(84), pill_width, rounded=True)
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
        largest = 230 if word_count(shot.main) <= 3 else 184
        main = setter.main(
            shot.main, width=width, height=px(640) if centred else room * 0.66, largest=largest, align=align
        )
        parts.append(("main", main, px(56) if above else 0.0))
        if shot.below:
            parts.append(("below", setter.small(shot.below, width=width, largest=58, align=align), px(56)))
    share = (
        0.5
        if centred
        else {"hills": (0.12, 0.2, 0.16), "pebbles": (0.3, 0.62, 0.45)}.get(film.family, (0.4,))[
            shot.variant % 3 if film.family != "orb" else 0
        ]
    )
    column(setter, parts, x, setter.top + (room - stacked_height(parts)) * share, "fade", tint)


@dataclass(frozen=True)
class _Field:
    """The text column of a professional page: left edge, top, height (``room``) and width, in pixels."""

    x: float
    top: float
    room: float
    width: float


def _professional(setter: Setter) -> None:
    shot, film, px = setter.shot, setter.film, setter.px
    framed = film.family == "frame"
    field = _Field(
        x=setter.left + px(28) if framed else setter.left,
        top=setter.top + px(90),
        room=setter.bottom - setter.top - px(90),
        width=setter.width * (0.9 if framed else 0.94),
    )
    above = setter.small(shot.above, width=field.width, largest=60) if shot.above else None
    parts = [("above", above, 0.0)] if above else []
    if shot.role == "cta":
        _professional_call(setter, field, parts)
    elif shot.role == "figure":
        _professional_figure(setter, field, parts)
    else:
        _professional_words(setter, field, parts)


def _professional_share(family: str) -> float:
    """Return the vertical position of a page's words, from top (0) to bottom (1)."""
    return {"columns": 0.3, "rows": 0.7, "frame": 0.5}[family]


def _professional_call(setter: Setter, field: _Field, parts: list[Part]) -> None:
    shot, film, px, x = setter.shot, setter.film, setter.px, field.x
    largest = (190, 216, 244)[min(2, film.direction.cta_level)]
    main = setter.main(shot.main, width=field.width, height=field.room * 0.6, largest=largest)
    link = setter.small(shot.below, width=field.width - px(96), largest=76, height=px(240))
    parts.append(("main", main, px(56) if parts else 0.0))
    share = {"columns": 0.35, "rows": 0.72, "frame": 0.5}[film.family]
    y = field.top + (field.room - stacked_height(parts) - px(150) - height_of(link)) * share
    box = column(setter, parts, x, y, "rise")[-1]
    if not shot.below:
        return
    rule = (x, box[3] + px(64), x + setter.width - (x - setter.left), box[3] + px(64) + px(5))
    setter.panel("rule", rule, setter.scheme.spark, 6)
    link_box = setter.add("link", link, (x, box[3] + px(124)), enter="rise", ink=setter.scheme.strong)
    size = px(52)
    middle = (link_box[1] + link_box[3]) / 2
    arrow_x = min(x + link_box[2] - link_box[0] + px(36), setter.right - size)
    setter.panel("arrow", (arrow_x, middle - size / 2, arrow_x + size, middle + size / 2), setter.scheme.spark, 14)


def _professional_figure(setter: Setter, field: _Field, parts: list[Part]) -> None:
    shot, px, x = setter.shot, setter.px, field.x
    figure = setter.poster(
        shot.main, width=setter.right - x, height=field.room * 0.56, largest=520, face=setter.voice.figure
    )
    parts.append(("main", figure, px(52) if parts else 0.0))
    below = setter.main(shot.below, width=field.width, height=px(420), largest=104) if shot.below else None
    if below:
        parts.append(("below", below, px(118)))
    y = field.top + (field.room - stacked_height(parts)) * _professional_share(setter.film.family)
    boxes = column(setter, parts, x, y, "rise")
    if below:
        rule = boxes[-2][3] + px(58)
        setter.panel("rule", (x, rule, setter.right, rule + px(5)), setter.scheme.spark, shot.stagger * 2)


def _professional_words(setter: Setter, field: _Field, parts: list[Part]) -> None:
    shot, film, px, x = setter.shot, setter.film, setter.px, field.x
    count, warm = word_count(shot.main), film.direction.register % 2
    largest = (300 if count <= 2 else 240 if count <= 4 else 200) + (8 if warm else 0)
    main = setter.main(shot.main, width=field.width, height=field.room * 0.52, largest=largest)
    ruled = not parts and film.family != "rows"
    parts.append(("main", main, px(50) if parts else px(66) if ruled else 0.0))
    if shot.below:
        parts.append(("below", setter.small(shot.below, width=field.width, largest=60), px(60)))
    y = field.top + (field.room - stacked_height(parts)) * _professional_share(film.family)
    if ruled:
        setter.panel("rule", (x, y, x + px(120), y + px(10)), setter.scheme.spark, 0)
    column(setter, parts, x, y, "rise")
