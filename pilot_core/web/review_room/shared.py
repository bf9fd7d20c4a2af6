"""What everyone in a pilot's room sees: read, worked out and drawn once for all of them, until it changes."""

import threading
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from pilot_core.domain.attachments import Attachment
from pilot_core.domain.pilot import PilotRun
from pilot_core.review import attachments
from pilot_core.review.checklist import Said, said_of
from pilot_core.store.pilots import PilotStore
from pilot_core.store.queries.room_stamp import room_stamp

SHARED_SECONDS = 2.0
"""How long what was read for one reviewer serves the others.

It is short because an erasure goes on for a moment after the stamp has told of it.
"""

T = TypeVar("T")


@dataclass(frozen=True)
class Shared:
    """What everyone in a pilot's room sees, as it was at ``stamp``."""

    stamp: str
    at: float
    pilot: PilotRun
    said: Said
    attachments: Sequence[Attachment]
    _known: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    def once(self, about: Hashable, make: Callable[[], T]) -> T:
        """Return what ``make`` returns, called once for everyone. It must not depend on who looks."""
        if about not in self._known:
            self._known[about] = make()
        found: T = self._known[about]
        return found


STAMPS_KEPT = 256

_stamps: WeakKeyDictionary[PilotStore, dict[str, tuple[tuple[object, ...], str]]] = WeakKeyDictionary()
_kept: WeakKeyDictionary[PilotStore, dict[str, Shared]] = WeakKeyDictionary()
_turns = tuple(threading.Lock() for _ in range(32))


def stamp_now(store: PilotStore, pilot_id: str) -> str:
    """Return the room's stamp, which is asked for again only after anything has changed in the store."""
    mark, known = store.database.change_mark(), _stamps.setdefault(store, {})
    found = known.get(pilot_id)
    if found and mark and found[0] == mark:
        return found[1]
    stamp = room_stamp(store.database, pilot_id)
    if len(known) >= STAMPS_KEPT:
        known.clear()
    known[pilot_id] = (mark, stamp)
    return stamp


def shared_at(store: PilotStore, pilot_id: str, stamp: str) -> Shared:
    """Return the pilot and what was said of it. News send everyone in a room here: the first one reads it for all.

    Raises PilotNotFound.
    """
    with _turns[hash(pilot_id) % len(_turns)]:
        kept, now = _kept.setdefault(store, {}), time.monotonic()
        found = kept.get(pilot_id)
        if found and found.stamp == stamp and now - found.at < SHARED_SECONDS:
            return found
        pilot, said = store.load(pilot_id), said_of(store, pilot_id)
        new = Shared(stamp, now, pilot, said, attachments.of_pilot(store, pilot_id))
        for other in [key for key, old in list(kept.items()) if now - old.at >= SHARED_SECONDS]:
            kept.pop(other, None)
        kept[pilot_id] = new
        return new
