"""Objects from rows that an earlier version of the program wrote, without the values that are beyond today's limits."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pilot_core.domain import limits
from pilot_core.errors import first_fault

Row = dict[str, Any]

log = logging.getLogger(__name__)

T = TypeVar("T", bound=BaseModel)

MOST_FAULTS = 100
"""How many values of one object are left out at most."""
IN_PLACE = {
    "founder_name": "Unknown",
    "company_name": "Unknown",
    "created_at": datetime(limits.FIRST_YEAR, 1, 1, tzinfo=UTC),
    "updated_at": datetime(limits.FIRST_YEAR, 1, 1, tzinfo=UTC),
    "at": datetime(limits.FIRST_YEAR, 1, 1, tzinfo=UTC),
}
"""What stands in place of a required value that is beyond the limits."""


@dataclass(frozen=True)
class LeftOut:
    """A value that was left out: whose it is (an id), its field, and why."""

    name: str
    field: str
    reason: str


_collected: ContextVar[list[LeftOut] | None] = ContextVar("values left out", default=None)


@contextmanager
def collecting() -> Iterator[list[LeftOut]]:
    """Yield a list of what is left out of the objects that are read in the block."""
    found: list[LeftOut] = []
    before = _collected.set(found)
    try:
        yield found
    finally:
        _collected.reset(before)


def within_limits(kind: type[T], fields: Row, name: str) -> T:
    """Return the object of these fields, without the values that are beyond today's limits; the log names those.

    Earlier versions of the program stored such values, and one of them must not keep a pilot from being loaded.
    """
    left = fields
    for _ in range(MOST_FAULTS):
        try:
            return kind(**left)
        except ValidationError as error:
            where = error.errors()[0]["loc"]
            log.warning("%s: %s is beyond the limits and is left out", name, ".".join(map(str, where)))
            if (collected := _collected.get()) is not None:
                collected.append(LeftOut(name, *first_fault(error)))
            left = _without(left, [*where])
    return kind(**left)


def _without(fields: Any, where: list[Any]) -> Any:
    """Return a copy of nested fields without the value at ``where``; a required one gets a value in its place."""
    here, *deeper = where
    if isinstance(fields, dict) and here in IN_PLACE:
        return fields | {here: IN_PLACE[here]}
    if isinstance(fields, dict) and here not in fields:  # required, and just left out: so goes what holds it
        raise KeyError(here)
    if deeper and isinstance(fields[here], dict | list):
        try:
            inside = _without(fields[here], deeper)
        except (KeyError, IndexError, TypeError):
            pass
        else:
            return (
                fields | {here: inside} if isinstance(fields, dict) else [*fields[:here], inside, *fields[here + 1 :]]
            )
    if isinstance(fields, dict):
        return {key: value for key, value in fields.items() if key != here}
    return [*fields[:here], *fields[here + 1 :]]
