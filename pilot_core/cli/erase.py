"""Commands that take a pilot, or a person, out of the store for good."""

import argparse
from typing import TYPE_CHECKING

from pilot_core.cli.arguments import need, open_store
from pilot_core.settings import Settings
from pilot_core.store.pilots import local_user

if TYPE_CHECKING:
    from pilot_core.erasure import Erased


def erase_pilot(arguments: argparse.Namespace, config: Settings) -> int:
    from pilot_core import erasure

    need(arguments, "erase_pilot", "reason")
    return _tell(
        erasure.erase_pilot(open_store(arguments, config), arguments.erase_pilot, arguments.reason, local_user())
    )


def erase_person(arguments: argparse.Namespace, config: Settings) -> int:
    from pilot_core import erasure

    need(arguments, "erase_person", "reason")
    store = open_store(arguments, config)
    return _tell(erasure.erase_person(store, arguments.erase_person, arguments.reason, local_user()))


def _tell(done: "Erased") -> int:
    for sentence in done.told:
        print(sentence)
    return 0
