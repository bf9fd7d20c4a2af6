"""Comments as places on a player's timeline."""

from collections.abc import Iterable
from fractions import Fraction

from pilot_core.review.comments import Thread
from pilot_core.store.comments import Comment
from pilot_core.timecode import seconds_to_frame
from pilot_core.web.player import Marker, Shape

LONGEST = 160
"""Characters of a comment in the bubble over the timeline."""


def comment_markers(threads: Iterable[Thread], rate: Fraction) -> list[Marker]:
    """The comments' places in a film of that rate: their own, or another attempt's at the same moment."""
    return [_marker(t.comment, rate) for t in threads if not t.comment.deleted_at]


def _marker(comment: Comment, rate: Fraction) -> Marker:
    def frame(number: int) -> int:
        return number if comment.rate == rate else seconds_to_frame(number / comment.rate, rate)

    return Marker(
        id=comment.comment_id,
        frame=frame(comment.frame),
        end_frame=None if comment.end_frame is None else frame(comment.end_frame),
        label=f"{comment.author}: {comment.body}"[:LONGEST],
        kind="resolved" if comment.addressed else "issue" if comment.addressed is False else "comment",
        shape=Shape(shape.x, shape.y, shape.width, shape.height) if (shape := comment.shape) else None,
    )
