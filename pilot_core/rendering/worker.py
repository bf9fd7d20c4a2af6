"""Render one attempt in its own process: ``python -m pilot_core.rendering.worker STORE PILOT_ID ATTEMPT_NUMBER``."""

import logging
import signal
import sys
from types import FrameType

from pilot_core import logs
from pilot_core.errors import PilotError
from pilot_core.rendering.attempt import run_attempt
from pilot_core.settings import read_settings
from pilot_core.store.pilots import PilotStore

log = logging.getLogger("pilot_core.rendering.worker")  # run as a program, its __name__ is __main__


def main(store_root: str, pilot_id: str, attempt_number: int) -> int:
    """Render the queued attempt once fewer renders than allowed are in progress; returns 1 if it could not begin.

    A failed render is recorded with its attempt and does not change the exit code.
    """
    signal.signal(signal.SIGTERM, _leave)
    try:
        settings = read_settings()
        logs.set_up(settings.log_level or "info")
        store = PilotStore(store_root, database_url=settings.database_url, media=settings.media)
        run_attempt(store, pilot_id, attempt_number, settings, at_once=settings.renders_at_once)
    except PilotError as error:
        log.error("%s", error)
        return 1
    return 0


def _leave(number: int, frame: FrameType | None) -> None:
    # Raises SystemExit, so that the render is marked as stopped on the way out.
    sys.exit(128 + number)


if __name__ == "__main__":
    logs.set_up("info")
    with logs.about(pilot_id=sys.argv[2], attempt=int(sys.argv[3])):
        sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
