from fractions import Fraction

import pytest

from pilot_core import catalog
from pilot_core.video.conform.result import Delivered
from pilot_core.video.probe import Measured, probe
from pilot_core.video.sla import Rendering, judge, passed, violations
from tests.films import make_film

GOOD = Measured(
    duration_seconds=38.2,
    width=1080,
    height=1920,
    frame_rate="30",
    frame_count=1146,
    video_codec="h264",
    pixel_format="yuv420p",
    audio_codec="aac",
    audio_sample_rate=48000,
    faststart=True,
    loudness_lufs=-16.1,
    true_peak_dbtp=-2.0,
    longest_silence_seconds=0.4,
    longest_black_seconds=0.0,
    longest_freeze_seconds=1.2,
    size_bytes=7_000_000,
    sha256="0" * 64,
)
RUN = {"time_to_first_cut": 42.0, "iterations": 1, "cost": 0.0}


def judged(scenario="feature_launch", measured=GOOD, **changes):
    run = {name: changes.pop(name) for name in list(changes) if name in RUN}
    asked = catalog.scenario(scenario)
    intent = catalog.intents()[asked.intent]
    rendering = Rendering(**{**RUN, **run})
    return judge(measured.model_copy(update=changes), rendering, asked, intent, catalog.sla_limits())


def test_a_good_film_keeps_every_promise():
    checks = judged()
    assert [(c.code, c.label, c.measured, c.limit, c.passed) for c in checks] == [
        ("first_cut", "First cut", "42 s", "at most 120 s", True),
        ("length", "Length", "38.2 s", "30 to 60 s", True),
        ("file_type", "File type", "MP4", "MP4", True),
        ("video_codec", "Picture format", "H.264", "H.264", True),
        ("pixel_format", "Pixel format", "yuv420p", "yuv420p", True),
        ("frame_rate", "Frame rate", "30 fps", "constant", True),
        ("audio_codec", "Sound format", "AAC", "AAC", True),
        ("faststart", "Starts while loading", "yes", "yes", True),
        ("size", "Picture size", "1080 × 1920", "1080 × 1920", True),
        ("audio_present", "Sound track", "yes", "yes", True),
        ("loudness", "Loudness", "−16.1 LUFS", "−19 to −13 LUFS", True),
        ("silence", "Longest silence", "0.4 s", "at most 2 s", True),
        ("black", "Longest black", "0 s", "at most 0.5 s", True),
        ("freeze", "Longest freeze", "1.2 s", "at most 4 s", True),
        ("iterations", "Iterations", "1", "at most 3", True),
        ("cost", "Cost", "$0.00", "at most $10.00", True),
    ]
    assert violations(checks) == []
    assert passed(checks)
    assert {c.sentence for c in checks} == {""}


@pytest.mark.parametrize(
    ("code", "miss", "sentence"),
    [
        ("first_cut", {"time_to_first_cut": 134.0}, "First cut took 134 s; the limit is 120 s."),
        ("length", {"duration_seconds": 28.4}, "The video is 28.4 s long; feature launch videos are 30 to 60 s."),
        ("length", {"duration_seconds": 60.1}, "The video is 60.1 s long; feature launch videos are 30 to 60 s."),
        (
            "video_codec",
            {"video_codec": "hevc"},
            "The picture is in H.265, which not all phones play; it should be in H.264.",
        ),
        ("audio_codec", {"audio_codec": "mp3"}, "The sound is in MP3; it should be in AAC."),
        (
            "faststart",
            {"faststart": False},
            "The video cannot start until all of it has loaded; save it with its index at the front (faststart).",
        ),
        ("size", {"width": 1920, "height": 1080}, "The picture is 1920 × 1080; it should be 1080 × 1920."),
        ("size", {"width": 720, "height": 1280}, "The picture is 720 × 1280; it should be 1080 × 1920."),
        ("loudness", {"loudness_lufs": -19.06}, "The sound is at −19.1 LUFS; it should be between −19 and −13 LUFS."),
        ("loudness", {"loudness_lufs": -9.0}, "The sound is at −9.0 LUFS; it should be between −19 and −13 LUFS."),
        ("silence", {"longest_silence_seconds": 2.1}, "The video is silent for 2.1 s; the limit is 2 s."),
        ("black", {"longest_black_seconds": 0.53}, "The picture is black for 0.53 s; the limit is 0.5 s."),
        ("freeze", {"longest_freeze_seconds": 5.5}, "The picture stands still for 5.5 s; the limit is 4 s."),
        ("iterations", {"iterations": 4}, "The attempt took 4 iterations; the limit is 3."),
        ("cost", {"cost": 1012.5}, "The attempt cost $1,012.50; the limit is $10.00."),
    ],
)
def test_each_miss_is_one_sentence_with_value_and_limit(code, miss, sentence):
    checks = judged(**miss)
    assert [c.code for c in checks if c.passed is False] == [code]
    assert violations(checks) == [sentence]
    assert not passed(checks)


@pytest.mark.parametrize(
    ("code", "change", "sentence"),
    [
        ("file_type", {"suffix": ".mov"}, "The file is QuickTime, which not all phones play; it should be MP4."),
        (
            "pixel_format",
            {"pixel_format": "yuv422p10le"},
            "The pixel format is yuv422p10le, which phones do not play; it should be yuv420p (8-bit 4:2:0).",
        ),
        ("frame_rate", {"frame_rate": None}, "The frame rate varies; it should be constant."),
        ("size", {"width": 2160, "height": 3840}, "The picture is 2160 × 3840; it should be 1080 × 1920."),
    ],
)
def test_formats_are_judged_of_the_delivered_file(code, change, sentence):
    delivered = Delivered(
        suffix=".mp4",
        video_codec="h264",
        pixel_format="yuv420p",
        frame_rate=30.0,
        width=1080,
        height=1920,
        audio_codec="aac",
        audio_sample_rate=48_000,
        faststart=True,
    )
    assert violations(judged(delivered=delivered)) == []
    checks = judged(delivered=delivered.model_copy(update=change))
    assert [c.code for c in checks if c.passed is False] == [code]
    assert violations(checks) == [sentence]


def test_a_film_without_sound_misses_that_one_promise_and_no_more():
    checks = judged(audio_codec=None, audio_sample_rate=None, loudness_lufs=None, longest_silence_seconds=None)
    assert violations(checks) == ["The video has no sound track; it needs one."]
    unknown = {c.code: c.measured for c in checks if c.passed is None}
    assert unknown == {"audio_codec": "not measured", "loudness": "not measured", "silence": "not measured"}


def test_an_unknown_first_cut_is_not_a_miss():
    checks = judged(time_to_first_cut=None)
    assert checks[0].passed is None
    assert checks[0].measured == "not measured"
    assert passed(checks)


def test_values_on_the_limit_keep_the_promise():
    on_the_limit = {
        "time_to_first_cut": 120.0,
        "loudness_lufs": -13.0,
        "longest_silence_seconds": 2.0,
        "longest_black_seconds": 0.5,
        "longest_freeze_seconds": 4.0,
        "iterations": 3,
        "cost": 10.0,
    }
    assert violations(judged(duration_seconds=60.0, **on_the_limit)) == []
    assert violations(judged(duration_seconds=30.0, loudness_lufs=-19.0)) == []


def test_no_film_fails_by_a_digit_that_is_not_shown():
    assert violations(judged(duration_seconds=60.04, loudness_lufs=-12.96, longest_silence_seconds=2.04)) == []


@pytest.mark.parametrize(
    ("scenario", "sentence"),
    [
        ("funding_announcement", "The video is 12 s long; funding announcement videos are 45 to 90 s."),
        ("problem_solution", "The video is 12 s long; problem and solution videos are 15 to 45 s."),
    ],
)
def test_the_scenario_decides_the_length(scenario, sentence):
    assert violations(judged(scenario, duration_seconds=12.0)) == [sentence]


def test_a_real_film_with_a_silent_frozen_black_end_is_told_so(tmp_path):
    film = make_film(
        tmp_path / "draft.mp4",
        seconds=15,
        rate=Fraction(12),
        tone_dbfs=-25,
        silent=((4, 7),),
        frozen=((1, 6),),
        black=((14, 15),),
        faststart=False,
    )
    assert violations(judged("problem_solution", probe(film))) == [
        "The video cannot start until all of it has loaded; save it with its index at the front (faststart).",
        "The picture is 108 × 192; it should be 1080 × 1920.",
        "The sound is at −25.1 LUFS; it should be between −19 and −13 LUFS.",
        "The video is silent for 3 s; the limit is 2 s.",
        "The picture is black for 1 s; the limit is 0.5 s.",
        "The picture stands still for 5 s; the limit is 4 s.",
    ]
