"""A pilot: its data and the operations on it.

Nothing here reads files or the catalogue. Each operation takes its time as ``at`` (default: now) and adds an event to
``pending_events``, which the store saves in the same transaction as the change.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PrivateAttr

from pilot_core import ids
from pilot_core.clock import as_utc, iso, utc_now
from pilot_core.domain import limits
from pilot_core.domain.attempt import AttemptState, PilotRunAttempt, SentHow
from pilot_core.domain.brief import Brief
from pilot_core.domain.events import BOOKKEEPING, EventKind
from pilot_core.domain.feedback import Feedback, FeedbackLevel, FeedbackMode, parse_level
from pilot_core.domain.records import INVISIBLE, Count, JsonObject, Name, Record, UtcTime, check_json
from pilot_core.errors import InvalidRequest, NotAllowedNow, PilotNotFound

UNDO_FOR = timedelta(minutes=10)
"""How long a decision, that an attempt was sent, or what was done in the inbox can be undone."""


class PilotStatus(StrEnum):
    """The status of a pilot."""

    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"


class ApprovalOutcome(StrEnum):
    """How a pilot ended; PENDING if it has not ended."""

    PENDING = "pending"
    APPROVED = "approved"
    DROPPED = "dropped"


class PilotRun(Record):
    """One engagement: a founder, a company, a scenario, a brand, up to ``max_attempts`` attempts.

    ``brand_context`` is a copy of the brand preset from when the pilot was created. ``version`` counts saves; saving a
    pilot that someone else has saved in the meantime is refused. ``source`` is as for attempts. ``owner`` is the name
    of the lead who looks after it; until ``snoozed_until`` it is left out of the inbox.
    """

    pilot_id: str = Field(pattern=rf"^{ids.PILOT_ID.pattern}$")
    founder_name: Name
    company_name: Name
    scenario_type: str = Field(min_length=1, max_length=limits.SCENARIO_ID)
    brand_context: JsonObject = Field(default_factory=dict)
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
    notes: str | Annotated[list[Any], AfterValidator(check_json)] | None = None
    max_attempts: int = Field(5, ge=1, le=limits.ATTEMPTS)
    max_iterations_per_attempt: int = Field(3, ge=1, le=limits.DRAFTS)
    owner: Name | None = None
    snoozed_until: UtcTime | None = None
    version: Count = 0
    source: JsonObject = Field(default_factory=dict)

    _pending_events: list[tuple[datetime, EventKind, dict[str, Any]]] = PrivateAttr(default_factory=list)
    _warnings: list[str] = PrivateAttr(default_factory=list)

    @property
    def pending_events(self) -> list[tuple[datetime, EventKind, dict[str, Any]]]:
        """Events since the last save, as (time, kind, detail). The store adds the actor and clears the list."""
        return self._pending_events

    @property
    def warnings(self) -> list[str]:
        """Problems that occurred after the pilot was saved. Each sentence says what happened and what will be done.

        They are not stored; only the caller that saved the pilot gets them.
        """
        return self._warnings

    @property
    def brand_preset(self) -> str:
        """The catalogue name of the brand, or "" if an imported pilot has none."""
        return str(self.brand_context.get("preset") or self.brand_context.get("brand_preset") or "")

    @property
    def attempts_used(self) -> int:
        """The number of attempts that count towards ``max_attempts``: all but the failed ones."""
        return sum(a.state is not AttemptState.FAILED for a in self.runs)

    @property
    def latest_attempt(self) -> PilotRunAttempt | None:
        return max(self.runs, key=lambda a: a.attempt_number, default=None)

    @property
    def newest_ready_attempt(self) -> PilotRunAttempt | None:
        """The ready attempt with the highest number, or None. Reviewers comment and decide on this one."""
        ready = (a for a in self.runs if a.state is AttemptState.READY)
        return max(ready, key=lambda a: a.attempt_number, default=None)

    @property
    def overridden_requests(self) -> list[Feedback]:
        """The requests for changes over which somebody else approved the newest ready attempt.

        While there are any, that attempt can still be commented on.
        """
        if self.approval_outcome is not ApprovalOutcome.APPROVED or self.newest_ready_attempt is None:
            return []
        given = self.newest_ready_attempt.last_decisions
        return [one for one in given if one.level is not FeedbackLevel.APPROVE]

    @property
    def approved_but_open(self) -> PilotRunAttempt | None:
        """The attempt whose latest decision approves the pilot though its outcome is pending; only imports have one."""
        reviewed = (a for a in self.runs if a.state is AttemptState.READY and a.review)
        latest = max(reviewed, key=lambda a: a.attempt_number, default=None)
        approves = latest and latest.review and latest.review.level is FeedbackLevel.APPROVE
        return latest if approves and self.approval_outcome is ApprovalOutcome.PENDING else None

    def attempt(self, attempt_number: int) -> PilotRunAttempt:
        """Return the attempt with that number. Raises PilotNotFound if there is none."""
        for attempt in self.runs:
            if attempt.attempt_number == attempt_number:
                return attempt
        have = ", ".join(str(a.attempt_number) for a in self.runs) or "none yet"
        raise PilotNotFound(f"{self.pilot_id} has no attempt {attempt_number}; it has: {have}.")

    def log(self, kind: EventKind, at: datetime | None = None, **detail: Any) -> None:
        """Add an event to be saved with the pilot. Anything but bookkeeping sets ``updated_at`` and ends a snooze."""
        at = as_utc(at or utc_now())
        if kind not in BOOKKEEPING:
            self.updated_at, self.snoozed_until = at, None
        self._pending_events.append((at, kind, detail))

    def check_can_attempt(self) -> None:
        """Raise NotAllowedNow, saying what to do, unless another attempt can start."""
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
        if latest and latest.state.is_under_way:
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
        """Add the next attempt: ready if it has a video, else queued. Raises NotAllowedNow if none can start.

        The parameters are those of the guide's API.
        """
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
        self.log(EventKind.ATTEMPT_ADDED, at, attempt_number=number, pipeline=pipeline)
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
        people_hours: float | None = None,
        at: datetime | None = None,
    ) -> Feedback:
        """Add a decision on an attempt. A person's approval completes the pilot; a simulated one never does.

        ``by`` defaults to the persona, else the founder. Raises InvalidRequest for an unknown level or mode,
        PilotNotFound for an unknown attempt, and NotAllowedNow if the pilot is completed or the attempt is not ready.
        The parameters are those of the guide's API.
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
        at, before = as_utc(at or utc_now()), {"status": self.status.value, "pause_reason": self.pause_reason}
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
            people_hours=people_hours,
        )
        attempt.feedback.append(given)
        self.log(
            EventKind.FEEDBACK_RECEIVED,
            at,
            attempt_number=attempt_number,
            level=decision.value,
            mode=spoken.value,
            by=given.by,
            feedback_id=given.feedback_id,
            before=before,
            **({} if people_hours is None else {"people_hours": people_hours}),
        )
        if decision is FeedbackLevel.APPROVE and spoken is FeedbackMode.HUMAN:
            self._approve(attempt, given, at)
        return given

    def mark_sent(self, attempt_number: int, by: str, how: SentHow, at: datetime | None = None) -> None:
        """Record that an attempt was sent, by a lead or ("") the server. Raises NotAllowedNow and PilotNotFound."""
        attempt = self.attempt(attempt_number)
        if reason := self.why_not_sendable(attempt):
            raise NotAllowedNow(reason)
        attempt.sent_at, attempt.sent_by, attempt.sent_how = as_utc(at or utc_now()), by, how
        self.log(EventKind.ATTEMPT_SENT, attempt.sent_at, attempt_number=attempt_number, how=how.value, by=by)

    def why_not_sendable(self, attempt: PilotRunAttempt) -> str:
        """Return why the attempt cannot be sent to the founder, as a sentence, or "" if it can."""
        name = f"Attempt {attempt.attempt_number}"
        if self.status is PilotStatus.COMPLETED:
            return f"{self.pilot_id} is completed ({self.approval_outcome})."
        if attempt.state is not AttemptState.READY:
            return f"{name} is {attempt.state}: there is no video to send."
        if attempt.review:
            return f"{name} is decided already."
        return f"{name} was sent before." if attempt.sent_at else ""

    def undo_sent(self, attempt_number: int, at: datetime | None = None) -> None:
        """Undo that an attempt was marked as sent by hand. Raises NotAllowedNow and PilotNotFound."""
        attempt, at = self.attempt(attempt_number), as_utc(at or utc_now())
        if reason := self.why_sending_stands(attempt, at):
            raise NotAllowedNow(reason)
        attempt.sent_at = attempt.sent_by = attempt.sent_how = None
        self.log(EventKind.SENDING_UNDONE, at, attempt_number=attempt_number)

    def why_sending_stands(self, attempt: PilotRunAttempt, now: datetime) -> str:
        """Return why it cannot be undone that the attempt was marked as sent, as a sentence, or "" if it can."""
        name = f"Attempt {attempt.attempt_number}"
        if attempt.sent_at is None or attempt.sent_how is not SentHow.HAND:
            return f"{name} is not marked as sent by hand."
        if attempt.viewings or attempt.feedback:
            return f"{name} was opened or decided on since."
        return "" if now <= attempt.sent_at + UNDO_FOR else "Ten minutes have passed."

    def close_as_approved(self, at: datetime | None = None) -> None:
        """Complete an imported pilot whose latest decision approves it. Raises NotAllowedNow for any other pilot."""
        attempt = self.approved_but_open
        if attempt is None or attempt.review is None:
            raise NotAllowedNow(f"{self.pilot_id} cannot be closed as approved: its latest review does not approve it.")
        self._approve(attempt, attempt.review, as_utc(at or utc_now()))

    def _approve(self, attempt: PilotRunAttempt, review: Feedback, at: datetime) -> None:
        self.status = PilotStatus.COMPLETED
        self.approval_outcome = ApprovalOutcome.APPROVED
        self.decided_at = review.received_at or at
        self.pause_reason = None
        self.log(EventKind.APPROVED, at, attempt_number=attempt.attempt_number, by=review.by)

    def pause(self, reason: str, at: datetime | None = None) -> None:
        """Pause an active pilot. Raises NotAllowedNow if it is not active, InvalidRequest without a valid reason."""
        if self.status is not PilotStatus.ACTIVE:
            raise NotAllowedNow(f"{self.pilot_id} is {self.status}; only an active pilot can be paused.")
        self.status = PilotStatus.PAUSED
        self.pause_reason = checked_reason(reason)
        self.log(EventKind.PAUSED, at, reason=self.pause_reason)

    def resume(self, at: datetime | None = None) -> None:
        """Resume a paused pilot. Raises NotAllowedNow if it is not paused."""
        if self.status is not PilotStatus.PAUSED:
            raise NotAllowedNow(f"{self.pilot_id} is {self.status}; only a paused pilot can be resumed.")
        self.status = PilotStatus.ACTIVE
        self.pause_reason = None
        self.log(EventKind.RESUMED, at)

    def drop(self, reason: str, external: bool = False, at: datetime | None = None) -> None:
        """End the pilot without approval. ``external`` means that the reason is not ours.

        Raises NotAllowedNow if the pilot is completed, InvalidRequest without a valid reason.
        """
        if self.status is PilotStatus.COMPLETED:
            raise NotAllowedNow(f"{self.pilot_id} is already completed ({self.approval_outcome}).")
        self.drop_reason = checked_reason(reason)
        self.drop_external = external
        self.status = PilotStatus.COMPLETED
        self.approval_outcome = ApprovalOutcome.DROPPED
        self.decided_at = as_utc(at or utc_now())
        self.pause_reason = None
        self.log(EventKind.DROPPED, at, reason=self.drop_reason, external=external)

    def raise_limit(self, max_attempts: int, justification: str, at: datetime | None = None) -> None:
        """Raise the attempt limit, with a justification.

        Raises NotAllowedNow if the pilot is completed, InvalidRequest if the limit or the justification is not valid.
        """
        if self.status is PilotStatus.COMPLETED:
            raise NotAllowedNow(f"{self.pilot_id} is completed ({self.approval_outcome}); its limit stays as it is.")
        if not self.max_attempts < max_attempts <= limits.ATTEMPTS:
            raise InvalidRequest(
                f"The new limit must be more than the present {self.max_attempts} and at most {limits.ATTEMPTS}.",
                field="max_attempts",
            )
        before, self.max_attempts = self.max_attempts, max_attempts
        self.log(EventKind.LIMIT_RAISED, at, before=before, after=max_attempts, reason=checked_reason(justification))

    def assign(self, owner: str | None, at: datetime | None = None) -> None:
        """Make that lead the owner; None for nobody. Raises InvalidRequest for a name that is none or too long."""
        owner = " ".join(owner.split()) if owner is not None else None
        if owner is not None and (INVISIBLE.fullmatch(owner) or len(owner) > limits.NAME):
            raise InvalidRequest(f"Enter the owner’s name, of at most {limits.NAME} characters.", field="owner")
        if owner != self.owner:
            before, self.owner = self.owner, owner
            self.log(EventKind.OWNER_CHANGED, at, before=before, after=owner)

    def snooze(self, until: datetime | None, at: datetime | None = None) -> None:
        """Leave the pilot out of the inbox until then, or until something happens to it. None ends a snooze.

        Raises InvalidRequest for a time that has passed.
        """
        now = as_utc(at or utc_now())
        if until is not None and as_utc(until) <= now:
            raise InvalidRequest("Choose a day in the future to snooze until.", field="until")
        self.snoozed_until = as_utc(until) if until else None
        self.log(EventKind.SNOOZED if until else EventKind.SNOOZE_ENDED, now, until=iso(until) if until else None)


def checked_reason(text: str) -> str:
    """Return a reason without leading and trailing spaces. Raises InvalidRequest if none of it shows, or it is long."""
    text = text.strip()
    if INVISIBLE.fullmatch(text):
        raise InvalidRequest("A reason is needed: say in a few words why.", field="reason")
    if len(text) > limits.REASON:
        raise InvalidRequest(f"The reason is longer than {limits.REASON:,} characters; shorten it.", field="reason")
    return text
