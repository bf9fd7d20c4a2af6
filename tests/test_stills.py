import json
from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageStat

from pilot_core.errors import PipelineFailed
from pilot_core.video.stills import contact_sheet, poster, sprite, stills
from tests.films import make_film, picture


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Make a video of six seconds: 180 frames, each with its number in the picture."""
    return make_film(tmp_path_factory.mktemp("film") / "film.mp4", seconds=6)


@cache
def drawn(number: int, width: int, height: int) -> np.ndarray:
    return np.asarray(picture(number, width, height).convert("L").resize((54, 96), Image.Resampling.BOX), np.float32)


def number_of(tile: Image.Image, candidates=range(180), size=(108, 192)) -> int:
    """Return the frame number that a tile shows: the candidate whose drawing, at that size, is most similar."""
    seen = np.asarray(tile.convert("L").resize((54, 96), Image.Resampling.BOX), np.float32)
    return min(candidates, key=lambda number: np.abs(drawn(number, *size) - seen).mean())


def test_a_contact_sheet_shows_twelve_evenly_spaced_frames_in_order(tmp_path, film):
    contact_sheet(film, tmp_path / "sheet.jpg")
    sheet = Image.open(tmp_path / "sheet.jpg")
    assert (sheet.format, sheet.size) == ("JPEG", (1036, 1430))
    corners = [(28 + column * 248, 28 + row * 462) for row in range(3) for column in range(4)]
    shown = [number_of(sheet.crop((x, y, x + 236, y + 420))) for x, y in corners]
    for tile, number in enumerate(shown):  # each tile covers 15 frames, and comes from the middle of them
        assert number in (tile * 15 + 5, tile * 15 + 9)
    below = sheet.crop((28, 450, 264, 478)).convert("L")
    assert min(below.get_flattened_data()) < 120  # the time is written there


def test_a_contact_sheet_is_not_caught_by_a_black_moment_between_shots(tmp_path):
    film = make_film(tmp_path / "film.mp4", seconds=4, black=((0.7, 0.8), (3.2, 3.3)))
    contact_sheet(film, tmp_path / "sheet.jpg", columns=2, rows=1)
    sheet = Image.open(tmp_path / "sheet.jpg").convert("L")
    for left in (28, 276):
        assert ImageStat.Stat(sheet.crop((left, 28, left + 236, 448))).mean[0] > 100


def test_a_contact_sheet_may_have_another_shape(tmp_path, film):
    contact_sheet(film, tmp_path / "sheet.jpg", columns=2, rows=1)
    assert Image.open(tmp_path / "sheet.jpg").size == (28 + 236 + 12 + 236 + 28, 28 + 420 + 30 + 28)


def test_a_poster_shows_the_frame_asked_for(tmp_path, film):
    poster(film, tmp_path / "poster.jpg", at=2.5)
    image = Image.open(tmp_path / "poster.jpg")
    assert image.size == (405, 720)
    assert number_of(image) == 75


def test_a_poster_asked_for_past_the_end_shows_the_last_frame(tmp_path, film):
    poster(film, tmp_path / "poster.jpg", at=99)
    assert number_of(Image.open(tmp_path / "poster.jpg")) == 179


def test_a_poster_avoids_black(tmp_path):
    film = make_film(tmp_path / "film.mp4", seconds=5, black=((0, 0.7),))
    poster(film, tmp_path / "poster.jpg")
    assert ImageStat.Stat(Image.open(tmp_path / "poster.jpg").convert("L")).mean[0] > 100


def test_a_sprite_holds_one_thumbnail_a_second_where_its_layout_says(tmp_path):
    film = make_film(tmp_path / "film.mp4", seconds=11.5, width=54, height=96)
    layout = sprite(film, tmp_path / "sprite.jpg")
    assert layout == {
        "columns": 10,
        "rows": 2,
        "tile_width": 90,
        "tile_height": 160,
        "every_seconds": 1.0,
        "count": 12,
    }
    image = Image.open(tmp_path / "sprite.jpg")
    assert image.size == (900, 320)
    for second, frame in ((0, 15), (7, 225), (10, 315), (11, 337)):
        x, y = second % 10 * 90, second // 10 * 160
        tile = image.crop((x, y, x + 90, y + 160))
        assert number_of(tile, range(0, 345), (54, 96)) == frame


def test_a_sprite_may_have_another_step_and_height(tmp_path, film):
    layout = sprite(film, tmp_path / "sprite.jpg", every_seconds=2.5, height=80)
    assert (layout["count"], layout["columns"], layout["tile_width"], layout["tile_height"]) == (3, 3, 45, 80)


def test_one_pass_makes_all_stills_and_leaves_nothing_else(tmp_path, film):
    stills(film, tmp_path / "pack")
    assert sorted(p.name for p in (tmp_path / "pack").iterdir()) == [
        "contact_sheet.jpg",
        "poster.jpg",
        "sprite.jpg",
        "sprite.json",
    ]
    layout = json.loads((tmp_path / "pack" / "sprite.json").read_text())
    assert layout == sprite(film, tmp_path / "alone.jpg")
    assert (tmp_path / "pack" / "sprite.jpg").read_bytes() == (tmp_path / "alone.jpg").read_bytes()
    contact_sheet(film, tmp_path / "sheet.jpg")
    assert (tmp_path / "pack" / "contact_sheet.jpg").read_bytes() == (tmp_path / "sheet.jpg").read_bytes()


def test_a_film_from_a_phone_stands_upright(tmp_path):
    film = make_film(tmp_path / "phone.mp4", seconds=0.5, width=192, height=108, rotation=90)
    poster(film, tmp_path / "poster.jpg", at=0)
    upright = Image.open(tmp_path / "poster.jpg")
    assert upright.size == (405, 720)
    expected = picture(0, 192, 108).rotate(90, expand=True).resize(upright.size)
    difference = np.asarray(upright, np.float32) - np.asarray(expected, np.float32)
    assert np.abs(difference).mean() < 6


def test_the_shortest_of_films_still_has_stills(tmp_path):
    stills(make_film(tmp_path / "film.mp4", seconds=0.1), tmp_path)
    assert json.loads((tmp_path / "sprite.json").read_text())["count"] == 1


def test_a_broken_film_leaves_no_still_and_says_why(tmp_path):
    (tmp_path / "draft.mp4").write_bytes(b"no film" * 100)
    with pytest.raises(PipelineFailed, match=r"^draft\.mp4 is not a playable video: "):
        stills(tmp_path / "draft.mp4", tmp_path / "pack")
    assert not (tmp_path / "pack").exists()
