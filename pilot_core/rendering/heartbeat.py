"""The heartbeat of a claim: while it is written to the store, nobody takes the render away."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pilot_core.domain.renders import Claim
from pilot_core.errors import PilotError
from pilot_core.rendering.failure import Overtaken
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import renders
from pilot_core.video.contract import Progress

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 1.0
WAITING_BEATS = 3
"""A render that waits for its turn writes one heartbeat of so many: forty may wait on one file.

It still writes one while others listen for it (``recovery.GRACE_SECONDS``).
"""


@contextmanager
def heartbeat(store: PilotStore, held: Claim, progress: Progress) -> Iterator[Progress]:
    """Yield a function that passes progress on at once. A thread writes the latest to the store every second.

    The function raises Overtaken once the claim is lost. Until it is called for the first time, the render waits.
    """
    fraction, step, begun = 0.0, "Waiting for a free place", False
    over, lost = threading.Event(), threading.Event()

    def beat() -> None:
        beats, failed = 0, False
        while not over.wait(HEARTBEAT_SECONDS) and not lost.is_set():
            beats += 1
            if not begun and not failed and beats % WAITING_BEATS:
                continue
            failed = True
            try:
                if not _beat(store, held, fraction, step):
                    lost.set()
                failed = False
            except PilotError as error:
                # A busy store must not stop the render. The next heartbeat writes the progress.
                log.debug("%s", error)
            except Exception:
                # Without this thread a living render would lose its claim.
                log.exception("the heartbeat of %s was not written", held.attempt_id)

    def report(now_fraction: float, now_step: str) -> None:
        nonlocal fraction, step, begun
        fraction, step, begun = max(fraction, now_fraction), now_step, True
        if lost.is_set():
            raise Overtaken(held.attempt_id)
        progress(fraction, step)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield report
    finally:
        over.set()
        thread.join()


def _beat(store: PilotStore, held: Claim, fraction: float, step: str) -> bool:
    now = store.clock()
    return store.database.transaction(lambda c: renders.beat(c, held, now, fraction, step))
