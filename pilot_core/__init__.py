"""The programming interface that the guide describes.

Names are imported when first used, so that a command that only lists pilots does not load the rendering code.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilot_core.bootstrap import EnvironmentStore as PilotStore
    from pilot_core.documents.founder import PilotRunbookBuilder, generate_founder_artifacts
    from pilot_core.documents.programme import generate_programme_report
    from pilot_core.documents.report import generate_pilot_outcome_report
    from pilot_core.domain.attempt import AttemptState, PilotRunAttempt
    from pilot_core.domain.brief import Brief
    from pilot_core.domain.feedback import FeedbackLevel, FeedbackMode
    from pilot_core.domain.pilot import ApprovalOutcome, PilotRun, PilotStatus
    from pilot_core.errors import PilotError
    from pilot_core.insight.cohort import Cohort
    from pilot_core.services.pilots import create_pilot

__all__ = [
    "ApprovalOutcome",
    "AttemptState",
    "Brief",
    "Cohort",
    "FeedbackLevel",
    "FeedbackMode",
    "PilotError",
    "PilotRun",
    "PilotRunAttempt",
    "PilotRunbookBuilder",
    "PilotStatus",
    "PilotStore",
    "create_pilot",
    "generate_founder_artifacts",
    "generate_pilot_outcome_report",
    "generate_programme_report",
]

_HOMES = {
    "ApprovalOutcome": "domain.pilot",
    "AttemptState": "domain.attempt",
    "Brief": "domain.brief",
    "Cohort": "insight.cohort",
    "FeedbackLevel": "domain.feedback",
    "FeedbackMode": "domain.feedback",
    "PilotError": "errors",
    "PilotRun": "domain.pilot",
    "PilotRunAttempt": "domain.attempt",
    "PilotRunbookBuilder": "documents.founder",
    "PilotStatus": "domain.pilot",
    "PilotStore": "bootstrap:EnvironmentStore",
    "create_pilot": "services.pilots",
    "generate_founder_artifacts": "documents.founder",
    "generate_pilot_outcome_report": "documents.report",
    "generate_programme_report": "documents.programme",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    return getattr(import_module(f"{__name__}.{module}"), attribute or name)
