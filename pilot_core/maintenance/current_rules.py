"""Bring saved recommendations up to the rules in force.

A pilot's recommendation is saved with the pilot, so after a change of the rules the saved ones are those of the rules
before. Filed reports keep their rules version and are never rewritten.
"""

import logging
from collections.abc import Iterator

from pilot_core.formatting import count
from pilot_core.insight.recommend import recommend
from pilot_core.insight.rules import current_rules
from pilot_core.maintenance.findings import Finding
from pilot_core.store.engine import integrity
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables.pilots import derived_columns

log = logging.getLogger(__name__)

KIND = "other_rules"
AT_ONCE = 200


def finding(store: PilotStore) -> Iterator[Finding]:
    """Yield one finding if there are pilots whose saved recommendation is by other rules than those in force."""
    version = current_rules().version
    if outdated := integrity.judged_by_other_rules(store.database, version):
        are = "is" if len(outdated) == 1 else "are"
        yield Finding(
            KIND,
            "rules",
            f"The saved recommendation of {count(len(outdated), 'pilot')} {are} not by the rules in force ({version}).",
        )


def judge_anew(store: PilotStore, most: int | None = None) -> int:
    """Save the recommendation by the rules in force for the pilots that have another, at most ``most`` of them.

    Returns how many pilots were judged. A pilot that is saved meanwhile has the new one already. Raises StoreError if
    the store cannot be written.
    """
    pilot_ids = integrity.judged_by_other_rules(store.database, current_rules().version)[:most]
    for start in range(0, len(pilot_ids), AT_ONCE):
        pilots = store.load_all(pilot_ids[start : start + AT_ONCE])
        judged = [(pilot.pilot_id, pilot.version, derived_columns(pilot, recommend(pilot))) for pilot in pilots]
        integrity.write_derived_columns(store.database, judged)
    if pilot_ids:
        log.info("judged %s anew by rules %s", count(len(pilot_ids), "pilot"), current_rules().version)
    return len(pilot_ids)
