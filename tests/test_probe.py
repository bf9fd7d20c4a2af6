import hashlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pyloudnorm
import pytest
from PIL import Image

from pilot_core.errors import PipelineFailed
from pilot_core.video.conform.process import inspect
from pilot_core.video.probe import probe
from tests.films import make_film, make_sound_file


@pytest.mark.parametrize(
    ("rate", "seconds", "frames"),
    [("24000/1001", 2.002, 48), ("25", 2.0, 50), ("30000/1001", 2.002, 60), ("30", 2.0, 60)],
)
def test_length_rate_and_pictures_are_exact(tmp_path, rate, seconds, frames):
    measured = probe(make_film(tmp_path / "film.mp4", seconds=seconds, rate=Fraction(rate)))
    assert measured.frame_rate == rate
    assert measured.frame_count == frames
    assert measured.duration_seconds == pytest.approx(float(frames / Fraction(rate)), abs=1e-6)


def test_a_plain_film_is_described_whole(tmp_path):
    film = make_film(tmp_path / "film.mp4")
    measured = probe(film)
    assert measured.model_dump(exclude={"loudness_lufs", "true_peak_dbtp"}) == {
        "duration_seconds": 2.0,
        "width": 108,
        "height": 192,
        "frame_rate": "30",
        "frame_count": 60,
        "video_codec": "h264",
        "pixel_format": "yuv420p",
        "audio_codec": "aac",
        "audio_sample_rate": 48000,
        "faststart": True,
        "longest_silence_seconds": 0.0,
        "longest_black_seconds": 0.0,
        "longest_freeze_seconds": 0.0,
        "size_bytes": film.stat().st_size,
        "sha256": hashlib.sha256(film.read_bytes()).hexdigest(),
        "delivered": None,
    }
    assert measured.loudness_lufs == pytest.approx(-16, abs=0.2)
    assert measured.true_peak_dbtp == pytest.approx(-16, abs=1.5)


def test_other_formats_are_named_as_they_are(tmp_path):
    measured = probe(make_film(tmp_path / "film.mp4", seconds=0.5, codec="mpeg4", audio="libmp3lame"))
    assert (measured.video_codec, measured.audio_codec) == ("mpeg4", "mp3")


def test_an_index_at_the_end_is_no_faststart(tmp_path):
    assert probe(make_film(tmp_path / "film.mp4", seconds=0.5, faststart=False)).faststart is False


def test_size_is_as_shown_after_rotation(tmp_path):
    measured = probe(make_film(tmp_path / "phone.mp4", seconds=0.5, width=192, height=108, rotation=90))
    assert (measured.width, measured.height) == (108, 192)


@pytest.mark.parametrize(("pixel", "width"), [(Fraction(2), 216), (Fraction(3, 4), 81), (Fraction(500), 108)])
def test_size_is_as_shown_with_pixels_made_square_unless_they_are_absurd(tmp_path, pixel, width):
    measured = probe(make_film(tmp_path / "film.mp4", seconds=0.2, pixel=pixel))
    assert (measured.width, measured.height) == (width, 192)


@pytest.mark.parametrize("level", [-30.0, -16.0, -9.0])
def test_loudness_agrees_with_an_independent_meter(tmp_path, level):
    noise = np.random.default_rng(5).standard_normal((48_000 * 4, 2)).astype(np.float32)
    noise[: 48_000 * 2] *= 0.05  # quiet half, so that the gate matters
    noise *= 10 ** (level / 20) / 3
    film = make_film(tmp_path / "film.mp4", seconds=4, samples=noise)
    with av.open(str(film)) as container:
        heard = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1).T
    assert probe(film).loudness_lufs == pytest.approx(pyloudnorm.Meter(48_000).integrated_loudness(heard), abs=0.15)


def test_a_gap_in_the_sound_is_measured(tmp_path):
    measured = probe(make_film(tmp_path / "film.mp4", seconds=4, silent=((1, 3.5),)))
    assert measured.longest_silence_seconds == pytest.approx(2.5, abs=0.06)


def test_a_film_is_silent_after_its_sound_track_ends(tmp_path):
    measured = probe(make_film(tmp_path / "film.mp4", seconds=4, audio_seconds=2, silent=((1.5, 2),)))
    assert measured.longest_silence_seconds == pytest.approx(2.5, abs=0.06)


def test_a_film_of_pure_silence_has_no_loudness(tmp_path):
    measured = probe(make_film(tmp_path / "film.mp4", silent=((0, 2),)))
    assert (measured.loudness_lufs, measured.true_peak_dbtp) == (None, None)
    assert measured.longest_silence_seconds == 2.0


def test_a_film_without_sound_has_nothing_to_measure_there(tmp_path):
    measured = probe(make_film(tmp_path / "film.mp4", audio=None))
    assert measured.audio_codec is None
    assert measured.audio_sample_rate is None
    assert measured.loudness_lufs is None
    assert measured.longest_silence_seconds is None


def test_the_longest_black_is_measured(tmp_path):
    measured = probe(make_film(tmp_path / "film.mp4", seconds=3, black=((0.5, 0.7), (1, 1.8))))
    assert measured.longest_black_seconds == pytest.approx(0.8, abs=0.02)


def test_black_and_freeze_that_last_to_the_end_are_measured(tmp_path):
    measured = probe(make_film(tmp_path / "film.mp4", seconds=3, black=((1.8, 3),)))
    assert measured.longest_black_seconds == pytest.approx(1.2, abs=0.02)
    assert measured.longest_freeze_seconds == pytest.approx(1.2, abs=0.02)


def test_a_freeze_is_measured(tmp_path):
    measured = probe(make_film(tmp_path / "film.mp4", seconds=3, frozen=((1, 2.4),)))
    assert measured.longest_freeze_seconds == pytest.approx(1.4, abs=0.04)
    assert measured.longest_black_seconds == 0.0


def _empty(path: Path) -> None:
    path.touch()


def _text(path: Path) -> None:
    path.write_text("The film will follow tomorrow.\n" * 50)


def _playlist(path: Path) -> None:
    other = make_film(path.with_name("other.mp4"), seconds=0.5)
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.5,\nfile://{other}\n#EXT-X-ENDLIST\n")


def _image(path: Path) -> None:
    Image.new("RGB", (108, 192), "teal").save(path, "PNG")


def _without_index(path: Path) -> None:
    whole = make_film(path, faststart=False).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


OTHER = "draft.mp4 is not a playable video: it is neither MP4 or QuickTime nor WebM or Matroska."
DAMAGED = "draft.mp4 is not a playable video: it breaks off before its end, or is damaged."


@pytest.mark.parametrize("check", [probe, inspect])
@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (_empty, "draft.mp4 is not a playable video: the file is empty."),
        (_text, OTHER),
        (_playlist, OTHER),
        (_image, OTHER),
        (_without_index, DAMAGED),
        (make_sound_file, "draft.mp4 is not a playable video: it holds no moving picture."),
        (lambda path: None, "There is no file draft.mp4: the film was not written, or has been moved."),
    ],
    ids=["empty", "text", "playlist", "png", "truncated", "only sound", "missing"],
)
def test_a_file_that_is_no_film_is_refused_with_one_sentence(tmp_path, make, sentence, check):
    make(tmp_path / "draft.mp4")
    with pytest.raises(PipelineFailed) as refused:
        check(tmp_path / "draft.mp4")
    assert str(refused.value) == sentence


def test_a_film_that_breaks_off_is_refused_although_it_begins_well(tmp_path):
    film = make_film(tmp_path / "draft.mp4", seconds=4)
    whole = film.read_bytes()
    film.write_bytes(whole[: len(whole) // 2])
    for check in (probe, inspect):
        with pytest.raises(PipelineFailed) as refused:
            check(film)
        assert str(refused.value) == DAMAGED


def test_a_film_may_have_a_name_that_looks_like_an_address(tmp_path, monkeypatch):
    make_film(tmp_path / "http:schnitt für Zoë.mp4", seconds=0.5)
    monkeypatch.chdir(tmp_path)
    inspect(Path("http:schnitt für Zoë.mp4"))
    assert probe(Path("http:schnitt für Zoë.mp4")).frame_count == 15
