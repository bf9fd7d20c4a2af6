"""Frames and SMPTE timecodes (SMPTE ST 12-1:2014). A moment of a video is an integer frame and an exact rate.

At 29.97 and 59.94 frames a second the timecode is drop-frame, as in broadcast: to keep pace with the clock, the
first 2 (or 4) frame numbers of each minute are left out, except in every tenth minute. A semicolon marks it.
"""

import re
from fractions import Fraction
from math import floor

from pilot_core.errors import InvalidRequest

ASSUMED_RATE = Fraction(30)
"""The frames per second assumed for a video whose rate was not measured."""
DROPPED_PER_MINUTE = {Fraction(30_000, 1001): 2, Fraction(60_000, 1001): 4}
TIMECODE = re.compile(r"([0-9]{2,3}):([0-5][0-9]):([0-5][0-9])([:;])([0-9]{2,3})")


def parse_rate(text: str | None) -> Fraction:
    """Parse frames per second such as "30000/1001" or "25". Returns ``ASSUMED_RATE`` if missing or unusable."""
    try:
        rate = Fraction(text or "")
    except (ValueError, ZeroDivisionError):
        return ASSUMED_RATE
    return rate if 1 <= rate <= 240 else ASSUMED_RATE


def nominal_rate(rate: Fraction) -> int:
    """Return how many frames a timecode counts per second: 24 at 23.976, 30 at 29.97."""
    return max(1, floor(rate + Fraction(1, 2)))


def frame_to_seconds(frame: int, rate: Fraction) -> Fraction:
    """Return the exact time at which the frame begins, in seconds from the start."""
    return frame / rate


def seconds_to_frame(seconds: float | Fraction, rate: Fraction) -> int:
    """Return the frame on screen at that time. A float that is below a frame's start only by rounding counts as it."""
    return max(0, int((Fraction(seconds) + Fraction(1, 1_000_000)) * rate))


def frame_to_timecode(frame: int, rate: Fraction) -> str:
    """Return the timecode of a frame counted from 0: "00:01:00;02" at 29.97, "00:00:05:12" at whole rates and 23.976.

    Raises InvalidRequest for a negative frame.
    """
    if frame < 0:
        raise InvalidRequest("A film has no frame before its first; count from 0.", field="frame")
    dropped = DROPPED_PER_MINUTE.get(rate, 0)
    nominal = nominal_rate(rate)
    if dropped:
        per_minute = 60 * nominal - dropped
        per_ten_minutes = 10 * per_minute + dropped
        tens, rest = divmod(frame, per_ten_minutes)
        frame += dropped * (9 * tens + max(0, (rest - dropped) // per_minute))
    seconds, frames = divmod(frame, nominal)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{';' if dropped else ':'}{frames:02d}"


def timecode_to_frame(text: str, rate: Fraction) -> int:
    """Return the frame that a timecode names. Raises InvalidRequest when it is not a timecode at that rate."""
    dropped = DROPPED_PER_MINUTE.get(rate, 0)
    nominal = nominal_rate(rate)
    example = frame_to_timecode(5 * nominal + nominal // 2, rate)
    match = TIMECODE.fullmatch(text.strip())
    if not match or (match[4] == ";") != bool(dropped):
        raise InvalidRequest(
            f"“{text[:20]}” is not a timecode of this film; write it like {example}.", field="timecode"
        )
    hours, minutes, seconds, frames = (int(match[place]) for place in (1, 2, 3, 5))
    left_out = dropped and frames < dropped and seconds == 0 and minutes % 10 != 0
    if frames >= nominal or left_out:
        raise InvalidRequest(f"{text[:20]} does not exist at this film's frame rate.", field="timecode")
    whole_minutes = 60 * hours + minutes
    number = (60 * whole_minutes + seconds) * nominal + frames
    return number - dropped * (whole_minutes - whole_minutes // 10)
