"""Comments as markers on a player's timeline."""

from collections.abc import Iterable
from fractions import Fraction

from pilot_core.domain.comments import Comment
from pilot_core.review.comments import Thread
from pilot_core.web.components.player import Marker

LONGEST = 160
"""The maximum number of a comment's characters in the marker's label."""


def comment_markers(threads: Iterable[Thread], rate: Fraction) -> list[Marker]:
    """Return the markers of comments on a video of that frame rate. The comments may be on another attempt."""
    return [_marker(t.comment, rate) for t in threads if not t.comment.deleted_at]


def _marker(comment: Comment, rate: Fraction) -> Marker:
    first, last = comment.frames_at(rate)
    return Marker(
        id=comment.comment_id,
        frame=first,
        end_frame=None if comment.end_frame is None else last,
        label=f"{comment.author}: {comment.body or 'a file'}"[:LONGEST],
        kind="resolved" if comment.addressed else "issue" if comment.addressed is False else "comment",
        shape=comment.shape,
    )
