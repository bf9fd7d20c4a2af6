"""The pilot, its attempts and their feedback: what they hold and what they may do.

Nothing here reads a file, a clock it was not handed, or a catalogue. Each change of a pilot leaves an event in
``pending_events``, which the store writes in the same transaction as the change.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr

from pilot_core import ids
from pilot_core.clock import as_utc, utc_now
from pilot_core.errors import InvalidRequest, NotAllowedNow, PilotNotFound

REASON_LENGTH = 2000  # characters
UtcTime = Annotated[datetime, BeforeValidator(lambda v: as_utc(datetime.fromisoformat(v) if isinstance(v, str) else v))]


class PilotStatus(StrEnum):
    """Where a pilot stands."""

    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"


class ApprovalOutcome(StrEnum):
    """How a pilot ended, or that it has not."""

    PENDING = "pending"
    APPROVED = "approved"
    DROPPED = "dropped"


class FeedbackLevel(StrEnum):
    """A decision on one attempt. ``rank`` orders them from worst (0) to best (2)."""

    MAJOR_CHANGES = "major_changes"
    MINOR_CHANGES = "minor_changes"
    APPROVE = "approve"

    @property
    def rank(self) -> int:
        return list(FeedbackLevel).index(self)


class FeedbackMode(StrEnum):
    """Who spoke: a person, or a simulated persona, which is kept and shown but never counted."""

    HUMAN = "human"
    SIMULATED = "simulated"


class AttemptState(StrEnum):
    """Where an attempt's render stands. FAILED uses up no attempt and can be retried."""

    QUEUED = "queued"
    RENDERING = "rendering"
    READY = "ready"
    FAILED = "failed"


class Record(BaseModel):
    """Common settings of everything saved: unknown fields are refused, assignments are checked."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)


class Brief(Record):
    """What the film should say. Every field may stay empty; the scenario's wording, in brackets, stands in."""

    product: str = Field("", max_length=80)
    message: str = Field("", max_length=160)
    proof_points: list[Annotated[str, Field(max_length=120)]] = Field(default_factory=list, max_length=5)
    call_to_action: str = Field("", max_length=60)
    link: str = Field("", max_length=200)


class Shot(Record):
    """One shot of a cut; times in seconds from the start of the film."""

    beat: str
    start: float = Field(ge=0)
    end: float = Field(gt=0)
    text: str = ""


class SlaCheck(Record):
    """One measured promise. ``passed`` is None where it could not be measured: unknown is not failed."""

    code: str
    label: str
    measured: str
    limit: str
    passed: bool | None
    sentence: str = ""


class Draft(Record):
    """One iteration's film. Paths are relative to the store; ``duration`` in seconds, ``cost`` in dollars."""

    iteration: int = Field(ge=1)
    video_path: str
    captions_path: str | None = None
    duration: float | None = Field(None, ge=0)
    frame_rate: str | None = None
    frame_count: int | None = Field(None, ge=0)
    cost: float = Field(0.0, ge=0)
    shots: list[Shot] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    changes: list[str] = Field(default_factory=list)
    checks: list[SlaCheck] = Field(default_factory=list)


class FrameComment(BaseModel):
    """What someone said of a frame of an earlier attempt, or of its frames up to ``end_frame`` (inclusive).

    Frames count from 0 at ``rate`` frames a second, a fraction such as "30000/1001"; ``seconds`` is where it begins.
    The marked part of the picture is a point or a rectangle, in parts of its width and height (0 to 1).
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
    x: float | None = None
    y: float | None = None
    width: float | None = None
    height: float | None = None


class Feedback(Record):
    """What someone said of one attempt: a decision (``level``), flags and words.

    An approval in the review room holds the SHA-256 of the file that was approved (hex) and the checklist items ticked.
    """

    feedback_id: str
    level: FeedbackLevel
    notes: str = Field("", max_length=10_000)
    flags: list[str] = Field(default_factory=list)
    mode: FeedbackMode = FeedbackMode.HUMAN
    by: str = Field("", max_length=200)
    channel: str = Field("", max_length=60)
    persona: str | None = None
    received_at: UtcTime | None = None
    sha256: str | None = None
    checklist: list[str] = Field(default_factory=list)


class PilotRunAttempt(Record):
    """One video put before the founder. Times in UTC, ``time_to_first_cut_seconds`` in seconds, cost in dollars.

    ``source`` holds the attempt's fields as an imported state file spelled them, so that none is lost on export.
    """

    attempt_number: int = Field(ge=1)
    attempt_id: str
    state: AttemptState = AttemptState.READY
    pipeline: str | None = None
    created_at: UtcTime | None = None
    started_at: UtcTime | None = None
    ready_at: UtcTime | None = None
    folder: str | None = None
    upload_path: str | None = None
    video_path: str | None = None
    review_pack_path: str | None = None
    time_to_first_cut_seconds: float | None = Field(None, ge=0)
    iteration_count: int | None = Field(None, ge=0)
    total_cost_dollars: float | None = Field(None, ge=0)
    sla_passed: bool | None = None
    sla_violations: list[str] = Field(default_factory=list)
    failure: str | None = None
    drafts: list[Draft] = Field(default_factory=list)
    feedback: list[Feedback] = Field(default_factory=list)
    source: dict[str, Any] = Field(default_factory=dict)

    @property
    def final_draft(self) -> Draft | None:
        """The draft the founder saw: the one at the attempt's video path, else the last; None where none is known."""
        shown = [draft for draft in self.drafts if draft.video_path == self.video_path]
        candidates = shown or self.drafts
        return candidates[-1] if candidates else None

    def standing(self, mode: FeedbackMode) -> Feedback | None:
        """The feedback of that mode that stands: the latest received; among equals, the last recorded."""
        given = [f for f in self.feedback if f.mode is mode]
        if len(given) < 2:
            return given[0] if given else None
        earliest = datetime.min.replace(tzinfo=utc_now().tzinfo)
        return max(enumerate(given), key=lambda pair: (pair[1].received_at or earliest, pair[0]))[1]

    @property
    def review(self) -> Feedback | None:
        """The human feedback that stands, or None while no person has spoken."""
        return self.standing(FeedbackMode.HUMAN)

    @property
    def shown_feedback(self) -> Feedback | None:
        """What a state file shows: the human review, else the simulated one."""
        return self.review or self.standing(FeedbackMode.SIMULATED)

    @property
    def founder_feedback(self) -> str | None:
        """The guide's name for the words of the feedback that stands."""
        return self.shown_feedback.notes if self.shown_feedback else None

    @property
    def feedback_level(self) -> str | None:
        """The guide's name for the decision that stands."""
        return self.shown_feedback.level.value if self.shown_feedback else None

    @property
    def feedback_received_at(self) -> datetime | None:
        """When the feedback that stands was received (UTC)."""
        return self.shown_feedback.received_at if self.shown_feedback else None


class Event(Record):
    """Who did what to which pilot, and when."""

    event_id: str
    pilot_id: str
    at: UtcTime
    actor: str
    kind: str
    detail: dict[str, Any] = Field(default_factory=dict)


class PilotRun(Record):
    """One engagement: a founder, a company, a scenario, a brand, up to ``max_attempts`` attempts.

    ``brand_context`` is the brand preset as it was when the pilot began. ``version`` counts saves; a save of a
    pilot that someone else saved meanwhile is refused. ``source`` is as for attempts.
    """

    pilot_id: str = Field(pattern=rf"^{ids.PILOT_ID.pattern}$")
    founder_name: str = Field(min_length=1, max_length=200)
    company_name: str = Field(min_length=1, max_length=200)
    scenario_type: str = Field(min_length=1, max_length=80)
    brand_context: dict[str, Any] = Field(default_factory=dict)
    playbook_version: str | None = None
    brief: Brief = Field(default_factory=Brief)
    runs: list[PilotRunAttempt] = Field(default_factory=list)
    status: PilotStatus = PilotStatus.ACTIVE
    approval_outcome: ApprovalOutcome = ApprovalOutcome.PENDING
    created_at: UtcTime
    updated_at: UtcTime
    decided_at: UtcTime | None = None
    pause_reason: str | None = None
    drop_reason: str | None = None
    drop_external: bool = False
    notes: str | list[Any] | None = None
    max_attempts: int = Field(5, ge=1, le=50)
    max_iterations_per_attempt: int = Field(3, ge=1, le=20)
    version: int = Field(0, ge=0)
    source: dict[str, Any] = Field(default_factory=dict)

    _pending_events: list[tuple[datetime, str, dict[str, Any]]] = PrivateAttr(default_factory=list)

    @property
    def pending_events(self) -> list[tuple[datetime, str, dict[str, Any]]]:
        """Changes since the last save, as (when, kind, detail); the store adds the actor and clears the list."""
        return self._pending_events

    @property
    def brand_preset(self) -> str:
        """The catalogue name of the brand, or "" where an imported pilot names none."""
        return str(self.brand_context.get("preset") or self.brand_context.get("brand_preset") or "")

    @property
    def attempts_used(self) -> int:
        """Attempts that count against ``max_attempts``: all but the failed ones."""
        return sum(a.state is not AttemptState.FAILED for a in self.runs)

    @property
    def latest_attempt(self) -> PilotRunAttempt | None:
        return max(self.runs, key=lambda a: a.attempt_number, default=None)

    def attempt(self, attempt_number: int) -> PilotRunAttempt:
        """The attempt of that number. Raises PilotNotFound."""
        for attempt in self.runs:
            if attempt.attempt_number == attempt_number:
                return attempt
        have = ", ".join(str(a.attempt_number) for a in self.runs) or "none yet"
        raise PilotNotFound(f"{self.pilot_id} has no attempt {attempt_number}; it has: {have}.")

    def log(self, kind: str, at: datetime | None = None, **detail: Any) -> None:
        """Note an event to be written with the next save; also moves ``updated_at``."""
        at = as_utc(at or utc_now())
        self.updated_at = at
        self._pending_events.append((at, kind, detail))

    def check_can_attempt(self) -> None:
        """Raise NotAllowedNow, saying what to do, unless another attempt may start."""
        latest = self.latest_attempt
        if self.status is PilotStatus.COMPLETED:
            raise NotAllowedNow(
                f"{self.pilot_id} is completed ({self.approval_outcome}); start a new pilot for another video."
            )
        if self.status is PilotStatus.PAUSED:
            raise NotAllowedNow(f"{self.pilot_id} is paused; resume it first.", shell=f"--resume {self.pilot_id}")
        if latest and latest.state is AttemptState.FAILED:
            raise NotAllowedNow(
                f"Attempt {latest.attempt_number} of {self.pilot_id} failed to render; "
                "retry it, it has used up no attempt.",
                shell=f"--retry {self.pilot_id}",
            )
        if latest and latest.state in (AttemptState.QUEUED, AttemptState.RENDERING):
            raise NotAllowedNow(
                f"Attempt {latest.attempt_number} of {self.pilot_id} is still {latest.state}; wait for it to be ready."
            )
        if self.attempts_used >= self.max_attempts:
            raise NotAllowedNow(
                f"{self.pilot_id} has used all {self.max_attempts} attempts; drop it and start a new pilot, "
                "or raise its limit if that is justified.",
                shell=f"--drop or --raise-limit {self.pilot_id}",
            )

    def add_attempt(
        self,
        video_path: str | None = None,
        review_pack_path: str | None = None,
        time_to_first_cut_seconds: float | None = None,
        iteration_count: int | None = None,
        total_cost_dollars: float | None = None,
        sla_passed: bool | None = None,
        sla_violations: Iterable[str] = (),
        *,
        pipeline: str | None = None,
        upload_path: str | None = None,
        at: datetime | None = None,
    ) -> PilotRunAttempt:
        """Append the next attempt: ready if it comes with a video, else queued. Raises NotAllowedNow."""
        self.check_can_attempt()
        number = max((a.attempt_number for a in self.runs), default=0) + 1
        at = as_utc(at or utc_now())
        attempt = PilotRunAttempt(
            attempt_number=number,
            attempt_id=ids.attempt_id_for(self.pilot_id, number),
            state=AttemptState.READY if video_path else AttemptState.QUEUED,
            pipeline=pipeline,
            upload_path=upload_path,
            created_at=at,
            ready_at=at if video_path else None,
            video_path=video_path,
            review_pack_path=review_pack_path,
            time_to_first_cut_seconds=time_to_first_cut_seconds,
            iteration_count=iteration_count,
            total_cost_dollars=total_cost_dollars,
            sla_passed=sla_passed,
            sla_violations=list(sla_violations),
        )
        self.runs.append(attempt)
        self.log("attempt_added", at, attempt_number=number, pipeline=pipeline)
        return attempt

    def record_feedback(
        self,
        attempt_number: int,
        feedback: str,
        level: FeedbackLevel | str,
        flags: Iterable[str] = (),
        mode: FeedbackMode | str = FeedbackMode.HUMAN,
        *,
        by: str | None = None,
        channel: str = "",
        persona: str | None = None,
        at: datetime | None = None,
    ) -> Feedback:
        """Log a decision on an attempt; a person's approval completes the pilot, a simulated one never does.

        Raises InvalidRequest for an unknown level or mode, PilotNotFound for an unknown attempt, NotAllowedNow when
        the pilot is completed or the attempt has no cut to judge. ``by`` defaults to the founder.
        """
        attempt = self.attempt(attempt_number)
        decision = parse_level(level)
        try:
            spoken = FeedbackMode(str(mode).lower())
        except ValueError:
            raise InvalidRequest(f"“{mode}” is not a feedback mode; use human or simulated.", field="mode") from None
        if self.status is PilotStatus.COMPLETED:
            raise NotAllowedNow(f"{self.pilot_id} is completed ({self.approval_outcome}); its decision stands.")
        if attempt.state is not AttemptState.READY:
            raise NotAllowedNow(
                f"Attempt {attempt_number} of {self.pilot_id} is {attempt.state}; there is no cut to judge yet."
            )
        at = as_utc(at or utc_now())
        given = Feedback(
            feedback_id=ids.new_id("feedback"),
            level=decision,
            notes=feedback,
            flags=list(dict.fromkeys(flags)),
            mode=spoken,
            by=by or persona or self.founder_name,
            channel=channel,
            persona=persona,
            received_at=at,
        )
        attempt.feedback.append(given)
        self.log(
            "feedback_received", at, attempt_number=attempt_number, level=decision.value, mode=spoken.value, by=given.by
        )
        if decision is FeedbackLevel.APPROVE and spoken is FeedbackMode.HUMAN:
            self.status = PilotStatus.COMPLETED
            self.approval_outcome = ApprovalOutcome.APPROVED
            self.decided_at = at
            self.pause_reason = None
            self.log("approved", at, attempt_number=attempt_number, by=given.by)
        return given

    def pause(self, reason: str, at: datetime | None = None) -> None:
        """Stop work for now; the result of the pilot does not change. Raises NotAllowedNow."""
        if self.status is not PilotStatus.ACTIVE:
            raise NotAllowedNow(f"{self.pilot_id} is {self.status}; only an active pilot can be paused.")
        self.status = PilotStatus.PAUSED
        self.pause_reason = checked_reason(reason)
        self.log("paused", at, reason=self.pause_reason)

    def resume(self, at: datetime | None = None) -> None:
        """Take a paused pilot up again. Raises NotAllowedNow."""
        if self.status is not PilotStatus.PAUSED:
            raise NotAllowedNow(f"{self.pilot_id} is {self.status}; only a paused pilot can be resumed.")
        self.status = PilotStatus.ACTIVE
        self.pause_reason = None
        self.log("resumed", at)

    def drop(self, reason: str, external: bool = False, at: datetime | None = None) -> None:
        """End the pilot without approval; ``external`` when the reason was not ours. Raises NotAllowedNow."""
        if self.status is PilotStatus.COMPLETED:
            raise NotAllowedNow(f"{self.pilot_id} is already completed ({self.approval_outcome}).")
        self.drop_reason = checked_reason(reason)
        self.drop_external = external
        self.status = PilotStatus.COMPLETED
        self.approval_outcome = ApprovalOutcome.DROPPED
        self.decided_at = as_utc(at or utc_now())
        self.pause_reason = None
        self.log("dropped", at, reason=self.drop_reason, external=external)

    def raise_limit(self, max_attempts: int, justification: str, at: datetime | None = None) -> None:
        """Allow more attempts than agreed, with a written justification. Raises InvalidRequest, NotAllowedNow."""
        if self.status is PilotStatus.COMPLETED:
            raise NotAllowedNow(f"{self.pilot_id} is completed ({self.approval_outcome}); its limit stays as it is.")
        if not self.max_attempts < max_attempts <= 50:
            raise InvalidRequest(
                f"The new limit must be more than the present {self.max_attempts} and at most 50.", field="max_attempts"
            )
        before, self.max_attempts = self.max_attempts, max_attempts
        self.log("limit_raised", at, before=before, after=max_attempts, reason=checked_reason(justification))


def parse_level(level: FeedbackLevel | str) -> FeedbackLevel:
    """A decision from its text, in either letter case. Raises InvalidRequest with the three that exist."""
    try:
        return FeedbackLevel(str(level).strip().lower())
    except ValueError:
        raise InvalidRequest(
            f"“{str(level)[:40]}” is not a decision; use approve, minor_changes or major_changes.", field="level"
        ) from None


def checked_reason(text: str) -> str:
    """The reason for an act, without outer space. Raises InvalidRequest when it is empty or too long."""
    text = text.strip()
    if not text:
        raise InvalidRequest("A reason is needed: say in a few words why.", field="reason")
    if len(text) > REASON_LENGTH:
        raise InvalidRequest(f"The reason is longer than {REASON_LENGTH:,} characters; shorten it.", field="reason")
    return text
