"""What a lead does in the inbox that is no step of the pilot: set its owner, and snooze it."""

from datetime import datetime

from pilot_core.domain.actors import Actor
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.roles import ActKind
from pilot_core.store.pilots import PilotStore


def assign(
    store: PilotStore, pilot_id: str, owner: str | None, actor: Actor | None = None, *, seen_version: int | None = None
) -> PilotRun:
    """Make that lead the pilot's owner; None for nobody. Raises InvalidRequest, and as ``PilotStore.change``."""

    def set_owner(pilot: PilotRun) -> None:
        pilot.assign(owner, store.clock())

    return store.change(pilot_id, set_owner, actor, seen_version, kind=ActKind.ASSIGN)[0]


def snooze(
    store: PilotStore,
    pilot_id: str,
    until: datetime | None,
    actor: Actor | None = None,
    *,
    seen_version: int | None = None,
) -> PilotRun:
    """Leave the pilot out of the inbox until then, or until something happens to it. None ends a snooze.

    Raises InvalidRequest for a time that has passed, and as ``PilotStore.change``.
    """

    def set_snooze(pilot: PilotRun) -> None:
        pilot.snooze(until, store.clock())

    return store.change(pilot_id, set_snooze, actor, seen_version, kind=ActKind.SNOOZE)[0]
