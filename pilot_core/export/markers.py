"""Comments taken out: as CSV, and as markers for an editor's timeline, written through OpenTimelineIO.

FCP 7 XML (Premiere, DaVinci Resolve) keeps every text as it is. An EDL is made of lines, so a line break in a comment
becomes " / "; it is UTF-8, which keeps every language for readers that take UTF-8, as OpenTimelineIO does. The CMX 3600
adapter would put a marker's name in capitals and drop its comment, and cannot read back the drop-frame locators that
it writes. So the words go through it as lines of their own, and frames are counted as non-drop timecode, as the header
says. The adapter for Final Cut Pro X is not used: it cannot write 23.976, 29.97 or 59.94 and misreads frames at 25.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import groupby
from pathlib import PurePosixPath

import opentimelineio as otio

from pilot_core.clock import iso
from pilot_core.errors import InvalidRequest
from pilot_core.export.formulas import neutral
from pilot_core.models import PilotRun, PilotRunAttempt
from pilot_core.review.comments import Thread
from pilot_core.review.shown import frame_count, rate_of
from pilot_core.review.words import clean_text
from pilot_core.store.comments import Comment
from pilot_core.timecode import frame_to_timecode

COLUMNS = (
    "comment_id",
    "pilot_id",
    "attempt_id",
    "author",
    "frame",
    "timecode",
    "seconds",
    "body",
    "created_at",
    "resolved_at",
)
BOM = "\ufeff"
OPEN, RESOLVED = "RED", "GREEN"


def comments_csv(comments: Iterable[Comment]) -> bytes:
    """The comments as a CSV file, replies included: UTF-8 with BOM, CRLF, times in UTC, text that is safe to open.

    ``formulas.original`` gives back a text as it was typed.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(comment_row(comment) for comment in comments)
    return (BOM + out.getvalue()).encode("utf-8")


def comment_row(comment: Comment) -> list[str | int]:
    """One comment as the cells of ``COLUMNS``; seconds with three decimals."""
    return [
        comment.comment_id,
        comment.pilot_id,
        comment.attempt_id,
        neutral(comment.author),
        comment.frame,
        comment.timecode,
        f"{float(comment.seconds):.3f}",
        neutral(comment.body),
        iso(comment.created_at),
        iso(comment.resolved_at) if comment.resolved_at else "",
    ]


def markers_xml(pilot: PilotRun, attempt: PilotRunAttempt, threads: Sequence[Thread]) -> bytes:
    """The comments on an attempt as markers of a sequence that holds its film, in FCP 7 XML.

    A marker's name is the author; its comment the words, then each reply on a line of its own. Raises InvalidRequest
    for a film whose frame rate editors do not have.
    """
    rate = _editors_rate(attempt)
    length = otio.opentime.TimeRange(_time(0, rate), _time(_length(attempt, threads), rate))
    name = PurePosixPath(attempt.video_path or "film.mp4").name
    timeline = otio.schema.Timeline(_title(pilot, attempt), global_start_time=_time(0, rate))
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    media = otio.schema.ExternalReference(name, length)
    track.append(otio.schema.Clip(name, media_reference=media, source_range=length))
    timeline.tracks.append(track)
    for thread in threads:
        first, last = _frames(thread.comment)
        marker = otio.schema.Marker(
            clean_text(thread.comment.author),
            otio.opentime.TimeRange(_time(first, rate), _time(last - first + 1, rate)),
            color=_colour(thread.comment),
        )
        marker.metadata["fcp_xml"] = {"comment": _words(thread)}
        timeline.tracks.markers.append(marker)
    return str(otio.adapters.write_to_string(timeline, "fcp_xml")).encode("utf-8")


def markers_edl(pilot: PilotRun, attempt: PilotRunAttempt, threads: Sequence[Thread]) -> bytes:
    """The comments on an attempt as an EDL: one event of one frame where something is said, from 00:00:00:00.

    Each comment and each reply is a locator line, "author: words". The line below them is the one DaVinci Resolve
    reads as a timeline marker. Raises InvalidRequest for a film whose frame rate editors do not have.
    """
    # At the whole rate the adapter writes non-drop timecode, a plain count of frames.
    rate = Fraction(round(_editors_rate(attempt)))
    timeline = otio.schema.Timeline(_title(pilot, attempt), global_start_time=_time(0, rate))
    track = otio.schema.Track("V", kind=otio.schema.TrackKind.Video)
    timeline.tracks.append(track)
    end = 0
    ordered = sorted(threads, key=lambda thread: thread.comment.frame)
    for frame, said in groupby(ordered, key=lambda thread: thread.comment.frame):
        if frame > end:
            track.append(
                otio.schema.Gap(source_range=otio.opentime.TimeRange(_time(0, rate), _time(frame - end, rate)))
            )
        one_frame = otio.opentime.TimeRange(_time(frame, rate), _time(1, rate))
        event = otio.schema.Clip(source_range=one_frame)
        event.metadata["cmx_3600"] = {"reel": "AX", "comments": _event_lines(list(said), rate)}
        track.append(event)
        end = frame + 1
    written = str(otio.adapters.write_to_string(timeline, "cmx_3600")) if len(track) else f"TITLE: {timeline.name}\n\n"
    header = written.replace("\n\n", "\nFCM: NON-DROP FRAME\n\n", 1)
    # Resolve looks for its marker at the start of a line; the adapter puts a star before every comment.
    return header.replace("\n* |C:", "\n |C:").encode("utf-8")


def _event_lines(threads: Sequence[Thread], rate: Fraction) -> list[str]:
    lines = []
    for thread in threads:
        first, last = _frames(thread.comment)
        until = f" [to {frame_to_timecode(last, rate)}]" if last > first else ""
        for comment in (thread.comment, *thread.replies):
            spoken = _one_line(f"{comment.author}: {comment.body}")
            lines.append(f"LOC: {frame_to_timecode(first, rate)} {_colour(thread.comment):7} {spoken}{until}")
            until = ""
    words = " / ".join(_one_line(f"{t.comment.author}: {_words(t)}") for t in threads).replace("|", "/")
    colour = "Green" if all(thread.comment.addressed for thread in threads) else "Red"
    frames = max(last - first + 1 for first, last in (_frames(thread.comment) for thread in threads))
    return [*lines, f"|C:ResolveColor{colour} |M:{words} |D:{frames}"]


def _editors_rate(attempt: PilotRunAttempt) -> float:
    """The film's rate as editing programs know it; a measured 29.97 is their 30000/1001."""
    measured = float(rate_of(attempt))
    rate = float(otio.opentime.RationalTime.nearest_smpte_timecode_rate(measured))
    if abs(rate - measured) > measured / 10_000:
        raise InvalidRequest(
            f"Editing programs know no film of {measured:.6g} frames a second, so the markers would land on wrong "
            "frames; take the CSV instead.",
            field="rate",
        )
    return rate


def _length(attempt: PilotRunAttempt, threads: Sequence[Thread]) -> int:
    """The film's frames, or as many as the comments need where its length is unknown."""
    return max([frame_count(attempt) or 1, *(_frames(thread.comment)[1] + 1 for thread in threads)])


def _time(frames: int, rate: float | Fraction) -> otio.opentime.RationalTime:
    return otio.opentime.RationalTime(frames, float(rate))


def _frames(comment: Comment) -> tuple[int, int]:
    return comment.frame, comment.frame if comment.end_frame is None else comment.end_frame


def _colour(comment: Comment) -> str:
    return RESOLVED if comment.addressed else OPEN


def _words(thread: Thread) -> str:
    """The words of a thread; the name of who replied is on the reply's first line."""
    return "\n".join([thread.comment.body, *(f"{reply.author}: {reply.body}" for reply in thread.replies)])


def _one_line(text: str) -> str:
    return " / ".join(line.strip() for line in clean_text(text).splitlines() if line.strip())


def _title(pilot: PilotRun, attempt: PilotRunAttempt) -> str:
    return _one_line(f"{pilot.company_name}, attempt {attempt.attempt_number}")
