"""Times in a video, as reviewers type and read them."""

import re
from collections.abc import Iterable
from fractions import Fraction

from pilot_core.domain.comments import Comment
from pilot_core.errors import InvalidRequest
from pilot_core.timecode import frame_to_seconds, nominal_rate, seconds_to_frame, timecode_to_frame

MINUTES = re.compile(r"(\d{1,3}):([0-5]?\d)(?:[.,](\d{1,3}))?")
SECONDS = re.compile(r"(\d{1,5})(?:[.,](\d{1,3}))?")


def typed_frame(text: str, rate: Fraction) -> int:
    """The frame of a typed time: "0:12", "1:02.5", "12" (seconds) or a timecode. Raises InvalidRequest."""
    text = text.strip()
    if text.count(":") == 3 or ";" in text:
        return timecode_to_frame(text, rate)
    if match := MINUTES.fullmatch(text):
        return seconds_to_frame(60 * int(match[1]) + int(match[2]) + _part(match[3]), rate)
    if match := SECONDS.fullmatch(text):
        return seconds_to_frame(int(match[1]) + _part(match[2]), rate)
    raise InvalidRequest("Enter the time as minutes and seconds, such as 0:12.", field="at")


def _part(digits: str | None) -> Fraction:
    return Fraction(int(digits), 10 ** len(digits)) if digits else Fraction(0)


def clock(seconds: float | Fraction) -> str:
    """Minutes and seconds: ``75.4`` → "1:15"."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def span(comment: Comment) -> str:
    """When in the video a comment is: "0:12", or "0:12–0:15" for a range."""
    first = clock(frame_to_seconds(comment.frame, comment.rate))
    if comment.end_frame is None:
        return first
    last = clock(frame_to_seconds(comment.end_frame, comment.rate))
    return first if first == last else f"{first}–{last}"


def labels(comments: Iterable[Comment]) -> dict[str, str]:
    """When each comment is, by its id. Those in one second show their frames too: "0:12:07"."""
    found = list(comments)
    spans = {comment.comment_id: span(comment) for comment in found}
    places: dict[str, set[int]] = {}
    for comment in found:
        places.setdefault(spans[comment.comment_id], set()).add(comment.frame)
    return {c.comment_id: _exact(c) if len(places[spans[c.comment_id]]) > 1 else spans[c.comment_id] for c in found}


def _exact(comment: Comment) -> str:
    def at(frame: int) -> str:
        seconds = int(frame_to_seconds(frame, comment.rate))
        rest = frame - -(-seconds * comment.rate.numerator // comment.rate.denominator)
        return f"{clock(seconds)}:{rest:0{len(str(nominal_rate(comment.rate) - 1))}d}"

    return at(comment.frame) if comment.end_frame is None else f"{at(comment.frame)}–{at(comment.end_frame)}"


def unseen(watched: Iterable[tuple[int, int]], length: int | None) -> list[tuple[int, int]]:
    """The whole seconds of a video that were never played, as (first, last); ``watched`` is merged and in order."""
    if not length:
        return []
    gaps, next_second = [], 0
    for first, last in watched:
        if first > next_second:
            gaps.append((next_second, first - 1))
        next_second = max(next_second, last + 1)
    if next_second < length:
        gaps.append((next_second, length - 1))
    return gaps
