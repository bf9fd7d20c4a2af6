"""What a crash left, mended in a process of its own: ``python -m pilot_core.care.mending STORE``.

It looks at every pilot, and in the server's process the first visitors would wait for that.
"""

import logging
import os
import sys

from pilot_core import logs
from pilot_core.care.repair import repair
from pilot_core.errors import PilotError
from pilot_core.settings import settings
from pilot_core.store.pilots import PilotStore

log = logging.getLogger("pilot_core.care.mending")  # run as a program, its __name__ is another

LOWEST = 19


def mend(store: PilotStore) -> None:
    """Finish or undo what a crash left behind, and tell the log what was done."""
    repaired = repair(store, thorough=False)
    for sentence in repaired.done:
        log.warning("mended at start: %s", sentence)
    for finding in repaired.left[:20]:
        log.warning("not mended: %s", finding.sentence)
    if len(repaired.left) > 20:
        log.warning("and %s more; --check names them all", len(repaired.left) - 20)


def main(store_root: str) -> int:
    """Mend that store after all else that the machine has to do; 1 when it cannot be read."""
    try:
        os.nice(LOWEST)
        logs.set_up(settings().log_level or "info")
        mend(PilotStore(store_root))
    except PilotError as error:
        log.error("what a crash left could not be mended: %s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
