"""The storyboard pipeline: real videos, drawn, encoded and measured. Small frames make the tests fast."""

import re
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from pilot_core.domain.brief import Brief
from pilot_core.errors import PipelineFailed
from pilot_core.video.conform.process import conform
from pilot_core.video.contract import CutBrief
from pilot_core.video.probe import probe
from pilot_core.video.storyboard import revise
from pilot_core.video.storyboard.canvas import Canvas
from pilot_core.video.storyboard.draw import frames
from pilot_core.video.storyboard.palette import palette_of, yuv
from pilot_core.video.storyboard.pipeline import StoryboardPipeline
from tests.test_storyboard_plan import cut_brief, reviewed


def small(brief: CutBrief, **changes: object) -> CutBrief:
    return brief.model_copy(update={"width": 360, "height": 640, **changes})


def luma(canvas: Canvas) -> np.ndarray:
    plane = canvas.frame.planes[0]
    return np.frombuffer(plane, np.uint8).reshape(canvas.height, plane.line_size)[:, : canvas.width]


@pytest.mark.film
def test_a_cut_is_a_whole_film_with_captions_progress_and_sound(tmp_path: Path):
    brief = small(reviewed(cut_brief("problem_solution", "acme"), "too_long"), iteration=2)
    told: list[tuple[float, str]] = []
    cut = StoryboardPipeline().make_cut(brief, tmp_path / "attempt", lambda share, step: told.append((share, step)))
    film = revise.plan(brief)

    assert cut.video_path == tmp_path / "attempt" / "draft_v2.mp4"
    assert cut.captions_path == tmp_path / "attempt" / "draft_v2.vtt"
    assert sorted(path.name for path in (tmp_path / "attempt").iterdir()) == [
        "draft_v2.mp4",
        "draft_v2.storyboard.json",
        "draft_v2.vtt",
    ]
    assert [(shot.start, shot.end) for shot in cut.shots] == [(s.start / 30, s.end / 30) for s in film.shots]
    assert cut.cost_dollars == 0
    assert re.match(r"Shortened from [\d.]+ s to [\d.]+ s \(too long\)\.", cut.changes[0].text)

    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert "Mixing music" in [step for _, step in told]
    assert f"Drawing shot {len(film.shots)} of {len(film.shots)}: call to action" in [step for _, step in told]

    measured = probe(cut.video_path)
    assert measured.duration_seconds == pytest.approx(film.seconds, abs=0.08)
    assert (measured.video_codec, measured.pixel_format, measured.audio_codec) == ("h264", "yuv420p", "aac")
    assert measured.frame_count == film.frames
    assert measured.faststart
    assert measured.loudness_lufs == pytest.approx(-16, abs=1)
    assert measured.true_peak_dbtp < -1
    assert measured.longest_silence_seconds <= 2
    assert measured.longest_black_seconds <= 0.5
    assert measured.longest_freeze_seconds <= 4

    given = cut.video_path.read_bytes()
    made = conform(cut.video_path, tmp_path / "full.mp4", None, lambda share: None)
    assert (made.is_as_delivered, made.frames, made.rate, made.note) == (True, film.frames, 30, "")
    assert cut.video_path.read_bytes() == given
    assert not (tmp_path / "full.mp4").exists()

    with av.open(str(cut.video_path)) as container:
        keys = [packet.pts * packet.time_base for packet in container.demux(video=0) if packet.is_keyframe]
    assert max(b - a for a, b in pairwise(keys)) <= 1


@pytest.mark.film
@pytest.mark.parametrize("brand", ["wellness", "enterprise"])
def test_the_quiet_brands_never_stand_still_and_are_never_black(brand: str):
    brief = small(cut_brief("problem_solution", brand))
    still = longest = black = 0
    reference: np.ndarray | None = None
    for _, canvas in frames(revise.plan(brief), palette_of(brief.brand)):
        picture = luma(canvas).astype(np.int16)
        if reference is None or np.abs(picture - reference).mean() > 0.255:
            reference, still = picture, 0
        still += 1
        longest = max(longest, still)
        black += (picture < 38).mean() >= 0.98
    assert longest < 4 * 30
    assert black == 0


def test_the_first_frame_is_a_picture_and_the_same_brief_draws_it_again():
    brief = small(cut_brief("feature_launch", "acme"))
    film, palette = revise.plan(brief), palette_of(brief.brand)
    first, again = (next(iter(frames(film, palette)))[1] for _ in range(2))
    assert np.array_equal(luma(first), luma(again))
    assert len(np.unique(luma(first))) > 3


def test_the_grounds_of_a_film_are_the_brands_own_colours():
    brief = small(cut_brief("feature_launch", "acme"))
    palette = palette_of(brief.brand)
    _, canvas = next(iter(frames(revise.plan(brief), palette)))
    values, counts = np.unique(luma(canvas), return_counts=True)
    brightest = {yuv(colour)[0] for colour in (palette.dark, palette.deep, palette.light, palette.accent)}
    assert int(values[np.argmax(counts)]) in brightest


@pytest.mark.film
def test_a_film_that_cannot_be_finished_leaves_nothing_and_says_why(tmp_path: Path):
    def stop(share: float, _step: str) -> None:
        if share > 0.2:
            raise RuntimeError("the disk is full")

    with pytest.raises(PipelineFailed, match="could not be made: the disk is full"):
        StoryboardPipeline().make_cut(small(cut_brief("problem_solution", "acme", Brief())), tmp_path, stop)
    assert list(tmp_path.iterdir()) == []


def test_an_odd_frame_size_is_refused_in_a_sentence(tmp_path: Path):
    with pytest.raises(PipelineFailed, match="even numbers"):
        StoryboardPipeline().make_cut(small(cut_brief("problem_solution", "acme"), width=361), tmp_path, print)
