"""Files that reviewers attach to a comment, a reply or a decision: a picture, a PDF or a voice note."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import PurePosixPath


class AttachmentKind(StrEnum):
    """What an attachment is. Pictures and voice notes are stored re-encoded, PDFs as they were sent."""

    PICTURE = "picture"
    PDF = "pdf"
    VOICE = "voice"

    @property
    def label(self) -> str:
        """The kind as people read it: "Picture", "PDF" or "Voice note"."""
        return LABELS[self]


LABELS = {AttachmentKind.PICTURE: "Picture", AttachmentKind.PDF: "PDF", AttachmentKind.VOICE: "Voice note"}
MEDIA_TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".pdf": "application/pdf", ".m4a": "audio/mp4"}
"""The media type of a stored file, by its suffix. No other suffix is ever stored."""

SMALL = ".small.jpg"


@dataclass(frozen=True)
class Attachment:
    """One attached file. ``path`` is within the store, ``size`` in bytes, ``width`` and ``height`` in pixels.

    It belongs to the comment ``comment_id`` or to the decision ``feedback_id``. With neither, its decision was undone,
    and its author can send it with the next one. ``seconds`` is the length of a voice note.
    """

    attachment_id: str
    pilot_id: str
    comment_id: str | None
    feedback_id: str | None
    link_id: str | None
    author: str
    kind: AttachmentKind
    name: str
    path: str
    size: int
    sha256: str
    width: int | None
    height: int | None
    seconds: float | None
    created_at: datetime

    @property
    def media_type(self) -> str:
        """The media type of the stored file."""
        return MEDIA_TYPES[PurePosixPath(self.path).suffix]

    @property
    def small_path(self) -> str | None:
        """The path of a picture's thumbnail, a JPEG; None for other kinds."""
        if self.kind is not AttachmentKind.PICTURE:
            return None
        return str(PurePosixPath(self.path).with_suffix(SMALL))

    @property
    def paths(self) -> list[str]:
        """The paths of all its files."""
        return [path for path in (self.path, self.small_path) if path]

    @property
    def is_held(self) -> bool:
        """Whether it waits for its author's next decision."""
        return self.comment_id is None and self.feedback_id is None

    @property
    def title(self) -> str:
        """What it is, on one line of a document: "picture logo.png"."""
        return f"{self.kind.label if self.kind is AttachmentKind.PDF else self.kind.label.lower()} {self.name}"
