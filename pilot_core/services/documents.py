"""A pilot's runbook and founder documents: written right after the act that changes them, else a little later."""

import logging
from contextlib import suppress
from datetime import timedelta

from pilot_core import ids
from pilot_core.documents.founder import PilotRunbookBuilder, generate_founder_artifacts
from pilot_core.documents.names import FOUNDER_DOCUMENTS, RUNBOOK
from pilot_core.domain.pilot import PilotRun
from pilot_core.errors import StoreError, reason_of
from pilot_core.store.engine.connection import Connection
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import documents_due

log = logging.getLogger(__name__)

DOCUMENTS_LATER = timedelta(seconds=20)
"""How long an act has to write the documents before another process writes them."""

DOCUMENTS_AGAIN = timedelta(seconds=40)
"""How long to wait before trying again to write documents that could not be written."""


def write_documents(store: PilotStore, pilot: PilotRun) -> None:
    """Write the pilot's runbook and founder documents into its folder, replacing earlier ones.

    Raises StoreError and OSError; InvalidRequest where the pilot's scenario is unknown.
    """
    folder = store.root / ids.checked_pilot_id(pilot.pilot_id)
    PilotRunbookBuilder(pilot).build(folder / RUNBOOK)
    generate_founder_artifacts(pilot, folder, promises=store.promises)
    store.media.put(f"{pilot.pilot_id}/{name}" for name in (RUNBOOK, *FOUNDER_DOCUMENTS))
    with suppress(StoreError):  # then they are only written once more
        store.database.transaction(lambda c: documents_due.remove(c, pilot.pilot_id, pilot.version))


def write_due_documents(store: PilotStore) -> list[str]:
    """Write the documents that an act could not write; returns the pilots' ids.

    Failures are logged and tried again after ``DOCUMENTS_AGAIN``. Raises StoreError.
    """
    now = store.clock()
    if not store.database.read(lambda c: documents_due.due(c, now)):
        return []
    written = []
    for pilot_id in store.database.transaction(lambda c: documents_due.take(c, now, now + DOCUMENTS_AGAIN)):
        try:
            write_documents(store, store.load(pilot_id))
            written.append(pilot_id)
        except Exception as error:
            log.warning("the documents of %s could not be written yet: %s", pilot_id, reason_of(error))
    return written


def write_documents_now(store: PilotStore, pilot: PilotRun) -> PilotRun:
    """Write the documents after an act was saved; returns the pilot, with a warning if they could not be written."""
    try:
        write_documents(store, pilot)
    except Exception as error:
        log.exception("the documents of %s were not written", pilot.pilot_id)
        pilot.warnings.append(
            f"The runbook and founder documents could not be written: {reason_of(error)} "
            "The server tries again within a minute."
        )
    return pilot


def documents_are_due(connection: Connection, store: PilotStore, pilot: PilotRun) -> None:
    """Record that the documents of the version being saved have to be written. The act tries to write them first."""
    documents_due.add(connection, pilot.pilot_id, pilot.version + 1, store.clock() + DOCUMENTS_LATER)
