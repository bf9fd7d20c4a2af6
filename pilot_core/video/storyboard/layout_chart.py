"""Places the drawing of a figure below its words: cells, a bar that is filled, or two bars. Lengths are in pixels."""

from pilot_core.video.storyboard.charts import Cells, Chart, Portion
from pilot_core.video.storyboard.page import Setter
from pilot_core.video.storyboard.palette import mix
from pilot_core.video.storyboard.pictures import Box

GAP, BAR, BETWEEN, CELL, SPACE = 84, 64, 20, 104, 12
"""Of the design: above the drawing, a bar's height, between two bars, a cell's largest height, between two cells."""
LEAST = 14
"""The shortest bar of the design, which stands for a value near nothing."""
ROW = 12
"""Cells in a row at most."""
CENTRED = 740
BEFORE_SHARE = 0.34
"""How much of the ink is in the colour of what is not filled, or was before."""
STEP = 2
"""Frames from one cell to the next."""


def reserve(setter: Setter, chart: Chart) -> None:
    """Keep the room that the drawing needs below the page's words."""
    setter.bottom -= _height(setter, chart) + setter.px(GAP)


def add_chart(setter: Setter, chart: Chart) -> None:
    """Place the drawing below the words that are set. It comes after them."""
    top = max(item.block.box[3] for item in setter.items) + setter.px(GAP)
    centred = any(item.block.is_centred for item in setter.items)
    width = setter.px(CENTRED)
    left = (setter.film.width - width) / 2 if centred else _edge_of_words(setter)
    right = left + width if centred else setter.right
    quiet = mix(setter.scheme.ground, setter.scheme.ink, BEFORE_SHARE)
    delay = setter.told * setter.shot.stagger
    for i, (box, is_filled) in enumerate(_parts(setter, chart, (left, top, right, 0.0))):
        setter.panel("chart", box, setter.scheme.spark if is_filled else quiet, delay + i * STEP)


def _edge_of_words(setter: Setter) -> float:
    """Return where the page's lines begin, seen from the left also on a mirrored page."""
    boxes = [item.block.box for item in setter.items]
    return setter.film.width - max(box[2] for box in boxes) if setter.is_mirrored else min(box[0] for box in boxes)


def _parts(setter: Setter, chart: Chart, room: Box) -> list[tuple[Box, bool]]:
    """Return the boxes of a drawing in the order in which they come, and whether each is filled."""
    px, (left, top, right, _) = setter.px, room
    width, bar = right - left, px(BAR)
    if isinstance(chart, Cells):
        side, space = _cell(setter, chart), px(SPACE)
        across = (width + space) / _columns(chart) - space
        return [
            ((x, y, x + across, y + side), i < chart.part)
            for i in range(chart.whole)
            for x in [left + i % _columns(chart) * (across + space)]
            for y in [top + i // _columns(chart) * (side + space)]
        ]
    if isinstance(chart, Portion):
        filled = left + max(px(LEAST), width * chart.share)
        return [((left, top, right, top + bar), False), ((left, top, filled, top + bar), True)]
    below = top + bar + px(BETWEEN)
    before, after = (left + max(px(LEAST), width * share) for share in (chart.before, chart.after))
    return [((left, top, before, top + bar), False), ((left, below, after, below + bar), True)]


def _columns(chart: Cells) -> int:
    rows = -(-chart.whole // ROW)
    return -(-chart.whole // rows)


def _cell(setter: Setter, chart: Cells) -> float:
    across = setter.width / _columns(chart) - setter.px(SPACE)
    return min(float(setter.px(CELL)), across)


def _height(setter: Setter, chart: Chart) -> float:
    px = setter.px
    if isinstance(chart, Cells):
        rows = -(-chart.whole // _columns(chart))
        return rows * (_cell(setter, chart) + px(SPACE)) - px(SPACE)
    return float(px(BAR) if isinstance(chart, Portion) else 2 * px(BAR) + px(BETWEEN))
