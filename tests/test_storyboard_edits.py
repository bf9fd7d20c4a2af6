"""An edited storyboard: its file, its edits, what is taken over from the earlier video, and what is found in it."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilot_core import catalog
from pilot_core.domain.brief import Brief
from pilot_core.errors import InvalidRequest
from pilot_core.export.storyboard_timeline import timeline
from pilot_core.video.contract import CutBrief, KitFiles, PreviousCut
from pilot_core.video.probe import probe
from pilot_core.video.storyboard import edits, revise
from pilot_core.video.storyboard.changes import planned_changes
from pilot_core.video.storyboard.coverage import coverage, foreign_words
from pilot_core.video.storyboard.film import BREAK, MARK_OFF, MARK_ON, Film, laid_out, plain
from pilot_core.video.storyboard.findings import findings
from pilot_core.video.storyboard.layout import compose
from pilot_core.video.storyboard.palette import palette_of
from pilot_core.video.storyboard.pipeline import StoryboardPipeline
from pilot_core.video.storyboard.plan_file import from_json, planned, read_words, written
from pilot_core.video.storyboard.segments import segment_keys
from tests.test_storyboard import small
from tests.test_storyboard_plan import cut_brief, reviewed
from tests.twelve_briefs import TWELVE
from tests.twelve_briefs import cut_brief as one_of_twelve

MARKED = st.text(alphabet="ab *\\\n" + MARK_ON + MARK_OFF, max_size=30)


def same(film: Film) -> Film:
    """Return the film without the notes, which are not in its file."""
    return replace(film, notes=())


@pytest.mark.parametrize("name", list(TWELVE))
def test_a_plan_in_its_file_is_the_same_film(name: str, tmp_path: Path) -> None:
    brief = one_of_twelve(name, tmp_path)
    film = revise.plan(brief)
    assert same(from_json(json.loads(json.dumps(planned(film))), brief.kit)) == same(film)


@given(st.text(alphabet="ab*\\ é", max_size=20), st.integers(0, 3))
@settings(max_examples=300, deadline=None)
def test_words_with_stars_backslashes_and_breaks_come_back_as_they_were(text: str, at: int) -> None:
    words = text.split()
    if len(words) > at:
        words[at] = MARK_ON + words[at] + MARK_OFF
    for marked in (" ".join(words), f"{BREAK} ".join(words)):
        assert read_words(written(marked)) == marked.removesuffix(BREAK)


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"tone": "loud"}, "tone"),
        ({"shots": []}, "shots"),
        ({"width": 1081}, "width"),
        ({"family": "hills"}, "family"),
        ({"direction": {"colour": 1}}, "direction"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_file_that_is_no_storyboard_is_refused_with_its_place(change: dict[str, object], at: str) -> None:
    brief = cut_brief("feature_launch", "acme")
    with pytest.raises(InvalidRequest, match=f"not valid at {at}"):
        from_json(planned(revise.plan(brief)) | change, brief.kit)
    for nothing in ([], None, "words", 3):
        with pytest.raises(InvalidRequest, match="not valid"):
            from_json(nothing, brief.kit)


def test_any_row_of_edits_leaves_a_film_that_is_drawn_by_its_file(tmp_path: Path) -> None:
    """Whatever is edited in whatever order: shots follow one another, one is the poster at most, and it comes back."""
    chance = random.Random(20261201)
    for name in TWELVE:
        brief = one_of_twelve(name, tmp_path)
        film = revise.plan(brief)
        for _ in range(40):
            film = chance.choice(EDITS)(film, chance.randrange(len(film.shots)), brief)
            assert [shot.index for shot in film.shots] == list(range(len(film.shots)))
            assert film.shots[0].start == 0
            assert all(one.end == other.start for one, other in zip(film.shots, film.shots[1:], strict=False))
            assert all(shot.frames > 0 for shot in film.shots)
            assert sum(shot.poster for shot in film.shots) <= 1
        assert same(from_json(planned(film), brief.kit)) == same(film)
        findings(film, palette_of(brief.brand), brief)


Edit = Callable[[Film, int, CutBrief], Film]
EDITS: list[Edit] = [
    lambda f, i, b: edits.moved(f, i, 1),
    lambda f, i, b: edits.moved(f, i, -1),
    lambda f, i, b: edits.removed(f, i),
    lambda f, i, b: edits.split(f, i),
    lambda f, i, b: edits.lasting(f, i, 2.7),
    lambda f, i, b: edits.added(f, i, "Built in *nine* months", b) if len(f.shots) < 40 else f,
    lambda f, i, b: edits.reworded(f, i, {"main": "A *new*\nline"}, b),
    lambda f, i, b: edits.as_poster(f, i),
    lambda f, i, b: edits.in_shape(f, "16:9"),
    lambda f, i, b: edits.in_shape(f, "1:1"),
    lambda f, i, b: edits.in_family(f, "nothing known"),
    lambda f, i, b: edits.grounded(f, i, "paper"),
    lambda f, i, b: edits.arranged(f, i, 14),
    lambda f, i, b: edits.within_limits(f),
]


def test_edited_words_are_of_the_line_of_the_brief_that_says_them() -> None:
    brief = cut_brief("feature_launch", "enterprise")
    film = revise.plan(brief)
    place = next(shot.index for shot in film.shots if shot.source == "problem")
    other = edits.reworded(film, place, {"main": "Nobody likes *invoices*"}, brief)
    assert other.shots[place].source == ""
    assert foreign_words(other.shots[place], brief) == ["Nobody", "likes", "invoices"]
    [told] = [f for f in findings(other, palette_of(brief.brand), brief) if f.code == "not_in_brief"]
    assert (told.shot, told.text[:21]) == (place, "“Nobody”, “likes”, “i")
    again = edits.reworded(other, place, {"main": "412 finance teams"}, brief)
    assert again.shots[place].source == "proof_points"
    assert next(line.shots for line in coverage(again, brief) if line.words == "412 finance teams")


def test_a_storyboard_whose_words_were_changed_in_its_file_does_not_count_as_the_brief() -> None:
    brief = cut_brief("feature_launch", "enterprise")
    told = planned(revise.plan(brief))
    place = next(i for i, shot in enumerate(told["shots"]) if shot["source"] == "problem")
    told["shots"][place]["main"] = "Nobody likes *invoices*"
    film = revise.plan(brief.model_copy(update={"storyboard": told}))
    assert film.shots[place].source == ""
    assert film.notes[0] == "Made from a storyboard that a person edited."


@pytest.mark.parametrize("brand", list(catalog.brands()))
def test_lengths_stay_on_the_beat_of_the_music(brand: str) -> None:
    film = revise.plan(cut_brief("feature_launch", brand))
    for seconds in (0.9, 2.2, 3.33, 7.01):
        assert edits.lasting(film, 1, seconds).shots[1].frames % edits.unit(film) == 0


FAULTS: dict[str, Edit] = {
    "reading_time": lambda f, i, b: edits.lasting(f, i, 0.6),
    "too_many_words": lambda f, i, b: edits.reworded(
        f, i, {"main": "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"}, b
    ),
    "line_break": lambda f, i, b: edits.reworded(f, i, {"main": "Close your books in\na *day* or less"}, b),
    "length": lambda f, i, b: laid_out(f, [f.shots[0], *f.shots[-3:]]),
    "left_out": lambda f, i, b: laid_out(f, [shot for shot in f.shots if shot.source != "problem"]),
}


@pytest.mark.parametrize("brand", list(catalog.brands()))
@pytest.mark.parametrize("code", list(FAULTS))
def test_each_fault_is_found_with_its_place_and_one_click_mends_it(code: str, brand: str) -> None:
    brief = cut_brief("feature_launch", brand)
    film, palette = revise.plan(brief), palette_of(brief.brand)
    place = next(shot.index for shot in film.shots if shot.source == "problem")
    broken = FAULTS[code](film, place, brief)
    found = [finding for finding in findings(broken, palette, brief) if finding.code == code]
    assert found, code
    assert [f for f in findings(film, palette, brief) if f.code == code and f.shot == found[0].shot] == []
    for _ in range(3):
        fixed = next((f.fix for f in findings(broken, palette, brief) if f.code == code and f.fix), None)
        if fixed is None:
            break
        broken = fixed.edit(broken)
    left = [finding for finding in findings(broken, palette, brief) if finding.code == code]
    assert not [f for f in left if f.fix], left
    if code in ("reading_time", "too_many_words", "line_break"):
        assert found[0].shot == place
        assert found[0].second == pytest.approx(film.shots[place].start / 30, abs=0.01)


def frames_of(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


@pytest.mark.film
@pytest.mark.parametrize("brand", list(catalog.brands()))
def test_only_what_changed_is_drawn_and_the_rest_is_the_earlier_video_frame_by_frame(
    brand: str, tmp_path: Path
) -> None:
    """Words, order and picture: the film is whole, and every shot that is not changed has the same frames as before."""
    brief = small(cut_brief("problem_solution", brand))
    first = StoryboardPipeline().make_cut(brief, tmp_path / "first", lambda *_: None)
    film, before = revise.plan(brief), frames_of(first.video_path)
    place = len(film.shots) // 2
    edited = edits.reworded(film, place, {"main": "In *other* words"}, brief)
    asked = with_storyboard(brief, edited, first.video_path)
    second = StoryboardPipeline().make_cut(asked, tmp_path / "second", lambda *_: None)
    told = json.loads(second.storyboard_path.read_text(encoding="utf-8"))

    after = frames_of(second.video_path)
    keys, known = segment_keys(edited, palette_of(brief.brand)), segment_keys(film, palette_of(brief.brand))
    kept = [shot for shot, key in zip(edited.shots, keys, strict=True) if key in known]
    assert told["drawn"] == len(film.shots) - len(kept) <= 2
    for shot in kept:
        assert all(np.array_equal(before[i], after[i]) for i in range(shot.start, shot.end)), shot.index
    changed = edited.shots[place]
    assert not np.array_equal(before[changed.end - 12], after[changed.end - 12])

    measured = probe(second.video_path)
    assert (measured.frame_count, measured.faststart) == (edited.frames, True)
    assert measured.loudness_lufs == pytest.approx(-16, abs=1)
    assert measured.duration_seconds == pytest.approx(edited.seconds, abs=0.05)
    with av.open(str(second.video_path)) as container:
        times = [packet.dts for packet in container.demux(video=0) if packet.dts is not None]
        assert times == sorted(set(times))
        assert container.metadata["title"] == "Northwind Labs: problem and solution"
        assert container.streams.video[0].metadata["language"] == "eng"
    [count] = [change.text for change in second.changes if change.text.startswith("A person edited")]
    assert "1 shot of" in count

    order = edits.moved(edited, 1, 1)
    third = StoryboardPipeline().make_cut(
        with_storyboard(brief, order, second.video_path), tmp_path / "third", lambda *_: None
    )
    said = [shot.text for shot in third.shots]
    assert said == [shot.text for shot in order.shots]
    assert probe(third.video_path).frame_count == order.frames


@pytest.mark.film
def test_an_edit_that_changes_nothing_draws_nothing_and_gives_the_same_frames(tmp_path: Path) -> None:
    brief = small(cut_brief("problem_solution", "acme"))
    first = StoryboardPipeline().make_cut(brief, tmp_path / "first", lambda *_: None)
    asked = with_storyboard(brief, revise.plan(brief), first.video_path)
    second = StoryboardPipeline().make_cut(asked, tmp_path / "second", lambda *_: None)
    assert json.loads(second.storyboard_path.read_text())["drawn"] == 0
    one, other = frames_of(first.video_path), frames_of(second.video_path)
    assert len(one) == len(other)
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.film
def test_a_video_that_was_encoded_otherwise_is_not_taken_over(tmp_path: Path) -> None:
    """Its plan fits, but its packets do not: the whole film is drawn anew."""
    brief = small(cut_brief("problem_solution", "acme"))
    first = StoryboardPipeline().make_cut(brief, tmp_path / "first", lambda *_: None)
    with av.open(str(first.video_path)) as source, av.open(str(tmp_path / "other.mp4"), "w") as made:
        stream = made.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.options = 360, 640, {"preset": "medium", "bf": "0"}
        stream.time_base = Fraction(1, 30)
        for frame in source.decode(video=0):
            frame.pts, frame.time_base = round(frame.time * 30), Fraction(1, 30)
            made.mux(stream.encode(frame))
        made.mux(stream.encode(None))
    (tmp_path / "other.mp4").replace(first.video_path)
    edited = edits.reworded(revise.plan(brief), 2, {"main": "In *other* words"}, brief)
    second = StoryboardPipeline().make_cut(
        with_storyboard(brief, edited, first.video_path), tmp_path / "second", lambda *_: None
    )
    assert json.loads(second.storyboard_path.read_text())["drawn"] == len(edited.shots)
    assert probe(second.video_path).frame_count == edited.frames


def with_storyboard(brief: CutBrief, film: Film, video: Path) -> CutBrief:
    """Return the brief of the next attempt, for an edited storyboard over an earlier video."""
    previous = PreviousCut(attempt_number=1, iteration=1, duration=None, shots=[], video_path=video)
    return brief.model_copy(update={"attempt_number": 2, "storyboard": planned(film), "previous": previous})


def test_the_timeline_holds_every_shot_by_its_frames(tmp_path: Path) -> None:
    film = revise.plan(one_of_twelve("kurashi"))
    (tmp_path / "film.otio").write_bytes(timeline(film, "くらし設計", "draft_v1.mp4"))
    read = otio.adapters.read_from_file(str(tmp_path / "film.otio"))
    [track] = read.tracks
    assert [clip.name for clip in track] == [shot.text for shot in film.shots]
    assert [round(clip.source_range.start_time.value) for clip in track] == [shot.start for shot in film.shots]
    assert read.duration().value == film.frames
    assert track[0].media_reference.target_url == "draft_v1.mp4"


def test_an_edit_after_a_flag_says_which_flags_it_answers_and_leaves_the_rest_to_a_person() -> None:
    brief = cut_brief("feature_launch", "acme")
    film = revise.plan(brief)
    shorter = edits.removed(edits.removed(film, 3), 3)
    asked = reviewed(brief, "too_long", "factual_error", "visuals_poor").model_copy(
        update={"storyboard": planned(shorter)}
    )
    told = {change.flags[0]: change for change in planned_changes(asked) if change.flags}
    assert told["too_long"].answered
    assert told["too_long"].text.startswith("Shortened from")
    assert not told["visuals_poor"].answered
    assert told["factual_error"].text == "Factual error: left to the person who edited the storyboard."


@pytest.mark.parametrize("name", list(TWELVE))
def test_of_twelve_lifelike_briefs_nine_tenths_are_theirs_and_nothing_that_matters_is_dropped(
    name: str, tmp_path: Path
) -> None:
    brief = one_of_twelve(name, tmp_path)
    film = revise.plan(brief)
    shown = sum(shot.frames for shot in film.shots if shot.source)
    assert shown >= 0.9 * film.frames
    dropped = [line.field for line in coverage(film, brief) if line.reason]
    assert not set(dropped) & {"message", "news", "call_to_action", "link", "problem"}
    faults = [f for f in findings(film, palette_of(brief.brand), brief) if f.code not in ("line_break", "left_out")]
    assert faults == []
    assert not [shot.text for shot in film.shots if "[" in shot.text]


def test_two_of_the_twelve_share_no_sentence_but_connectives() -> None:
    said = {name: {s.text for s in revise.plan(one_of_twelve(name)).shots if s.source} for name in TWELVE}
    for one in TWELVE:
        for other in TWELVE:
            if one < other:
                assert said[one] & said[other] == set(), (one, other)


@pytest.mark.parametrize("ratio", ["1:1", "16:9"])
@pytest.mark.parametrize("name", list(TWELVE))
def test_the_twelve_can_be_read_in_every_ratio(name: str, ratio: str, tmp_path: Path) -> None:
    brief = one_of_twelve(name, tmp_path)
    film = edits.in_shape(revise.plan(brief), ratio)
    faults = [f for f in findings(film, palette_of(brief.brand), brief) if f.code not in ("line_break", "left_out")]
    assert faults == []


@pytest.mark.parametrize("tone", ["acme", "wellness", "enterprise"])
def test_pages_of_a_language_from_right_to_left_are_mirrored(tone: str) -> None:
    """Lines end at the right margin, also those in Latin letters, and so do the link and its panel."""
    told = TWELVE["daftar"].brief
    brief = cut_brief("funding_announcement", tone, told)
    film, palette = revise.plan(brief), palette_of(brief.brand)
    english = revise.plan(cut_brief("funding_announcement", tone, Brief(**told.model_dump() | {"language": "en"})))
    for shot in film.shots:
        page = compose(film, shot, palette)
        for item in page.items:
            right = item.block.box[2]
            if not item.block.is_centred:
                assert 0.06 * film.width - 1 <= film.width - right <= 0.13 * film.width, (shot.text, item.role)
    call = compose(film, film.shots[-1], palette)
    assert all(panel.is_mirrored for panel in call.panels)
    assert english.language == "en"


def test_an_edit_of_a_film_with_a_kit_keeps_its_pictures_by_name(tmp_path: Path) -> None:
    brief = one_of_twelve("tidewater", tmp_path)
    film = revise.plan(brief)
    assert [shot.picture for shot in film.shots if shot.picture] == ["screen.png", "sea.png"]
    gone = from_json(planned(film), KitFiles())
    assert [plain(shot.main) for shot in gone.shots] == [plain(shot.main) for shot in film.shots]
    findings(gone, palette_of(brief.brand), brief)
