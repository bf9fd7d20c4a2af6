"""Apply erasures made on one server to the folders of the other servers and workers."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from pilot_core.erasure.files import (
    is_older_than,
    pilots_with_files_left,
    remove_local_files,
    stale_files,
    upgrade_copies,
)
from pilot_core.errors import PilotError, PilotNotFound
from pilot_core.store.files.layout import GRACE_SECONDS, LOST_FOUND
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries import erasures

log = logging.getLogger(__name__)

GRACE = timedelta(seconds=GRACE_SECONDS)


def follower(store: PilotStore) -> Callable[[], None]:
    """Return a function that removes local files of recently erased pilots and people.

    Its first call covers all erasures. Later calls look back twice the grace period, because a file that was being
    written during an erasure may appear after it. Where all servers share one folder the function does nothing.
    """
    since = erasures.EVER

    def follow() -> None:
        nonlocal since
        now = store.clock()
        if store.media.bucket and remove_erased(store, since):
            since = now - 2 * GRACE

    return follow


def remove_erased(store: PilotStore, since: datetime) -> bool:
    """Remove from the folder what was erased since then. Returns False if something failed, which is logged.

    Raises StoreError if the database or the bucket cannot be reached.
    """
    persons = erasures.persons_erased(store.database, since)
    if not persons and not erasures.any_since(store.database, since):
        return True
    steps: list[Callable[[], object]] = [
        partial(remove_local_files, store, pilot_id) for pilot_id in pilots_with_files_left(store)
    ]
    if persons:
        steps.append(partial(_remove_old_rows, store, max(persons.values())))
        steps += [partial(_remove_stale, store, *of) for of in persons.items()]
    done = True
    for step in steps:
        try:
            step()
        except (PilotError, OSError):
            log.exception("could not remove everything that was erased at another server")
            done = False
    return done


def _remove_stale(store: PilotStore, pilot_id: str, erased_at: datetime) -> None:
    try:
        pilot = store.load(pilot_id)
    except PilotNotFound:
        return
    for path in stale_files(store.media, pilot, erased_at, store.clock() - GRACE):
        store.path_of(path).unlink(missing_ok=True)
    if (store.root / f"{pilot_id}.json").exists():
        store.write_state_file(pilot)


def _remove_old_rows(store: PilotStore, erased_at: datetime) -> None:
    """Remove what contains rows from before the erasure: copies of the database, and rows in the lost+found folder."""
    for path in (*upgrade_copies(store), *(store.root / LOST_FOUND).glob("*/*.rows")):
        if is_older_than(path, erased_at):
            path.unlink(missing_ok=True)
