"""Comments as markers in FCPXML, for Final Cut Pro, after Apple's document type definition of version 1.10.

OpenTimelineIO's adapter (otio-fcpx-xml-adapter 1.0.0) is not used: it writes no frame duration at 23.976, 29.97 and
59.94, leaves out a marker's text and the picture's size, and reads frame 29 at 25 frames per second as 28.
"""

from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from pilot_core.domain.comments import CommentStatus
from pilot_core.export.marked_video import MarkedVideo, Marker

VERSION = "1.10"
COMPLETED = {CommentStatus.NOT_ADDRESSED: {"completed": "0"}, CommentStatus.ADDRESSED: {"completed": "1"}}
"""A marker is blue in Final Cut Pro, a to-do (not completed) red, a completed to-do green."""


def markers_fcpxml(video: MarkedVideo) -> bytes:
    """Return the comments as markers of a project that holds the video.

    A marker's name is the author and the text; its note holds each reply on a line of its own.
    """
    length, code = _time(video.frames, video), "DF" if video.is_drop_frame else "NDF"
    root = Element("fcpxml", version=VERSION)
    _resources(SubElement(root, "resources"), video, length)
    event = SubElement(root, "event", name=video.title)
    project = SubElement(event, "project", name=video.title)
    sequence = SubElement(project, "sequence", format="r1", duration=length, tcStart="0s", tcFormat=code)
    spine = SubElement(sequence, "spine")
    place = {"offset": "0s", "start": "0s", "duration": length, "tcFormat": code}
    clip = SubElement(spine, "asset-clip", {"ref": "r2", "name": video.name, **place})
    for marker in video.markers:
        SubElement(clip, "marker", _marker(marker, video))
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{body}\n'.encode()


def _resources(resources: Element, video: MarkedVideo, length: str) -> None:
    size = {"width": str(video.size[0]), "height": str(video.size[1])} if video.size else {}
    SubElement(resources, "format", {"id": "r1", "frameDuration": _time(1, video), **size})
    tracks = {"hasVideo": "1", "format": "r1", **({"hasAudio": "1"} if video.has_sound else {})}
    asset = SubElement(
        resources, "asset", {"id": "r2", "name": video.name, "start": "0s", "duration": length, **tracks}
    )
    SubElement(asset, "media-rep", kind="original-media", src=video.url)


def _marker(marker: Marker, video: MarkedVideo) -> dict[str, str]:
    note = "\n".join(f"{author}: {body}" for author, body in marker.replies)
    return {
        "start": _time(marker.first, video),
        "duration": _time(marker.frames, video),
        "value": f"{marker.author}: {marker.body}",
        **COMPLETED.get(marker.status, {}),
        **({"note": note} if note else {}),
    }


def _time(frames: int, video: MarkedVideo) -> str:
    """Return the time of a number of frames as the format has it: seconds as a fraction, such as "1001/30000s"."""
    return f"{frames * video.rate.denominator}/{video.rate.numerator}s" if frames else "0s"
