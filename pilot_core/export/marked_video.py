"""An attempt's video with its comments as markers: what every marker format is written from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePosixPath
from urllib.parse import quote

from pilot_core.domain.attempt import PilotRunAttempt
from pilot_core.domain.comments import CommentStatus
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import InvalidRequest
from pilot_core.review.comments import Thread
from pilot_core.review.words import clean_text
from pilot_core.timecode import DROPPED_PER_MINUTE, timecode_to_frame

EDITING_RATES = tuple(Fraction(number) for number in (24, 25, 30, 48, 50, 60)) + tuple(
    Fraction(number * 1000, 1001) for number in (24, 30, 48, 60)
)
"""The frame rates that editing programs have."""


@dataclass(frozen=True)
class Colour:
    """A colour of Premiere's markers: its name in an EDL and its red, green and blue, 0 to 255."""

    name: str
    red: int
    green: int
    blue: int


COLOURS = {
    CommentStatus.OPEN: Colour("Blue", 66, 141, 252),
    CommentStatus.NOT_ADDRESSED: Colour("Red", 210, 52, 54),
    CommentStatus.ADDRESSED: Colour("Green", 113, 134, 55),
}


@dataclass(frozen=True)
class Marker:
    """A comment on the frames ``first`` to ``last`` (inclusive), counted from 0, with its replies (author, text)."""

    first: int
    last: int
    author: str
    body: str
    replies: tuple[tuple[str, str], ...]
    status: CommentStatus

    @property
    def frames(self) -> int:
        """How many frames it is about."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class MarkedVideo:
    """An attempt's video and its comments, by frame and time.

    ``rate`` is the rate of editing programs, ``measured_rate`` the one whose timecodes the review room shows. ``size``
    is the picture's width and height in pixels. ``size`` and ``has_sound`` are None if they were not measured. An EDL's
    timecodes begin with that of frame ``edl_start``.
    """

    title: str
    name: str
    rate: Fraction
    measured_rate: Fraction
    frames: int
    size: tuple[int, int] | None
    has_sound: bool | None
    markers: tuple[Marker, ...]
    edl_start: int

    @property
    def url(self) -> str:
        """The video's address relative to the exported file."""
        return quote(self.name)

    @property
    def is_drop_frame(self) -> bool:
        """Whether its timecodes are drop-frame."""
        return self.measured_rate in DROPPED_PER_MINUTE


def marked_video(
    pilot: PilotRun, attempt: PilotRunAttempt, threads: Sequence[Thread], *, edl_from_first_hour: bool = True
) -> MarkedVideo:
    """Return the attempt's video with these comments. An EDL of it begins at 01:00:00:00, or else at zero.

    Raises InvalidRequest for a video whose frame rate editing programs do not support.
    """
    rate = attempt.rate
    mark = ";" if rate in DROPPED_PER_MINUTE else ":"
    markers = tuple(_marker(thread, rate) for thread in sorted(threads, key=lambda thread: thread.comment.frame))
    return MarkedVideo(
        title=one_line(f"{pilot.company_name}, attempt {attempt.attempt_number}"),
        name=PurePosixPath(attempt.video_path or f"{attempt.attempt_id}.mp4").name,
        rate=_editing_rate(rate),
        measured_rate=rate,
        # Where the length is not known, it is the length that the comments need.
        frames=max([attempt.frames or 1, *(marker.last + 1 for marker in markers)]),
        size=_size(attempt),
        has_sound=_check(attempt, "audio_present")[1],
        markers=markers,
        edl_start=timecode_to_frame(f"01:00:00{mark}00", rate) if edl_from_first_hour else 0,
    )


def one_line(text: str) -> str:
    """Return the text on one line, with " / " for its line breaks."""
    return " / ".join(line.strip() for line in clean_text(text).splitlines() if line.strip())


def _marker(thread: Thread, rate: Fraction) -> Marker:
    first, last = thread.comment.frames_at(rate)
    return Marker(
        first=first,
        last=max(first, last),
        author=clean_text(thread.comment.author),
        body=thread.comment.body,
        replies=tuple((reply.author, reply.body) for reply in thread.replies),
        status=thread.comment.status,
    )


def _editing_rate(measured: Fraction) -> Fraction:
    """Return the video's frame rate as editing programs have it: for a measured 29.97, 30000/1001."""
    rate = min(EDITING_RATES, key=lambda one: abs(one - measured))
    if abs(rate - measured) > measured / 10_000:
        raise InvalidRequest(
            f"Editing programs have no frame rate of {float(measured):.6g} frames per second, so the markers would be "
            "on wrong frames. Use the CSV instead.",
            field="rate",
        )
    return rate


def _size(attempt: PilotRunAttempt) -> tuple[int, int] | None:
    found = re.fullmatch(r"([0-9]+) × ([0-9]+)", _check(attempt, "size")[0])
    return (int(found[1]), int(found[2])) if found else None


def _check(attempt: PilotRunAttempt, code: str) -> tuple[str, bool | None]:
    """Return what a check of the shown draft measured and whether it passed; ("", None) if it was not made."""
    checks = attempt.final_draft.checks if attempt.final_draft else []
    return next(((check.measured, check.passed) for check in checks if check.code == code), ("", None))
