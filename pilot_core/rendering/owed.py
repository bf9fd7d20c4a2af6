"""Write what a render owes to the store: that it began, and its result or failure together with letting go."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from pilot_core.errors import StoreDamaged, StoreError

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 15.0

T = TypeVar("T")


def until_written(write: Callable[[], T]) -> T:
    """Call ``write`` until the store answers, with a growing pause, and return what it returns.

    The caller's claim has to be checked in ``write``, which raises Overtaken if it is lost: that ends the tries. Raises
    whatever ``write`` raises, apart from a StoreError that another try may help against.
    """
    pause = FIRST_PAUSE_SECONDS
    while True:
        try:
            return write()
        except StoreDamaged:
            raise
        except StoreError as error:
            log.warning("%s The render tries again in %g s.", error, pause)
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
