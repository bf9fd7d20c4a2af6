"""What was erased at one server of a site, gone from the folders of its other servers and workers too."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from pilot_core.care.bucket import is_from_before, stale_files
from pilot_core.care.check import LOST_FOUND, UNDER_WAY_SECONDS, erased_here
from pilot_core.erasure import copies, remove_here
from pilot_core.errors import PilotError, PilotNotFound
from pilot_core.store import erasures
from pilot_core.store.bucket_media import BucketMedia
from pilot_core.store.pilots import PilotStore

log = logging.getLogger(__name__)

UNDER_WAY = timedelta(seconds=UNDER_WAY_SECONDS)


def follower(store: PilotStore) -> Callable[[], None]:
    """A look for what was erased of late, at first for all that ever was.

    Each erasure is looked at for twice as long as something may be under way: what was being written meanwhile comes
    after it. Where all share one folder there is nothing to do.
    """
    since = erasures.EVER

    def follow() -> None:
        nonlocal since
        now = store.clock()
        if store.media.place and forget_erased(store, since):
            since = now - 2 * UNDER_WAY

    return follow


def forget_erased(store: PilotStore, since: datetime) -> bool:
    """Take out of the folder what was erased since then; False where something could not be taken, which is logged.

    Raises StoreError where the database or the bucket cannot be asked.
    """
    persons = erasures.persons_erased(store.database, since)
    if not persons and not erasures.any_since(store.database, since):
        return True
    steps: list[Callable[[], object]] = [partial(remove_here, store, pilot_id) for pilot_id in erased_here(store)]
    if persons:
        steps.append(partial(_remove_beside, store, max(persons.values())))
        steps += [partial(_remove_stale, store, *of) for of in persons.items()]
    done = True
    for step in steps:
        try:
            step()
        except (PilotError, OSError):
            log.exception("what was erased elsewhere is not all gone here")
            done = False
    return done


def _remove_stale(store: PilotStore, pilot_id: str, erased_at: datetime) -> None:
    assert isinstance(store.media, BucketMedia)
    try:
        pilot = store.load(pilot_id)
    except PilotNotFound:
        return
    for path in stale_files(store.media, pilot, erased_at, store.clock() - UNDER_WAY):
        store.path_of(path).unlink(missing_ok=True)
    if (store.root / f"{pilot_id}.json").exists():
        store.write_state_file(pilot)


def _remove_beside(store: PilotStore, erased_at: datetime) -> None:
    """What holds rows of before: the database's copies, and rows that a repair set aside."""
    for path in (*copies(store), *(store.root / LOST_FOUND).glob("*/*.rows")):
        if is_from_before(path, erased_at):
            path.unlink(missing_ok=True)
