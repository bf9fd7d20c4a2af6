"""The input and output of a pipeline, ``CutBrief`` and ``Cut``. The command pipeline exchanges them as JSON."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, computed_field, model_validator

from pilot_core.catalog import Scenario
from pilot_core.domain import limits
from pilot_core.domain.attempt import Change, FrameComment, Shot, SlaCheck, UnmetRequest
from pilot_core.domain.brief import Brief
from pilot_core.domain.feedback import Feedback
from pilot_core.domain.records import JsonObject, Record

Progress = Callable[[float, str], None]
"""Called with the fraction done (0 to 1, never decreasing) and the current step in a few plain words."""


class PreviousCut(BaseModel):
    """The video that the new draft replaces: its attempt and iteration, length in seconds, and shots.

    ``video_path`` is the file, where this server has it.
    """

    attempt_number: int
    iteration: int
    duration: float | None
    shots: list[Shot]
    video_path: Path | None = None


class KitPicture(BaseModel):
    """A picture of a brand kit: its name, its file, and the area to point at, as shares of its sides (0 to 1).

    The area is its left, top, right and bottom edge.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    path: Path
    area: tuple[float, float, float, float] | None = None


class KitFiles(BaseModel):
    """The files of a pilot's brand kit on this server, all optional. ``typeface`` is the name of a packaged family.

    The kit's colours are in the brand's palette. ``logo`` is a PNG file.
    """

    model_config = ConfigDict(frozen=True)

    logo: Path | None = None
    font: Path | None = None
    typeface: str = ""
    pictures: tuple[KitPicture, ...] = ()

    def picture(self, name: str) -> KitPicture | None:
        """Return the picture of that name, or None."""
        return next((picture for picture in self.pictures if picture.name == name), None)


class Review(BaseModel):
    """A person's review of an earlier attempt.

    ``still_raised`` are flags of attempts before it that people found not addressed in this one. ``attachment`` names
    the file that came with it.
    """

    attempt_number: int
    feedback: Feedback
    still_raised: list[str] = Field(default_factory=list)
    attachment: str | None = None

    @property
    def flags(self) -> list[str]:
        """The flags to answer: those of the feedback, then those that are still raised."""
        return list(dict.fromkeys([*self.feedback.flags, *self.still_raised]))


class CutBrief(BaseModel):
    """Everything a pipeline needs to make one draft.

    ``reviews`` are the human reviews so far, oldest first. ``comments`` are the open comments on earlier attempts, by
    attempt and frame. ``unmet`` are the flags and words of earlier reviews that people found not addressed since.
    ``missed_checks`` are the SLA checks that the previous iteration of this attempt missed (empty
    for iteration 1), and ``sla_violations`` their sentences. ``previous`` is the video the founder saw last, or None.
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
    unmet: list[UnmetRequest] = Field(default_factory=list)
    missed_checks: list[SlaCheck] = Field(default_factory=list)
    previous: PreviousCut | None = None
    kit: KitFiles = KitFiles()
    storyboard: JsonObject | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def sla_violations(self) -> list[str]:
        """A sentence for each missed check."""
        return [check.sentence for check in self.missed_checks]

    @model_validator(mode="before")
    @classmethod
    def _without_sentences(cls, value: Any) -> Any:
        """Ignore ``sla_violations`` when a brief is read from JSON, since it is computed from the checks."""
        if isinstance(value, dict):
            return {name: given for name, given in value.items() if name != "sla_violations"}
        return value


class Cut(Record):
    """One draft made by a pipeline. Paths are inside the work folder. Cost is in dollars.

    ``size`` is the width and height of the picture if it was made in another ratio than the intent's, as a review
    asked. ``storyboard_path`` is the plan that the video was made from, if the pipeline has one.
    ``notes`` are sentences about creative choices, for the director's notes. ``changes`` say what differs from the
    previous video, with measured values before and after. Length and quality are measured from the file.
    """

    video_path: Path
    captions_path: Path | None = None
    storyboard_path: Path | None = None
    size: tuple[int, int] | None = None
    shots: list[Shot] = Field(default_factory=list)
    cost_dollars: Annotated[float, Field(ge=0, le=limits.DRAFT_COST)] = 0.0
    notes: list[str] = Field(default_factory=list)
    changes: list[Change] = Field(default_factory=list)


class VideoPipeline(Protocol):
    """Makes drafts. ``can_iterate`` is False if a second call would produce the same video."""

    name: str
    can_iterate: bool

    def make_cut(self, brief: CutBrief, workdir: Path, progress: Progress) -> Cut:
        """Make one draft as ``workdir/draft_v<iteration>.mp4``, or as another kind of video. Raises PipelineFailed."""
        ...
