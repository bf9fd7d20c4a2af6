"""Pilot Ops without a screen: the guide's programming interface.

Names are loaded when first used, so that a command that lists pilots does not wait for what draws films.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pilot_core.documents import PilotRunbookBuilder, generate_founder_artifacts
    from pilot_core.errors import PilotError
    from pilot_core.insight.report import generate_pilot_outcome_report
    from pilot_core.models import (
        ApprovalOutcome,
        AttemptState,
        Brief,
        FeedbackLevel,
        FeedbackMode,
        PilotRun,
        PilotRunAttempt,
        PilotStatus,
    )
    from pilot_core.services import create_pilot
    from pilot_core.store.pilots import PilotStore

__all__ = [
    "ApprovalOutcome",
    "AttemptState",
    "Brief",
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
]

_HOMES = {
    "PilotError": "errors",
    "PilotRunbookBuilder": "documents",
    "PilotStore": "store.pilots",
    "create_pilot": "services",
    "generate_founder_artifacts": "documents",
    "generate_pilot_outcome_report": "insight.report",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'models')}"), name)
