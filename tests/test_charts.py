"""What of a figure is drawn: only what its words say, in the right proportion, and clear of the words."""

from dataclasses import replace

import pytest

from pilot_core.video.storyboard import edits, revise
from pilot_core.video.storyboard.charts import Bars, Cells, Chart, Portion, chart_of, number
from pilot_core.video.storyboard.film import Film, FilmShot
from pilot_core.video.storyboard.layout import compose
from pilot_core.video.storyboard.page import Page
from pilot_core.video.storyboard.palette import palette_of
from tests.twelve_briefs import TWELVE, cut_brief

DRAWN: list[tuple[str, str, str, Chart]] = [
    ("", "9 of the top 20", "US shippers", Cells(9, 20)),
    ("", "3 of the 5 largest", "carriers", Cells(3, 5)),
    ("", "1 in 3", "patients", Cells(1, 3)),
    ("Review time:", "6 weeks → 4 days", "", Bars(1.0, 4 / 42)),
    ("Close time cut", "from 9 days to 2", "", Bars(1.0, 2 / 9)),
    ("", "from 2 to 9 days", "", Bars(2 / 9, 1.0)),
    ("", "$1,500 → $900", "a year", Bars(1.0, 0.6)),
    ("", "40%", "of freight", Portion(0.4)),
    ("", "38 %", "der Wärme", Portion(0.38)),
    ("Heizkosten um", "38 %", "gesenkt", Bars(1.0, 0.62)),
    ("", "38 %", "weniger Einspringdienste", Bars(1.0, 0.62)),
    ("Costs cut", "25%", "in a year", Bars(1.0, 0.75)),
    ("आमदनी", "24%", "बढ़ी", Bars(1 / 1.24, 1.0)),
    ("廃棄を", "38%", "削減", Bars(1.0, 0.62)),
]
NOT_DRAWN = [
    ("", "72%", "walk further after 8 weeks"),  # of whom is not said
    ("Spot rates moved", "40%", "in a single quarter"),  # up or down is not said
    ("", "2.1 million", "loads priced"),
    ("", "9 of the top 500", "shippers"),
    ("", "from 900 to 1.2 million", "users"),
    ("", "5 kg → 3 GB", ""),
    ("", "من 3 أيام إلى ساعة", ""),
    ("", "120%", "of the plan"),
    ("", "4.8 stars", "from 31,000 cooks"),
]


@pytest.mark.parametrize(("above", "figure", "below", "chart"), DRAWN)
def test_a_figure_is_drawn_in_its_proportion(above: str, figure: str, below: str, chart: Chart) -> None:
    found = chart_of(above, figure, below)
    assert type(found) is type(chart)
    assert vars(found) == pytest.approx(vars(chart))


@pytest.mark.parametrize(("above", "figure", "below"), NOT_DRAWN)
def test_nothing_is_drawn_that_the_words_do_not_say(above: str, figure: str, below: str) -> None:
    assert chart_of(above, figure, below) is None


@pytest.mark.parametrize(
    ("written", "value"), [("1,500", 1500), ("12,5", 12.5), ("1.200.000", 1_200_000), ("0.02", 0.02), ("4.8", 4.8)]
)
def test_numbers_are_read_as_people_write_them(written: str, value: float) -> None:
    assert number(written) == pytest.approx(value)


@pytest.fixture(scope="module")
def charted(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Film, FilmShot, Page]]:
    """Every page with a drawing among the twelve films, in all three shapes."""
    kit = tmp_path_factory.mktemp("kit")
    found = []
    for name in TWELVE:
        brief = cut_brief(name, kit)
        plan = revise.plan(brief)
        for ratio in ("9:16", "1:1", "16:9"):
            film = edits.in_shape(plan, ratio)
            pages = [(film, shot, compose(film, shot, palette_of(brief.brand))) for shot in film.shots]
            found.extend(page for page in pages if any(panel.kind == "chart" for panel in page[2].panels))
    return found


def test_a_drawing_stands_below_its_words_and_inside_the_safe_area(
    charted: list[tuple[Film, FilmShot, Page]],
) -> None:
    assert len({film.tone for film, _, _ in charted}) == 3
    for film, shot, page in charted:
        words = max(item.block.box[3] for item in page.items)
        boxes = [panel.box for panel in page.panels if panel.kind == "chart"]
        assert min(box[1] for box in boxes) > words, shot
        assert max(box[3] for box in boxes) <= film.height * (1 - film.ratio.bottom), shot
        assert min(box[0] for box in boxes) >= film.width * film.ratio.side, shot
        assert max(box[2] for box in boxes) <= film.width * (1 - film.ratio.side), shot


def test_lengths_are_those_of_the_values(charted: list[tuple[Film, FilmShot, Page]]) -> None:
    seen = set()
    for _, shot, page in charted:
        found = chart_of(shot.above, shot.main.strip("\ue000\ue001"), shot.below)
        boxes = [panel.box for panel in page.panels if panel.kind == "chart"]
        if isinstance(found, Bars):
            before, after = (box[2] - box[0] for box in boxes)
            assert before / after == pytest.approx(found.before / found.after, rel=0.02), shot
        elif isinstance(found, Cells):
            colours = [panel.colour for panel in page.panels if panel.kind == "chart"]
            assert len(boxes) == found.whole
            assert colours.count(page.scheme.spark) == found.part
        seen.add(type(found))
    assert {Bars, Cells} <= seen


def test_a_drawing_is_mirrored_with_its_page(tmp_path_factory: pytest.TempPathFactory) -> None:
    brief = cut_brief("daftar", tmp_path_factory.mktemp("kit"))
    film = revise.plan(brief)
    shot = next(shot for shot in film.shots if shot.role == "figure")
    page = compose(film, replace(shot, main="\ue00040%\ue001", below="من المتاجر"), palette_of(brief.brand))
    whole, part = (panel.box for panel in page.panels if panel.kind == "chart")
    assert part[2] == whole[2]
    assert part[0] > whole[0]
