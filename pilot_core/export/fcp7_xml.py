"""Comments as markers of a sequence in FCP 7 XML, for Premiere and DaVinci Resolve, written with OpenTimelineIO."""

from typing import Any

import opentimelineio as otio

from pilot_core.export.marked_video import COLOURS, Colour, MarkedVideo, Marker

FORMAT = "fcp_xml"


def markers_xml(video: MarkedVideo) -> bytes:
    """Return the comments as markers of a sequence that holds the video.

    A marker's name is the author, its comment the text, then each reply on a line of its own.
    """
    length = otio.opentime.TimeRange(_time(0, video), _time(video.frames, video))
    timeline = otio.schema.Timeline(video.title, global_start_time=_time(0, video))
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    media = otio.schema.ExternalReference(video.url, length)
    media.name = video.name
    track.append(otio.schema.Clip(video.name, media_reference=media, source_range=length))
    timeline.tracks.append(track)
    timecode = {"timecode": {"displayformat": "DF"}} if video.is_drop_frame else {}
    picture = _picture(video)
    timeline.metadata[FORMAT] = timecode | ({"media": {"video": {"format": picture}}} if picture else {})
    media.metadata[FORMAT] = timecode | ({"media": {"video": picture}} if picture else {})
    timeline.tracks.markers.extend(_marker(marker, video) for marker in video.markers)
    return str(otio.adapters.write_to_string(timeline, FORMAT)).encode("utf-8")


def _marker(marker: Marker, video: MarkedVideo) -> otio.schema.Marker:
    found = otio.schema.Marker(
        marker.author, otio.opentime.TimeRange(_time(marker.first, video), _time(marker.frames, video))
    )
    words = "\n".join([marker.body, *(f"{author}: {body}" for author, body in marker.replies)])
    found.metadata[FORMAT] = {"comment": words, **_colour(COLOURS[marker.status])}
    return found


def _colour(colour: Colour) -> dict[str, Any]:
    """Return the colour as the format has it, and as Premiere does, which reads no other."""
    parts = {"alpha": 0, "red": colour.red, "green": colour.green, "blue": colour.blue}
    premiere = 0xFF << 24 | colour.blue << 16 | colour.green << 8 | colour.red
    return {"color": {name: str(part) for name, part in parts.items()}, "pproColor": str(premiere)}


def _picture(video: MarkedVideo) -> dict[str, Any]:
    if video.size is None:
        return {}
    width, height = video.size
    square = {"anamorphic": "FALSE", "pixelaspectratio": "square", "fielddominance": "none"}
    return {"samplecharacteristics": {"width": str(width), "height": str(height), **square}}


def _time(frames: int, video: MarkedVideo) -> otio.opentime.RationalTime:
    return otio.opentime.RationalTime(frames, float(video.rate))
