"""The one store this server works on."""

from functools import cache

from pilot_core.settings import settings
from pilot_core.store.pilots import PilotStore


@cache
def store() -> PilotStore:
    """The store named in the settings, opened once a process."""
    return PilotStore(settings().store)
