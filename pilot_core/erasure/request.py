"""The reason and the result of an erasure."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pilot_core.domain import limits
from pilot_core.errors import InvalidRequest, StoreError

log = logging.getLogger(__name__)

ERASED = "Erased person"
BACKUPS = "Backups made before now still hold it until they are replaced; those made from now on do not."


@dataclass(frozen=True)
class Erased:
    """The result of an erasure: the counts that were kept, and sentences for the person who requested it.

    ``warnings`` are sentences on what could not be removed yet; the next start or ``--repair`` removes it.
    """

    counts: dict[str, Any]
    sentences: list[str]
    warnings: tuple[str, ...] = ()


def warnings_of(*steps: Callable[[], object]) -> tuple[str, ...]:
    """Do the steps that follow a committed erasure, each one whatever became of the others; return what they raised."""
    raised = []
    for step in steps:
        try:
            step()
        except StoreError as error:
            log.exception("an erasure was committed, but a step after it failed")
            raised.append(str(error))
    return tuple(raised)


def checked_reason(text: str) -> str:
    """Return the reason on one line. Raises InvalidRequest if it is empty or too long."""
    reason = " ".join(text.split())
    if not reason:
        raise InvalidRequest("Say why this is erased; the reason is kept, without names.", field="reason")
    if len(reason) > limits.ERASURE_REASON:
        raise InvalidRequest(f"Keep the reason to {limits.ERASURE_REASON} characters.", field="reason")
    return reason
