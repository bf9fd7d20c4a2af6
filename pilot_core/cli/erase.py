"""Commands that erase a pilot or a person's data."""

import argparse
import sys

from pilot_core.cli.arguments import need, open_store
from pilot_core.erasure import person, pilot
from pilot_core.erasure.request import Erased
from pilot_core.settings import Settings


def erase_pilot(arguments: argparse.Namespace, config: Settings) -> int:
    need(arguments, "erase_pilot", "reason")
    store = open_store(arguments, config)
    return _print(pilot.erase_pilot(store, arguments.erase_pilot, arguments.reason, store.acting(None)))


def erase_person(arguments: argparse.Namespace, config: Settings) -> int:
    need(arguments, "erase_person", "reason")
    store = open_store(arguments, config)
    return _print(person.erase_person(store, arguments.erase_person, arguments.reason, store.acting(None)))


def _print(done: Erased) -> int:
    for sentence in done.sentences:
        print(sentence)
    for warning in done.warnings:
        print(warning, file=sys.stderr)
    return 1 if done.warnings else 0
