"""What a pipeline is handed and what it hands back. The JSON of these two is also what the command pipeline speaks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

from pilot_core.catalog import Scenario
from pilot_core.models import Brief, Feedback, FrameComment, Shot

Progress = Callable[[float, str], None]
"""Called with a fraction (0 to 1, never falling) and a step in a few plain words."""


class PreviousCut(BaseModel):
    """The cut this one replaces: attempt and draft it came from, length in seconds, its shots."""

    attempt_number: int
    iteration: int
    duration: float | None
    shots: list[Shot]


class Review(BaseModel):
    """What a person said of an earlier attempt."""

    attempt_number: int
    feedback: Feedback


class CutBrief(BaseModel):
    """Everything a pipeline needs to make one draft.

    ``reviews`` are the human reviews so far, oldest first; ``comments`` those on earlier attempts that nobody has found
    addressed, by attempt and frame. ``sla_violations`` are the sentences for what the previous
    iteration of this attempt missed; empty for iteration 1. ``previous`` is the cut the founder saw last, or None.
    """

    model_config = ConfigDict(extra="forbid")

    pilot_id: str
    founder_name: str
    company_name: str
    scenario: Scenario
    brand: dict[str, Any]
    playbook_version: str | None
    brief: Brief
    attempt_number: int = Field(ge=1)
    iteration: int = Field(ge=1)
    width: int
    height: int
    reviews: list[Review] = Field(default_factory=list)
    comments: list[FrameComment] = Field(default_factory=list)
    sla_violations: list[str] = Field(default_factory=list)
    previous: PreviousCut | None = None


class Cut(BaseModel):
    """One draft as a pipeline made it. Paths are inside the work folder; cost in dollars.

    ``notes`` are sentences on creative choices for the director's notes; ``changes`` are sentences on what differs from
    the previous cut, with before and after measured; ``duration`` and quality are not taken from here but probed.
    """

    model_config = ConfigDict(extra="forbid")

    video_path: Path
    captions_path: Path | None = None
    shots: list[Shot] = Field(default_factory=list)
    cost_dollars: float = Field(0.0, ge=0)
    notes: list[str] = Field(default_factory=list)
    changes: list[str] = Field(default_factory=list)


class VideoPipeline(Protocol):
    """Makes cuts. ``can_iterate`` is False where asking again would bring the same film."""

    name: str
    can_iterate: bool

    def make_cut(self, brief: CutBrief, workdir: Path, progress: Progress) -> Cut:
        """Make one draft as ``workdir/draft_v<iteration>.mp4``. Raises PipelineFailed with one sentence."""
        ...
