"""Repair after a crash, in a separate process: ``python -m pilot_core.maintenance.startup_repair STORE``.

It checks every pilot. Run inside the server, it would delay the first visitors.
"""

import logging
import os
import sys

from pilot_core import logs
from pilot_core.errors import PilotError
from pilot_core.maintenance.repair import repair
from pilot_core.settings import read_settings
from pilot_core.store.pilots import PilotStore

log = logging.getLogger("pilot_core.maintenance.startup_repair")  # __name__ is __main__ here

LOWEST = 19


def repair_and_log(store: PilotStore, workers_url: str | None) -> None:
    """Finish or undo what a crash interrupted, and log what was done."""
    repaired = repair(store, thorough=False, workers_url=workers_url)
    for sentence in repaired.done:
        log.warning("repaired at start: %s", sentence)
    for finding in repaired.left[:20]:
        log.warning("not repaired: %s", finding.sentence)
    if len(repaired.left) > 20:
        log.warning("and %s more; --check names them all", len(repaired.left) - 20)


def main(store_root: str) -> int:
    """Repair the store at the lowest process priority. Returns the exit code: 1 if the store cannot be read."""
    try:
        os.nice(LOWEST)
        settings = read_settings()
        logs.set_up(settings.log_level or "info")
        store = PilotStore(store_root, database_url=settings.database_url, media=settings.media)
        repair_and_log(store, settings.workers_database_url)
    except PilotError as error:
        log.error("could not repair what a crash left: %s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
