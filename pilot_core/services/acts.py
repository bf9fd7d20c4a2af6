"""Who does an act, on which version of the pilot, and the form key that makes a repeated act count once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from pilot_core.domain.actors import Actor
from pilot_core.errors import PilotError
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables import act_keys

T = TypeVar("T")

KEYS_LAST = timedelta(days=1)


@dataclass(frozen=True)
class Act:
    """Who acts (None: the user at the command line) on which version of the pilot (None: whatever it is now).

    ``key`` is created when a form is drawn. An act that is sent twice with the same key is done once.
    """

    actor: Actor | None = None
    seen_version: int | None = None
    key: str | None = None


LOCAL = Act()
"""An act of the local user on the current version of the pilot."""


def once(store: PilotStore, key: str | None, act: Callable[[], T], again: Callable[[dict[str, Any]], T]) -> T:
    """Do an act and return its result; if an act with that key was done before, return ``again(stored result)``.

    The act has to store its key and result in its own transaction, with ``act_keys.use``. If it raises a PilotError
    because another thread or process has done the same act in the meantime, ``again`` is called too.
    """
    if key is None:
        return act()
    if (result := _result_of(store, key)) is not None:
        return again(result)
    try:
        return act()
    except PilotError:
        if (result := _result_of(store, key)) is not None:
            return again(result)
        raise


def _result_of(store: PilotStore, key: str) -> dict[str, Any] | None:
    return store.database.read(lambda connection: act_keys.result_of(connection, key))


def remove_expired_keys(store: PilotStore) -> None:
    """Remove the keys of acts that were done more than a day ago."""
    before = store.clock() - KEYS_LAST
    store.database.transaction(lambda connection: act_keys.remove_older(connection, before))
