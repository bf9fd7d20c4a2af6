"""Erase one pilot: its rows, events, videos, documents and state file."""

import logging
from functools import partial
from typing import Any

from pilot_core import ids
from pilot_core.domain.actors import Actor
from pilot_core.domain.erasures import Erasure
from pilot_core.domain.pilot import PilotRun
from pilot_core.domain.roles import ActKind
from pilot_core.erasure import files
from pilot_core.erasure.request import BACKUPS, Erased, checked_reason, warnings_of
from pilot_core.errors import NotAllowedNow, StoreError
from pilot_core.formatting import count
from pilot_core.services.acts import once
from pilot_core.store import permission
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import act_keys, erasures
from pilot_core.tokens import hashed

log = logging.getLogger(__name__)


def erase_pilot(store: PilotStore, pilot_id: str, reason: str, actor: Actor, *, key: str | None = None) -> Erased:
    """Remove a pilot from the store for good.

    Its scenario, brand, playbook version, how it ended, and its numbers of attempts and reviews are kept. Raises
    PilotNotFound, InvalidRequest without a reason, and NotAllowedNow while a video of it is being rendered. Sending the
    same ``key`` twice erases once.
    """
    permission.ask(store.database, actor, ActKind.ERASE_PILOT, pilot_id, store.clock())
    why = checked_reason(reason)

    def again(result: dict[str, Any]) -> Erased:
        return Erased(result["counts"], [f"Erased {pilot_id}: {count(result['rows'], 'row')} are gone.", BACKUPS])

    return once(store, key, lambda: _erase(store, pilot_id, why, actor, key), again)


def _erase(store: PilotStore, pilot_id: str, why: str, actor: Actor, key: str | None) -> Erased:
    pilot = store.load(pilot_id)
    counts = _counts(pilot)

    def remove_rows(connection: Connection) -> int:
        permission.check(connection, actor, ActKind.ERASE_PILOT, pilot_id, store.clock())
        if erasures.is_under_way(connection, pilot_id):
            raise NotAllowedNow("A film of this pilot is being made; erase the pilot when that is over.")
        removed = sum(erasures.remove_pilot(connection, pilot_id).values())
        made = Erasure(ids.new_id("erasure"), store.clock(), actor, why, "pilot", pilot_id, counts, hashed(pilot_id))
        erasures.add(connection, made)
        if key:
            act_keys.use(connection, key, None, store.clock(), {"counts": counts, "rows": removed})
        return removed

    rows = store.database.transaction(remove_rows)
    log.info("pilot erased", extra={"pilot_id": pilot_id, "actor": actor})
    removed: list[int] = []
    warnings = warnings_of(
        lambda: removed.append(files.remove_files(store, pilot_id)), lambda: files.rewrite_database_file(store)
    )
    gone = f"{count(rows, 'row')} and {count(removed[0], 'file')}" if removed else count(rows, "row")
    return Erased(
        counts,
        [
            f"Erased {pilot_id}: {gone} are gone.",
            f"Kept, without names: {counts['scenario_type']}, {counts['brand_preset'] or 'no brand'}, "
            f"{counts['approval_outcome']}, {count(len(pilot.runs), 'attempt')}, {count(_reviews(pilot), 'review')}.",
            BACKUPS,
        ],
        warnings,
    )


def finish_erasures(store: PilotStore) -> list[str]:
    """Finish interrupted erasures: remove files, and erased bytes in the database file. Returns the pilots' ids.

    Raises StoreError at the end if something is still there.
    """
    left = files.pilots_with_files_left(store)
    steps = [partial(files.remove_files, store, pilot_id) for pilot_id in left]
    warnings = warnings_of(*steps, partial(files.rewrite_database_file, store))
    if warnings:
        raise StoreError(" ".join(warnings))
    return left


def _counts(pilot: PilotRun) -> dict[str, object]:
    return {
        "scenario_type": pilot.scenario_type,
        "brand_preset": pilot.brand_preset,
        "playbook_version": pilot.playbook_version,
        "status": pilot.status.value,
        "approval_outcome": pilot.approval_outcome.value,
        "attempts": len(pilot.runs),
        "reviews": _reviews(pilot),
    }


def _reviews(pilot: PilotRun) -> int:
    return sum(len(attempt.feedback) for attempt in pilot.runs)
