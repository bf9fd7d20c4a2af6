"""Comments on frames of a video."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction

from pilot_core.timecode import frame_to_seconds, frame_to_timecode, seconds_to_frame


class CommentStatus(StrEnum):
    """Whether a later attempt addressed a comment. OPEN until somebody has judged that."""

    OPEN = "open"
    NOT_ADDRESSED = "not addressed"
    ADDRESSED = "addressed"


@dataclass(frozen=True)
class Shape:
    """A point (width and height 0) or a rectangle on the picture, as shares of its width and height (0 to 1)."""

    x: float
    y: float
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True)
class Anchor:
    """What a comment refers to: a frame, or the frames up to ``end_frame`` (inclusive), and a part of the picture."""

    frame: int
    end_frame: int | None = None
    shape: Shape | None = None


@dataclass(frozen=True)
class Comment:
    """A comment on a frame, or on the frames up to ``end_frame`` (inclusive). Frames count from 0; times are in UTC.

    ``link_id`` is None for comments by the team. ``addressed`` says whether a later attempt, ``judged_in``, resolved
    it, and is None until someone has judged that; ``judged_by_reviewer`` says whether that was a reviewer. A deleted
    comment has no text and no shape.
    """

    comment_id: str
    pilot_id: str
    attempt_id: str
    attempt_number: int
    parent_id: str | None
    frame: int
    end_frame: int | None
    rate: Fraction
    shape: Shape | None
    body: str
    author: str
    link_id: str | None
    created_at: datetime
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    addressed: bool | None = None
    judged_in: int | None = None
    judged_by: str | None = None
    judged_at: datetime | None = None
    judged_by_reviewer: bool = False

    @property
    def from_team(self) -> bool:
        return self.link_id is None

    @property
    def timecode(self) -> str:
        """The start as SMPTE timecode; drop-frame at 29.97 and 59.94 frames per second."""
        return frame_to_timecode(self.frame, self.rate)

    @property
    def seconds(self) -> Fraction:
        """The exact start in seconds from the start of the video."""
        return frame_to_seconds(self.frame, self.rate)

    @property
    def status(self) -> CommentStatus:
        if self.addressed is None:
            return CommentStatus.OPEN
        return CommentStatus.ADDRESSED if self.addressed else CommentStatus.NOT_ADDRESSED

    def frames_at(self, rate: Fraction) -> tuple[int, int]:
        """Return the first and last frame it is about, on a video of that frame rate."""
        last = self.frame if self.end_frame is None else self.end_frame
        if rate == self.rate:
            return self.frame, last
        return seconds_to_frame(self.frame / self.rate, rate), seconds_to_frame(last / self.rate, rate)

    @property
    def resolved_in_attempt(self) -> int | None:
        """The later attempt that addressed it; None while it is open."""
        return self.judged_in if self.addressed else None

    @property
    def resolved_at(self) -> datetime | None:
        """When it was judged as addressed; None while it is open."""
        return self.judged_at if self.addressed else None


@dataclass(frozen=True)
class CommentCounts:
    """The numbers of open and resolved comments, not counting replies."""

    open: int = 0
    resolved: int = 0


@dataclass(frozen=True)
class Reviewable:
    """The facts that decide whether an attempt can be commented on now. ``newest`` is the newest ready attempt.

    ``is_disputed`` says that it was approved although the last decision of somebody else asks for changes.
    """

    status: str
    approval_outcome: str
    newest: int | None
    is_disputed: bool


def with_file(words: str, title: str | None) -> str:
    """Return a text followed by the title of the file attached to it, in brackets, if there is one."""
    return f"{words} [{title}]".strip() if title else words
