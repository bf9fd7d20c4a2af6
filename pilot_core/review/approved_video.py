"""The approved video, for reviewers whose link lets them download it."""

from pathlib import PurePosixPath

from pilot_core.domain.attempt import PilotRunAttempt
from pilot_core.domain.feedback import FeedbackLevel
from pilot_core.domain.pilot import ApprovalOutcome, PilotRun
from pilot_core.domain.reviews import Grant


def approved_attempt(pilot: PilotRun) -> PilotRunAttempt | None:
    """Return the attempt whose approval stands, or None."""
    newest = pilot.newest_ready_attempt
    if pilot.approval_outcome is not ApprovalOutcome.APPROVED or newest is None or not newest.video_path:
        return None
    return newest if newest.review and newest.review.level is FeedbackLevel.APPROVE else None


def downloadable(pilot: PilotRun, grant: Grant | None) -> PilotRunAttempt | None:
    """Return the attempt whose video this reviewer may download now, or None."""
    if grant is None or not grant.may_download or grant.pilot_id != pilot.pilot_id:
        return None
    return approved_attempt(pilot)


def file_name(pilot: PilotRun, attempt: PilotRunAttempt) -> str:
    """Return the name under which a browser saves the video: "AcmeAI version 2.mp4"."""
    company = "".join(c if c.isalnum() or c in " -_" else " " for c in pilot.company_name)
    suffix = PurePosixPath(attempt.video_path or "").suffix.lower() or ".mp4"
    return f"{' '.join(company.split())[:80] or 'Video'} version {attempt.attempt_number}{suffix}"
