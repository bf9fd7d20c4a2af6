"""What was erased at one server of a site, gone from the folders of its other servers and workers too."""

import logging
from collections.abc import Callable

from pilot_core.care.bucket import stale_files
from pilot_core.care.check import erased_here
from pilot_core.erasure import remove_files
from pilot_core.store import erasures
from pilot_core.store.bucket_media import BucketMedia
from pilot_core.store.pilots import PilotStore

log = logging.getLogger(__name__)


def follower(store: PilotStore) -> Callable[[], None]:
    """A look for the erasures made since the last one; where all share one folder there is nothing to do."""
    followed = -1

    def follow() -> None:
        nonlocal followed
        if store.media.place and (there := erasures.counted(store.database)) != followed:
            for pilot_id in forget_erased(store):
                log.info("erased here too", extra={"pilot_id": pilot_id})
            followed = there

    return follow


def forget_erased(store: PilotStore) -> list[str]:
    """Take out of the folder what was erased, or names who was; returns the pilots' ids. Raises StoreError, OSError."""
    gone = erased_here(store)
    for pilot_id in gone:
        remove_files(store, pilot_id)
    named = erasures.with_erased_persons(store.database)
    for pilot in store.load_all(sorted(pilot_id for pilot_id in named if (store.root / pilot_id).is_dir())):
        assert isinstance(store.media, BucketMedia)
        stale = stale_files(store.media, pilot)
        for path in stale:
            store.path_of(path).unlink(missing_ok=True)
        if stale:
            gone.append(pilot.pilot_id)
    for pilot in store.load_all(sorted(pilot_id for pilot_id in named if (store.root / f"{pilot_id}.json").exists())):
        store.write_state_file(pilot)
    return gone
