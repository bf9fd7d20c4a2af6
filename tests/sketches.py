"""Pilots in the notation of the golden cases: ``sketch("M{hook_weak}", "m!", "?")``.

M is major, m minor, A approve, ? an attempt without a review, q queued, x failed; {flags}; a leading s marks simulated
feedback, a trailing ! an SLA miss. Attempt n is made on day n at 9:00 and reviewed that day at 15:00 (UTC).
"""

import re
from datetime import UTC, datetime

from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
from pilot_core.domain.feedback import Feedback, FeedbackLevel, FeedbackMode
from pilot_core.domain.pilot import ApprovalOutcome, PilotRun, PilotStatus

PILOT_ID = "pilot_20260101_abc12345"
LEVELS = {"M": FeedbackLevel.MAJOR_CHANGES, "m": FeedbackLevel.MINOR_CHANGES, "A": FeedbackLevel.APPROVE}
STATES = {"q": AttemptState.QUEUED, "x": AttemptState.FAILED}
NOTATION = re.compile(r"(s?)([MmA?qx])(?:\{([a-z_,]*)\})?(!?)")


def day(n: int, hour: int = 0) -> datetime:
    """Return a time in January 2026."""
    return datetime(2026, 1, n, hour, tzinfo=UTC)


def sketch(*attempts: str, **fields: object) -> PilotRun:
    """Return a pilot with these attempts. A human approval of the last one completes it."""
    runs = [sketched_attempt(n, text) for n, text in enumerate(attempts, start=1)]
    pilot = PilotRun(
        pilot_id=PILOT_ID,
        founder_name="Alice Chen",
        company_name="AcmeAI",
        scenario_type="feature_launch",
        brand_context={"preset": "acme"},
        playbook_version="2026.11",
        runs=runs,
        created_at=day(1, 8),
        updated_at=day(max(len(runs), 1), 15),
    )
    if runs and runs[-1].review and runs[-1].review.level is FeedbackLevel.APPROVE:
        pilot.status, pilot.approval_outcome = PilotStatus.COMPLETED, ApprovalOutcome.APPROVED
        pilot.decided_at = runs[-1].review.received_at
    return PilotRun.model_validate(pilot.model_copy(update=fields).model_dump())


def sketched_attempt(number: int, text: str) -> PilotRunAttempt:
    simulated, kind, flags, missed = NOTATION.fullmatch(text).groups()
    attempt = PilotRunAttempt(
        attempt_number=number,
        attempt_id=f"{PILOT_ID}_a{number}",
        state=STATES.get(kind, AttemptState.READY),
        created_at=day(number, 9),
    )
    if attempt.state is AttemptState.READY:
        attempt.ready_at = day(number, 10)
        attempt.video_path = f"{PILOT_ID}/attempt_{number}/draft_v2.mp4"
        attempt.time_to_first_cut_seconds, attempt.iteration_count, attempt.total_cost_dollars = 60, 2, 1.5
        attempt.sla_passed = not missed
    if kind in LEVELS:
        mode = FeedbackMode.SIMULATED if simulated else FeedbackMode.HUMAN
        attempt.feedback = [said(kind, number, flags.split(",") if flags else [], mode)]
    return attempt


def said(kind: str, number: int, flags: list[str], mode: FeedbackMode = FeedbackMode.HUMAN) -> Feedback:
    """Return feedback on attempt ``number``, with a note that includes the number."""
    return Feedback(
        feedback_id=f"feedback_{number}",
        level=LEVELS[kind],
        notes=f"Words on attempt {number}",
        flags=flags,
        mode=mode,
        by="Alice Chen",
        received_at=day(number, 15),
    )
