"""Every delivered video becomes one that plays everywhere, and each of its frames shows the right picture."""

import hashlib
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pilot_core.errors import PipelineFailed
from pilot_core.video.conform import process
from pilot_core.video.conform.process import conform, inspect
from pilot_core.video.conform.rates import in_words, rate_of
from pilot_core.video.conform.survey import survey
from pilot_core.video.conform.tones import PQ, to_bt709
from pilot_core.video.conform.wanted import shortcomings
from pilot_core.video.storyboard import encode
from tests.conftest import do_without
from tests.delivered_films import FFMPEG, Film, films, number_in
from tests.films import make_film

FILMS = {film.name: film for film in films()}
ACCEPTED = [film for film in FILMS.values() if film.rate]
REFUSED = [film for film in FILMS.values() if not film.rate]


@pytest.fixture
def delivered(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[Film, Path]:
    """Return a film of the table and the path it was made at."""
    if FFMPEG is None:
        do_without("there is no ffmpeg; install ffmpeg")
    film: Film = request.param
    path = tmp_path / film.name
    film.make(path)
    return film, path


@pytest.mark.parametrize("delivered", ACCEPTED, ids=lambda film: film.name, indirect=True)
def test_each_frame_shows_the_picture_that_is_on_screen_when_it_begins(delivered: tuple[Film, Path]) -> None:
    film, path = delivered
    given, steps = path.read_bytes(), []
    inspect(path)
    made = conform(path, path.with_name("full.mp4"), None, steps.append)
    assert (made.rate, made.note, made.is_as_delivered) == (film.rate, film.note, film.untouched)
    assert path.read_bytes() == given
    watched = path if made.is_as_delivered else path.with_name("full.mp4")
    assert shortcomings(survey(watched)) == []
    with av.open(str(watched)) as video:
        numbers = [number_in(frame.to_image()) for frame in video.decode(video=0)]
    assert numbers == [film.number_at(frame) for frame in range(film.frames)]
    assert made.frames == film.frames
    assert made.source_start == pytest.approx(0, abs=0.02)
    assert steps == sorted(steps)
    assert made.is_as_delivered or steps[-1] == 1
    assert {p.name for p in path.parent.iterdir()} == {path.name, watched.name}


@pytest.mark.parametrize("delivered", REFUSED, ids=lambda film: film.name, indirect=True)
def test_what_cannot_be_decoded_to_its_end_gets_one_sentence_from_both(delivered: tuple[Film, Path]) -> None:
    film, path = delivered
    with pytest.raises(PipelineFailed) as looked:
        inspect(path)
    with pytest.raises(PipelineFailed) as conformed:
        conform(path, path.with_name("full.mp4"), None, lambda done: None)
    assert str(looked.value) == str(conformed.value)
    assert str(looked.value) == f"{film.name} is not a playable video: {film.note}."
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_the_light_one_has_the_same_frames_and_a_small_rate(tmp_path: Path) -> None:
    noise = np.random.default_rng(1)

    def frames() -> list[av.VideoFrame]:
        return [
            av.VideoFrame.from_ndarray(noise.integers(0, 255, (960, 540, 3), np.uint8), format="rgb24")
            for _ in range(90)
        ]

    path, light = tmp_path / "noise.mp4", tmp_path / "light.mp4"
    encode.write(
        path,
        encode.Described(1080, 1920),
        [f.reformat(1080, 1920, "yuv420p") for f in frames()],
        np.zeros((144_000, 2)),
    )
    made = conform(path, tmp_path / "full.mp4", light, lambda done: None)
    assert made.is_as_delivered
    found = survey(light)
    assert (found.frames, found.rate.frames_per_second, shortcomings(found)) == (made.frames, made.rate, [])
    assert (found.pictures.width, found.pictures.height) == (540, 960)
    assert light.stat().st_size * 8 / 3 < 2_000_000 < path.stat().st_size * 8 / 3


def test_what_the_storyboard_encodes_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "draft_v1.mp4"
    frames = [av.VideoFrame(1080, 1920, "yuv420p") for _ in range(60)]
    encode.write(path, encode.Described(1080, 1920), frames, np.zeros((96_000, 2), np.float32))
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    made = conform(path, tmp_path / "full.mp4", None, lambda done: None)
    assert (made.is_as_delivered, made.note, made.frames, made.rate) == (True, "", 60, 30)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert not (tmp_path / "full.mp4").exists()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1/3", "24"), ("5", "25"), ("10", "30"), ("12", "24"), ("25/2", "25"), ("15000/1001", "30000/1001"),
        ("15", "30"), ("24000/1001", "24000/1001"), ("24", "24"), ("25", "25"), ("30000/1001", "30000/1001"),
        ("30", "30"), ("48", "50"), ("50", "50"), ("60000/1001", "60000/1001"), ("60", "60"), ("90", "30"),
        ("100", "50"), ("120000/1001", "60000/1001"), ("120", "60"), ("240", "60"),
    ],
)  # fmt: skip
def test_a_constant_rate_goes_to_a_standard_one_however_it_is_written(given: str, expected: str) -> None:
    times = [float(n / Fraction(given)) for n in range(max(4, int(10 * Fraction(given))))]
    rounded = [round(time, 3) for time in times]
    one_lost = times[: len(times) // 2] + times[len(times) // 2 + 1 :]
    for written in (times, rounded, one_lost):
        assert rate_of(written).frames_per_second == Fraction(expected)


def test_rates_are_named_as_people_name_them() -> None:
    named = [in_words(Fraction(rate)) for rate in ("24000/1001", "30000/1001", "25", "60000/1001", "25/2")]
    assert named == ["23.976 fps", "29.97 fps", "25 fps", "59.94 fps", "12.5 fps"]


def test_hdr_keeps_its_middle_and_rolls_its_highlights_off() -> None:
    power = (np.array([0, 1, 10, 50, 100, 203, 500, 1000, 4000]) / 10_000) ** (2610 / 16384)
    grey = ((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32)
    shown = to_bt709(np.stack([grey] * 3, axis=1), PQ, 9)[:, 0]
    assert np.all(np.diff(shown) >= 0)
    assert shown[4] == pytest.approx((100 / 203) ** (1 / 2.4), abs=0.01)
    assert shown[5] < 0.95 < shown[6] < shown[7] == 1.0


def test_a_picture_that_stays_too_long_in_memory_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_film(tmp_path / "film.mp4", seconds=3)
    monkeypatch.setattr("pilot_core.video.conform.process.CONFORM_SECONDS", 0.01)
    with pytest.raises(PipelineFailed, match="takes more time or memory"):
        conform(path, tmp_path / "full.mp4", None, lambda done: None)
    assert [p.name for p in tmp_path.iterdir()] == ["film.mp4"]


def test_the_process_that_decodes_gets_nothing_of_the_servers_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOT_OPS_SECRET", "a secret of the server")
    given: list[dict[str, str]] = []
    begin = subprocess.Popen

    def noted(*command: object, **options: dict[str, str]) -> object:
        given.append(options["env"])
        return begin(*command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(process.subprocess, "Popen", noted)
    inspect(make_film(tmp_path / "film.mp4"))
    assert given == [{"MALLOC_ARENA_MAX": "2"}]
