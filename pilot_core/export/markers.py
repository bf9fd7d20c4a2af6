"""The formats in which an attempt's comments can be taken to an editing program."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from pilot_core.domain.attachments import Attachment
from pilot_core.domain.comments import Comment, with_file
from pilot_core.domain.pilot import PilotRun
from pilot_core.export.edl import markers_edl
from pilot_core.export.fcp7_xml import markers_xml
from pilot_core.export.fcpxml import markers_fcpxml
from pilot_core.export.marked_video import MarkedVideo, marked_video
from pilot_core.review.attachments import by_owner
from pilot_core.review.comments import Thread, threads_of
from pilot_core.store.pilots import PilotStore


@dataclass(frozen=True)
class MarkerFormat:
    """A format: what the page calls it, the type of its files, and the function that writes them."""

    label: str
    media_type: str
    write: Callable[[MarkedVideo], bytes]


MARKER_FORMATS = {
    "edl": MarkerFormat("EDL", "text/plain; charset=utf-8", markers_edl),
    "xml": MarkerFormat("FCP 7 XML", "application/xml", markers_xml),
    "fcpxml": MarkerFormat("FCPXML", "application/xml", markers_fcpxml),
}
"""Every format by the suffix of its files."""


def markers_of(
    store: PilotStore, pilot: PilotRun, attempt_number: int, suffix: str, *, edl_from_first_hour: bool = True
) -> bytes:
    """Return the comments on an attempt as markers, in one of ``MARKER_FORMATS``.

    A file attached to a comment or reply is named in brackets behind its text. ``edl_from_first_hour`` is as for
    :func:`marked_video`. Raises PilotNotFound for an unknown attempt, and InvalidRequest for a video whose frame rate
    editing programs do not support.
    """
    attempt = pilot.attempt(attempt_number)
    threads = _naming_files(threads_of(store, pilot.pilot_id, attempt_number), by_owner(store, pilot.pilot_id))
    video = marked_video(pilot, attempt, threads, edl_from_first_hour=edl_from_first_hour)
    return MARKER_FORMATS[suffix].write(video)


def _naming_files(threads: Iterable[Thread], attached: Mapping[str, Attachment]) -> list[Thread]:
    def named(comment: Comment) -> Comment:
        file = attached.get(comment.comment_id)
        return replace(comment, body=with_file(comment.body, file.title)) if file else comment

    return [Thread(named(thread.comment), tuple(map(named, thread.replies))) for thread in threads]
