"""Comments as an EDL (CMX 3600), from which DaVinci Resolve reads timeline markers.

Each comment is an event of one frame. Its locator lines name the exact frame. Resolve keeps one marker per frame and an
EDL's events must not overlap, so the event of a second comment on the same frame is on the next free frame. The file is
UTF-8. A line break in a comment becomes " / ", since an EDL consists of lines.
"""

from collections.abc import Iterator

from pilot_core.export.marked_video import COLOURS, MarkedVideo, Marker, one_line
from pilot_core.timecode import frame_to_timecode


def markers_edl(video: MarkedVideo) -> bytes:
    """Return the comments as an EDL. Its timecodes are drop-frame where those of the review room are."""
    lines = [f"TITLE: {video.title}", f"FCM: {'DROP FRAME' if video.is_drop_frame else 'NON-DROP FRAME'}", ""]
    free = 0
    for number, marker in enumerate(video.markers, start=1):
        frame = max(marker.first, free)
        free = frame + 1
        lines += _event(video, marker, number, frame)
    return ("\n".join(lines) + "\n").encode()


def _event(video: MarkedVideo, marker: Marker, number: int, frame: int) -> Iterator[str]:
    """Yield the lines of an event on ``frame``: a locator for the comment and each reply, and the line for Resolve."""
    colour = COLOURS[marker.status].name
    begin, end, first, last = (
        frame_to_timecode(video.edl_start + place, video.measured_rate)
        for place in (frame, frame + 1, marker.first, marker.last)
    )
    yield f"{number:03d}  AX       V     C        {begin} {end} {begin} {end}"
    yield f"* FROM CLIP NAME:  {one_line(video.name)}"
    texts = [one_line(f"{author}: {body}") for author, body in ((marker.author, marker.body), *marker.replies)]
    reach = f" [to {last}]" if marker.frames > 1 else ""
    for text, until in zip(texts, (reach, *([""] * len(marker.replies))), strict=True):
        yield f"* LOC: {first} {colour.upper():7} {text}{until}"
    name = " / ".join(texts).replace("|", "/")
    yield f" |C:ResolveColor{colour} |M:{name} |D:{max(1, marker.last - frame + 1)}"
