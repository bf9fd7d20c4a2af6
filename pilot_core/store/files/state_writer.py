"""Write state files: one process at a time, and never an older revision over a newer one."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from pilot_core.domain.pilot import PilotRun
from pilot_core.files import write_all_atomic
from pilot_core.store.files import state_files
from pilot_core.store.files.layout import STATE_LOCK

LOCK_SECONDS = 15.0
_guard = threading.Lock()


@contextmanager
def hold_state_files(root: Path) -> Iterator[None]:
    """Prevent other processes from writing state files of the store in ``root`` during the block. Raises Timeout."""
    with _guard, FileLock(root / STATE_LOCK, thread_local=False, timeout=LOCK_SECONDS):
        yield


def write_state_files(root: Path, pilots: list[PilotRun], still_saved: Callable[[list[str]], Iterable[str]]) -> None:
    """Write the pilots' state files, except those whose file has a newer revision.

    ``still_saved`` returns which of the ids are in the database. It is called under the lock, because a pilot that was
    erased after it was saved must leave no file. Raises StoreError, OSError, Timeout.
    """
    with hold_state_files(root):
        saved = set(still_saved([pilot.pilot_id for pilot in pilots]))
        files = {}
        for pilot in (pilot for pilot in pilots if pilot.pilot_id in saved):
            name = f"{pilot.pilot_id}.json"
            if _revision(root / name) < pilot.version:
                files[name] = state_files.text(pilot).encode()
        write_all_atomic(root, files)


def _revision(path: Path) -> int:
    """Return a state file's revision, or 0 if there is no readable file."""
    try:
        revision: int = json.loads(path.read_bytes()).get("revision", 0)
        return revision
    except (OSError, ValueError, AttributeError):
        return 0
