"""Outcome reports that are filed by themselves when a pilot completes, and withdrawn when it is opened again.

Whatever completes a pilot, its transaction notes that the report is due (``store/tables/saving.py``). The server files
it within seconds, the command line at the end of its command, and ``--repair`` if neither did.
"""

import logging
from datetime import datetime, timedelta

from pilot_core.domain.actors import PILOT_OPS
from pilot_core.domain.pilot import PilotStatus
from pilot_core.errors import PilotNotFound, reason_of
from pilot_core.services.judgements import file_report, withdraw_report
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.judgements import filed_reports
from pilot_core.store.tables import reports_due

log = logging.getLogger(__name__)

AGAIN = timedelta(seconds=40)
"""How long to wait before trying again to file a report that could not be filed."""


def settle_due_reports(store: PilotStore) -> list[str]:
    """File or withdraw the reports that are due; returns the pilots' ids.

    Failures are logged and tried again after ``AGAIN``. Raises StoreError.
    """
    now = store.clock()
    if not store.database.read(lambda c: reports_due.due(c, now)):
        return []
    settled = []
    for pilot_id, since in store.database.transaction(lambda c: reports_due.take(c, now, now + AGAIN)).items():
        try:
            _settle(store, pilot_id, since)
            settled.append(pilot_id)
        except Exception as error:
            log.warning("the report of %s could not be filed yet: %s", pilot_id, reason_of(error))
    return settled


def _settle(store: PilotStore, pilot_id: str, since: datetime) -> None:
    try:
        pilot = store.load(pilot_id)
        filed = filed_reports(store.database, pilot_id)
        if pilot.status is not PilotStatus.COMPLETED:
            for line in filed:
                if line.filed_by == PILOT_OPS:
                    withdraw_report(store, line.report_id, PILOT_OPS, reason="the pilot is open again")
        elif all(line.generated_at < since for line in filed):
            file_report(store, pilot_id, PILOT_OPS)
    except PilotNotFound:
        log.info("%s was erased before its report was filed", pilot_id)
    store.database.transaction(lambda c: reports_due.remove(c, pilot_id, since))
