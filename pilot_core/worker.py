"""One render in a process of its own: ``python -m pilot_core.worker STORE PILOT_ID ATTEMPT_NUMBER``."""

import logging
import signal
import sys
from types import FrameType

from pilot_core import logs
from pilot_core.errors import PilotError
from pilot_core.settings import settings
from pilot_core.store.pilots import PilotStore

log = logging.getLogger("pilot_core.worker")  # run as a program, its __name__ is another


def main(store_root: str, pilot_id: str, attempt_number: int) -> int:
    """Make the queued attempt's cut, once fewer than the allowed number are under way; 0 unless it could not begin.

    A render that fails is kept with its attempt and is no error of this process.
    """
    signal.signal(signal.SIGTERM, _leave)
    from pilot_core import rendering

    try:
        present = settings()
        logs.set_up(present.log_level or "info")
        rendering.run_attempt(
            PilotStore(store_root), pilot_id, attempt_number, present, at_once=present.renders_at_once
        )
    except PilotError as error:
        log.error("%s", error)
        return 1
    return 0


def _leave(number: int, frame: FrameType | None) -> None:
    # As an exception, so that the render is marked as stopped on the way out.
    sys.exit(128 + number)


if __name__ == "__main__":
    logs.set_up("info")
    with logs.about(pilot_id=sys.argv[2], attempt=int(sys.argv[3])):
        sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
