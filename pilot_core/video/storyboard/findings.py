"""Checks a film's plan as it would be drawn. Each finding names its shot, second and place on the page, and a fix."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np

from pilot_core.domain.brief import BRIEF_LABELS
from pilot_core.formatting import seconds as in_seconds
from pilot_core.video.contract import CutBrief
from pilot_core.video.storyboard import edits, words
from pilot_core.video.storyboard.coverage import bare, connective_words, coverage, foreign_words, is_stand_in
from pilot_core.video.storyboard.draw import Scene, drawn_frame
from pilot_core.video.storyboard.film import BREAK, FPS, HEADLINE_MIN, MAX_WORDS, Film, FilmShot
from pilot_core.video.storyboard.layout import compose
from pilot_core.video.storyboard.page import Item, Page
from pilot_core.video.storyboard.palette import MIN_CONTRAST, Palette, contrast
from pilot_core.video.storyboard.pictures import Box
from pilot_core.video.storyboard.style import GROUND_NAMES
from pilot_core.video.storyboard.vocabulary import WEAK_ENDS
from pilot_core.video.storyboard.words import word_count

FREEZE_SECONDS = 4.0
MOVES = 0.255
"""Mean difference of luma between two frames, of 255, from which a detector calls a picture moving."""

MUST = ("message", "news", "call_to_action", "link", "problem")
"""What of a brief a film never leaves out."""

Edit = Callable[[Film], Film]


@dataclass(frozen=True)
class Fix:
    """What mends a finding: the words of a button, and the edit."""

    label: str
    edit: Edit


@dataclass(frozen=True)
class Finding:
    """Something to look at: a code, a sentence, the shot (from 0; None: the whole film) and its second in the film.

    ``crop`` is the place on the page as shares of its sides: left, top, right, bottom.
    """

    code: str
    text: str
    shot: int | None = None
    second: float | None = None
    crop: Box | None = None
    fix: Fix | None = None


def findings(film: Film, palette: Palette, brief: CutBrief) -> list[Finding]:
    """Return everything to look at in the plan, in the order of its shots, then what is about the whole film."""
    found: list[Finding] = []
    ours = connective_words(brief)
    for shot in film.shots:
        page = compose(film, shot, palette)
        checks = (_reading, _words, _type, _safe, _breaks, _contrast, _overlaps, _stands_still, _stand_ins)
        found += [finding for check in checks for finding in check(film, shot, page, palette)]
        found += _not_in_brief(film, shot, brief, ours)
    return [*found, *_coverage(film, brief), *_length(film)]


def _at(film: Film, shot: FilmShot, code: str, text: str, box: Box | None = None, fix: Fix | None = None) -> Finding:
    crop = None
    if box:
        crop = (box[0] / film.width, box[1] / film.height, box[2] / film.width, box[3] / film.height)
    return Finding(code, text, shot.index, round(shot.start / FPS, 2), crop, fix)


def _reading(film: Film, shot: FilmShot, page: Page, palette: Palette) -> Iterator[Finding]:
    needed = words.reading_seconds(shot.text)
    if shot.seconds < needed - 0.02:
        text = f"Its words take {in_seconds(needed)} to read, and it lasts {in_seconds(shot.seconds)}."
        fix = Fix(f"Show it for {in_seconds(needed)}", lambda f: edits.readable(f, shot.index))
        yield _at(film, shot, "reading_time", text, fix=fix)


def _words(film: Film, shot: FilmShot, page: Page, palette: Palette) -> Iterator[Finding]:
    if edits.is_too_full(shot):
        text = f"It has {word_count(shot.text):.0f} words; {MAX_WORDS} can be taken in at once."
        yield _at(film, shot, "too_many_words", text, fix=_divide(shot))


def _divide(shot: FilmShot) -> Fix | None:
    return None if shot.role == "cta" else Fix("Divide it in two", lambda f: edits.split(f, shot.index))


def _type(film: Film, shot: FilmShot, page: Page, palette: Palette) -> Iterator[Finding]:
    for item in page.items:
        if item.role == "main" and item.block.words and item.block.size < film.height * HEADLINE_MIN - 0.5:
            text = f"Its words are {item.block.size} px high; at least {film.height * HEADLINE_MIN:.0f} px can be read."
            yield _at(film, shot, "small_type", text, item.block.box, _divide(shot))


def _safe(film: Film, shot: FilmShot, page: Page, palette: Palette) -> Iterator[Finding]:
    ratio = film.ratio
    left, right = film.width * ratio.side, film.width * (1 - ratio.side)
    top, bottom = film.height * ratio.top, film.height * (1 - ratio.bottom)
    for item in page.items:
        x0, y0, x1, y1 = item.block.box
        if item.block.words and (x0 < left - 1 or x1 > right + 1 or y0 < top - 1 or y1 > bottom + 1):
            text = "Words stand where the buttons of a feed, or the edge of a screen, may cover them."
            yield _at(film, shot, "unsafe_area", text, item.block.box, _divide(shot))


def _breaks(film: Film, shot: FilmShot, page: Page, palette: Palette) -> Iterator[Finding]:
    for item in page.items:
        said = _lines_of(item)
        for number, line in enumerate(said):
            ends_weakly = number < len(said) - 1 and line[-1].casefold() in WEAK_ENDS
            is_orphan = number == len(said) - 1 and number > 0 and len(line) == 1 and len(line[0]) <= 2
            if (ends_weakly or is_orphan) and item.role == "main":
                text = f"A line {'ends with' if ends_weakly else 'is only'} “{line[-1]}”."
                fix = None
                if BREAK in shot.main:
                    fix = Fix("Let its lines break by themselves", lambda f: edits.without_breaks(f, shot.index))
                yield _at(film, shot, "line_break", text, item.block.box, fix)


def _lines_of(item: Item) -> list[list[str]]:
    found: dict[int, list[tuple[int, str]]] = {}
    for word in item.block.words:
        found.setdefault(word.line, []).append((word.order, word.text))
    return [[text for _, text in sorted(line)] for _, line in sorted(found.items())]


def _contrast(film: Film, shot: FilmShot, page: Page, palette: Palette) -> Iterator[Finding]:
    for item in page.items:
        worst = min((contrast(ink, ground) for ink in (item.ink, item.strong) for ground in item.grounds), default=21.0)
        if item.block.words and worst < MIN_CONTRAST - 0.01:
            text = f"Its contrast is {worst:.1f} to 1; {MIN_CONTRAST} to 1 can be read by everyone."
            fix = Fix("Use another background", lambda f: _on_readable_ground(f, shot.index, palette))
            yield _at(film, shot, "low_contrast", text, item.block.box, fix)


def _on_readable_ground(film: Film, place: int, palette: Palette) -> Film:
    def worst(ground: str) -> float:
        changed = edits.grounded(film, place, ground)
        page = compose(changed, changed.shots[place], palette)
        return min(contrast(item.ink, on) for item in page.items for on in item.grounds)

    return edits.grounded(film, place, max(GROUND_NAMES, key=worst))


def _overlaps(film: Film, shot: FilmShot, page: Page, palette: Palette) -> Iterator[Finding]:
    boxes = [item.block.box for item in page.items if item.block.words]
    pictures = [shown.box for shown in page.pictures if shown.kind != "bleed"]
    for one, other in combinations(boxes + pictures, 2):
        if min(one[2], other[2]) - max(one[0], other[0]) > 1 and min(one[3], other[3]) - max(one[1], other[1]) > 1:
            fix = _divide(shot)
            if shot.picture:
                fix = Fix("Take the picture out", lambda f: edits.pictured(f, shot.index, ""))
            yield _at(film, shot, "overlap", "Words lie over other words or a picture.", one, fix)
            return


def _stands_still(film: Film, shot: FilmShot, page: Page, palette: Palette) -> Iterator[Finding]:
    """Find shots in which nothing moves for four seconds, by drawing it small at both ends of that time."""
    span = round(FREEZE_SECONDS * FPS)
    if shot.frames <= span:
        return
    small = replace(film, width=max(120, film.width // 8 * 2), height=max(120, film.height // 8 * 2))
    scene = Scene(small, small.shots[shot.index], palette)
    last = shot.end - 1 - scene.leaves
    first, second = (drawn_frame(small, scene, frame) for frame in (last - span, last))
    one, other = (np.asarray(canvas.planes[0], np.int16) for canvas in (first, second))
    if np.abs(one - other).mean() <= MOVES:
        fix = Fix("Show it for 4 s", lambda f: edits.lasting(f, shot.index, FREEZE_SECONDS))
        yield _at(film, shot, "stands_still", "Nothing moves for four seconds.", fix=fix)


def _stand_ins(film: Film, shot: FilmShot, page: Page, palette: Palette) -> Iterator[Finding]:
    if is_stand_in(shot):
        yield _at(film, shot, "placeholder", "It shows a placeholder; write what belongs there, or correct the brief.")


def _not_in_brief(film: Film, shot: FilmShot, brief: CutBrief, ours: frozenset[str]) -> Iterator[Finding]:
    said = [word for word in foreign_words(shot, brief) if bare(word) not in ours]
    if said:
        quoted = ", ".join(f"“{word.strip('.,:;!?')}”" for word in said[:4])
        text = f"{quoted} {'stands' if len(said) == 1 else 'stand'} nowhere in the brief; check that it is true."
        yield _at(film, shot, "not_in_brief", text)


def _coverage(film: Film, brief: CutBrief) -> Iterator[Finding]:
    for line in coverage(film, brief):
        if line.reason and line.field in (*MUST, "proof_points"):
            label = "A proof point" if line.field == "proof_points" else f"The {BRIEF_LABELS[line.field]}"
            place = max(0, len(film.shots) - 2)
            said = line.words
            fix = None
            if line.field not in ("call_to_action", "link"):
                fix = Fix("Add it before the call", partial(edits.added, place=place, text=said, brief=brief))
            yield Finding("left_out", f"{label} is not in the film: “{words.clean(said)}”.", fix=fix)


def _length(film: Film) -> Iterator[Finding]:
    low, high = film.limits
    if not low - 0.05 <= film.seconds <= high + 0.05:
        text = f"The film lasts {in_seconds(film.seconds)}; {low:.0f} to {high:.0f} s are allowed."
        yield Finding("length", text, fix=Fix("Bring it to an allowed length", edits.within_limits))
