"""An attempt: one video put before the founder, the drafts it was chosen from, and their SLA checks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import Annotated, Any

from pydantic import BaseModel, Field, model_validator

from pilot_core.clock import utc_now
from pilot_core.domain import limits
from pilot_core.domain.feedback import Feedback, FeedbackMode
from pilot_core.domain.records import Amount, Count, JsonObject, Record, UtcTime
from pilot_core.domain.reviews import Viewing
from pilot_core.timecode import ASSUMED_RATE, parse_rate

PLACEHOLDER = re.compile(r"\[[^\[\]]+\]")


class AttemptState(StrEnum):
    """The state of an attempt's render. A FAILED attempt does not count towards the limit and can be retried."""

    QUEUED = "queued"
    RENDERING = "rendering"
    READY = "ready"
    FAILED = "failed"

    @property
    def is_under_way(self) -> bool:
        """Whether the attempt is queued or rendering."""
        return self in UNDER_WAY


UNDER_WAY = (AttemptState.QUEUED, AttemptState.RENDERING)
"""The states of an attempt whose video is not finished yet."""


class Shot(Record):
    """One shot of a draft. Times are in seconds from the start of the video.

    ``content`` identifies what the shot shows: two shots of a pilot with the same content look the same, whenever they
    are shown and however long. It is "" if the pipeline does not say. ``poster``: the poster is taken from it.
    """

    beat: str
    start: Amount
    end: Annotated[Amount, Field(gt=0)]
    text: str = ""
    content: str = Field("", max_length=200)
    poster: bool = False


class SlaCheck(Record):
    """One check against a limit of the SLA. ``passed`` is None if it could not be measured, which is not a failure."""

    code: str
    label: str
    measured: str
    limit: str
    passed: bool | None
    sentence: str = ""


class Change(Record):
    """One sentence on what differs from the previous version, and the flags it is about.

    ``answered`` is False if the pipeline leaves those flags to a person. ``possible`` is False if it cannot be done;
    the text then says why. ``shots`` are the places of the draft's shots that it is about, counted from 0; None if the
    pipeline does not say. A plain string is accepted as a change without flags: programs of the command pipeline may
    send one, and older records contain only strings.
    """

    text: str
    flags: list[str] = Field(default_factory=list)
    answered: bool = True
    possible: bool = True
    shots: list[int] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_sentence(cls, value: Any) -> Any:
        return {"text": value} if isinstance(value, str) else value


class Draft(Record):
    """The video of one iteration. Paths are relative to the store; ``duration`` in seconds, ``cost`` in dollars.

    ``video_path`` is what is watched. Once the draft is ``conformed``, frame n of it begins ``source_start`` + n ÷ rate
    seconds into the delivered file, which is at ``original_path``, or is the video itself if that is None.
    ``light_path`` has the same frames at a low bit rate. ``conform_note`` says in one line what the conversion did.
    The checksums are SHA-256 (hex) of the video and of the delivered file, None if they were not taken.
    """

    iteration: Annotated[int, Field(ge=1, le=limits.ATTEMPT_NUMBER)]
    video_path: str
    original_path: str | None = None
    light_path: str | None = None
    captions_path: str | None = None
    conformed: bool = False
    conform_note: str = ""
    source_start: float = 0.0
    sha256: str | None = None
    original_sha256: str | None = None
    duration: Amount | None = None
    frame_rate: str | None = None
    frame_count: Count | None = None
    cost: Amount = 0.0
    shots: list[Shot] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    changes: list[Change] = Field(default_factory=list)
    checks: list[SlaCheck] = Field(default_factory=list)

    @property
    def rate(self) -> Fraction:
        """Frames per second; 30 if it was never measured."""
        return parse_rate(self.frame_rate)

    @property
    def frames(self) -> int | None:
        """The number of frames, computed from the duration if they were not counted; None if neither is known."""
        return self.frame_count or (max(1, round(self.duration * self.rate)) if self.duration else None)

    @property
    def placeholders(self) -> list[str]:
        """The placeholders in brackets in the draft's shots, in order, each once."""
        found = (match for shot in self.shots for match in PLACEHOLDER.findall(shot.text))
        return list(dict.fromkeys(found))

    @property
    def delivered_path(self) -> str:
        """The path of the file as it was delivered."""
        return self.original_path or self.video_path

    def source_seconds(self, frame: int) -> float:
        """Return when the frame begins in the delivered file, in seconds from its first picture or sound."""
        return self.source_start + float(frame / self.rate)


class FrameComment(BaseModel):
    """A comment on a frame of an earlier attempt, or on its frames up to ``end_frame`` (inclusive).

    Frames count from 0 at ``rate`` frames per second, a fraction such as "30000/1001". ``seconds`` is the start time.
    The marked part of the picture is a point or a rectangle, as shares of its width and height (0 to 1).
    ``not_addressed_in`` is the later attempt in which somebody found it not addressed, if any.
    ``attachment`` names the file attached to it, such as "picture logo.png".
    """

    attempt_number: int
    frame: int
    end_frame: int | None
    rate: str
    timecode: str
    seconds: float
    author: str
    body: str
    replies: list[str]
    attachment: str | None = None
    x: float | None = None
    y: float | None = None
    width: float | None = None
    height: float | None = None
    not_addressed_in: int | None = None


class UnmetRequest(BaseModel):
    """A flag or written words of an earlier review that a person found not addressed in a later attempt.

    ``attempt_number`` is the attempt it was said of. ``flag`` is None for written words. ``words`` are the flag's label
    or what was written.
    """

    attempt_number: int
    not_addressed_in: int
    flag: str | None
    words: str
    by: str


@dataclass(frozen=True)
class OpenRequests:
    """What people asked of earlier attempts and nobody has found addressed.

    ``still_raised`` are the flags that were found not addressed, by the attempt in which they were, addressed since or
    not. ``attached`` are the titles of files attached to decisions, by the decision's id.
    """

    comments: Sequence[FrameComment] = ()
    unmet: Sequence[UnmetRequest] = ()
    still_raised: Mapping[int, list[str]] = field(default_factory=dict)
    attached: Mapping[str, str] = field(default_factory=dict)


class SentHow(StrEnum):
    """How an attempt was sent to the founder.

    LINK is of older data: it is only known that a lead made a review link for the founder while it was the newest.
    """

    MAIL = "mail"
    WEBHOOK = "webhook"
    HAND = "hand"
    LINK = "link"


class PilotRunAttempt(Record):
    """One video put before the founder. Times are in UTC, cost in dollars.

    ``sent_at`` is when it was first sent to the founder, None while nothing is known to be sent; ``sent_by`` is the
    lead who sent it, "" for the server. ``viewings`` are who opened it and what they watched, as the store read them;
    saving an attempt does not change them. ``source`` holds the attempt's original fields from an imported state file,
    so that export loses none of them.
    """

    attempt_number: Annotated[int, Field(ge=1, le=limits.ATTEMPT_NUMBER)]
    attempt_id: str
    state: AttemptState = AttemptState.READY
    pipeline: str | None = None
    created_at: UtcTime | None = None
    started_at: UtcTime | None = None
    ready_at: UtcTime | None = None
    sent_at: UtcTime | None = None
    sent_by: str | None = Field(None, max_length=limits.NAME)
    sent_how: SentHow | None = None
    folder: str | None = None
    upload_path: str | None = None
    video_path: str | None = None
    review_pack_path: str | None = None
    time_to_first_cut_seconds: Amount | None = None
    iteration_count: Count | None = None
    total_cost_dollars: Amount | None = None
    sla_passed: bool | None = None
    sla_violations: list[str] = Field(default_factory=list)
    failure: str | None = None
    drafts: list[Draft] = Field(default_factory=list)
    feedback: list[Feedback] = Field(default_factory=list)
    viewings: list[Viewing] = Field(default_factory=list, exclude=True)
    source: JsonObject = Field(default_factory=dict)

    @property
    def final_draft(self) -> Draft | None:
        """The draft that the founder saw: the one at the attempt's video path, else the last; None without drafts."""
        shown = [draft for draft in self.drafts if draft.video_path == self.video_path]
        candidates = shown or self.drafts
        return candidates[-1] if candidates else None

    @property
    def had_video(self) -> bool:
        """Whether a video was made: here, or elsewhere by what an imported state file said."""
        told = self.state is AttemptState.READY and bool(self.source.get("video_path", [None])[0])
        return bool(self.video_path) or told

    @property
    def rate(self) -> Fraction:
        """Frames per second of the final draft; 30 if it was never measured."""
        return self.final_draft.rate if self.final_draft else ASSUMED_RATE

    @property
    def frames(self) -> int | None:
        """The number of frames of the final draft, or None if it is unknown."""
        return self.final_draft.frames if self.final_draft else None

    @property
    def whole_seconds(self) -> int | None:
        """The video's length in seconds, rounded up, or None if it is unknown."""
        return ceil(self.frames / self.rate) if self.frames else None

    @property
    def reached_at(self) -> datetime | None:
        """When the founder was sent the video or somebody opened it, the earlier of both; None if neither is known."""
        known = [self.sent_at, *(seen.opened_at for seen in self.viewings)]
        return min((at for at in known if at), default=None)

    def standing(self, mode: FeedbackMode) -> Feedback | None:
        """Return the current feedback of that mode: the latest received or, at equal times, the last recorded."""
        given = [f for f in self.feedback if f.mode is mode]
        if len(given) < 2:
            return given[0] if given else None
        earliest = datetime.min.replace(tzinfo=utc_now().tzinfo)
        return max(enumerate(given), key=lambda pair: (pair[1].received_at or earliest, pair[0]))[1]

    @property
    def last_decisions(self) -> list[Feedback]:
        """The last decision of each person on this attempt, in the order in which they were given."""
        latest: dict[tuple[str, str], Feedback] = {}
        for given in self.feedback:
            if given.mode is FeedbackMode.HUMAN:
                latest.pop((given.by, given.channel), None)
                latest[given.by, given.channel] = given
        return list(latest.values())

    @property
    def review(self) -> Feedback | None:
        """The current human feedback, or None if there is none yet."""
        return self.standing(FeedbackMode.HUMAN)

    @property
    def shown_feedback(self) -> Feedback | None:
        """The feedback that a state file shows: the human review, else the simulated one."""
        return self.review or self.standing(FeedbackMode.SIMULATED)

    @property
    def founder_feedback(self) -> str | None:
        """The notes of the current feedback, under the guide's name for them."""
        return self.shown_feedback.notes if self.shown_feedback else None

    @property
    def feedback_level(self) -> str | None:
        """The current decision, under the guide's name for it."""
        return self.shown_feedback.level.value if self.shown_feedback else None

    @property
    def feedback_received_at(self) -> datetime | None:
        """When the current feedback was received (UTC)."""
        return self.shown_feedback.received_at if self.shown_feedback else None
