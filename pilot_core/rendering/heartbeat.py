"""The heartbeat of a render: its progress, written to the store once a second."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pilot_core.errors import PilotError
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import renders
from pilot_core.video.contract import Progress

HEARTBEAT_SECONDS = 1.0


@contextmanager
def heartbeat(store: PilotStore, attempt_id: str, progress: Progress) -> Iterator[Progress]:
    """Yield a function that passes progress on at once. A thread writes the latest to the store every second."""
    fraction, step = 0.0, "Starting"
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT_SECONDS):
            # A busy store must not stop the render. The next heartbeat writes the progress.
            with suppress(PilotError):
                _beat(store, attempt_id, fraction, step)

    def report(now_fraction: float, now_step: str) -> None:
        nonlocal fraction, step
        fraction, step = max(fraction, now_fraction), now_step
        progress(fraction, step)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield report
    finally:
        over.set()
        thread.join()


def _beat(store: PilotStore, attempt_id: str, fraction: float, step: str) -> None:
    now = store.clock()
    store.database.transaction(lambda c: renders.beat(c, attempt_id, now, fraction, step))
