"""Draws a contact sheet of each of the twelve briefs, to be looked at: ``python -m bench.sheets FOLDER [RATIO]``."""

import sys
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageDraw

from pilot_core.video.storyboard import edits, revise
from pilot_core.video.storyboard.draw import picture_of, still
from pilot_core.video.storyboard.film import Film
from pilot_core.video.storyboard.palette import Palette, palette_of
from tests.twelve_briefs import TWELVE, cut_brief

COLUMNS, TALL, GAP = 6, 420, 10


def picture(film: Film, palette: Palette, place: int) -> Image.Image:
    """Return a shot with all its words in place."""
    return picture_of(still(film, palette, place))


def sheet(film: Film, palette: Palette) -> Image.Image:
    """Return every shot of a film, small, with its second; the one of the poster is framed."""
    wide = round(TALL * film.width / film.height)
    columns = COLUMNS if wide <= TALL else 3
    rows = -(-len(film.shots) // columns)
    made = Image.new("RGB", (columns * (wide + GAP) + GAP, rows * (TALL + 3 * GAP) + GAP), "#DDDDDD")
    pen = ImageDraw.Draw(made)
    for shot in film.shots:
        x = GAP + shot.index % columns * (wide + GAP)
        y = GAP + shot.index // columns * (TALL + 3 * GAP)
        if shot.poster:
            pen.rectangle((x - 4, y - 4, x + wide + 4, y + TALL + 4), fill="#D97706")
        made.paste(picture(film, palette, shot.index).resize((wide, TALL)), (x, y))
        pen.text((x, y + TALL + 4), f"{shot.start / 30:.1f} s, {shot.seconds:.1f} s, {shot.beat}", fill="#222222")
    return made


def main(folder: Path, ratio: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in TWELVE:
        brief = cut_brief(name, folder / "kit")
        film, palette = edits.in_shape(revise.plan(brief), ratio), palette_of(brief.brand)
        small = replace(film, width=film.width // 4 * 2, height=film.height // 4 * 2)
        sheet(small, palette).save(folder / f"{name}.png")
        print(f"{name}: {film.seconds:.1f} s, {len(film.shots)} shots")
        for note in film.notes:
            print("   ", note)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "9:16")
