"""Timecodes: known values of SMPTE ST 12-1, and properties of every frame."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilot_core.errors import InvalidRequest
from pilot_core.timecode import frame_to_seconds, frame_to_timecode, nominal_rate, seconds_to_frame, timecode_to_frame

FILM, PAL, NTSC, THIRTY, SIXTY = (
    Fraction(24_000, 1001),
    Fraction(25),
    Fraction(30_000, 1001),
    Fraction(30),
    Fraction(60_000, 1001),
)
RATES = st.sampled_from([FILM, Fraction(24), PAL, NTSC, THIRTY, Fraction(50), SIXTY, Fraction(60), Fraction(25, 2)])
DAY = 24 * 3600


@pytest.mark.parametrize(
    ("frame", "rate", "expected"),
    [
        (0, FILM, "00:00:00:00"),
        (23, FILM, "00:00:00:23"),
        (24, FILM, "00:00:01:00"),
        (1440, FILM, "00:01:00:00"),
        (137, PAL, "00:00:05:12"),
        (90_000, PAL, "01:00:00:00"),
        (1799, THIRTY, "00:00:59:29"),
        (1800, THIRTY, "00:01:00:00"),
        (1799, NTSC, "00:00:59;29"),
        (1800, NTSC, "00:01:00;02"),
        (3597, NTSC, "00:01:59;29"),
        (3598, NTSC, "00:02:00;02"),
        (17_981, NTSC, "00:09:59;29"),
        (17_982, NTSC, "00:10:00;00"),
        (107_892, NTSC, "01:00:00;00"),
        (3599, SIXTY, "00:00:59;59"),
        (3600, SIXTY, "00:01:00;04"),
        (35_964, SIXTY, "00:10:00;00"),
    ],
)
def test_frames_have_their_known_timecodes(frame: int, rate: Fraction, expected: str) -> None:
    assert frame_to_timecode(frame, rate) == expected
    assert timecode_to_frame(expected, rate) == frame


@given(st.integers(0, DAY * 24), RATES)
def test_every_frame_comes_back_from_its_timecode(frame: int, rate: Fraction) -> None:
    assert timecode_to_frame(frame_to_timecode(frame, rate), rate) == frame


@given(st.integers(0, DAY * 24), RATES)
def test_every_frame_comes_back_from_its_seconds_even_as_a_float(frame: int, rate: Fraction) -> None:
    exact = frame_to_seconds(frame, rate)
    assert seconds_to_frame(exact, rate) == frame
    assert seconds_to_frame(float(exact), rate) == frame


@given(st.integers(0, DAY * 29), st.sampled_from([NTSC, SIXTY]))
def test_drop_frame_timecodes_keep_pace_with_the_clock(frame: int, rate: Fraction) -> None:
    hours, minutes, rest = frame_to_timecode(frame, rate).split(":")
    seconds, frames = rest.split(";")
    told = int(hours) * 3600 + int(minutes) * 60 + int(seconds) + Fraction(int(frames), nominal_rate(rate))
    clock = frame_to_seconds(frame, rate)
    # ST 12-1: up to two frames within a minute, and 86 ms a day.
    assert abs(told - clock) < Fraction(1, 14) + clock / 1_000_000


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("", PAL),
        ("0:05", PAL),
        ("00:00:05;12", PAL),
        ("00:00:05:12", NTSC),
        ("00:00:05:25", PAL),
        ("00:60:00:00", PAL),
        ("00:01:00;00", NTSC),
        ("00:01:00;01", NTSC),
        ("00:01:00;03", SIXTY),
        ("-00:00:01:00", PAL),
        ("٠٠:٠٠:٠١:٠٠", PAL),
    ],
)
def test_what_is_no_timecode_of_the_film_is_refused_with_a_sentence(text: str, rate: Fraction) -> None:
    with pytest.raises(InvalidRequest, match=r"\.$"):
        timecode_to_frame(text, rate)


def test_a_film_has_no_negative_frames() -> None:
    with pytest.raises(InvalidRequest):
        frame_to_timecode(-1, PAL)
