"""Commands that override a pilot's recommendation, confirm an override as a second person, and undo it."""

import argparse

from pilot_core.cli.arguments import need, open_store
from pilot_core.errors import NotAllowedNow
from pilot_core.services import judgements
from pilot_core.settings import Settings
from pilot_core.store.tables.judgements import open_override


def override(arguments: argparse.Namespace, config: Settings) -> int:
    """Override a pilot's recommendation, or ask for it where a second person must confirm it."""
    need(arguments, "override", "verdict", "reason")
    store, pilot_id = open_store(arguments, config), arguments.override
    verdict = arguments.verdict.strip().upper()
    made = judgements.override_recommendation(store, pilot_id, verdict, arguments.reason, store.acting(None))
    if made.waits:
        print(f"{made.made_by} asks to override the recommendation of {pilot_id} with {made.verdict}.")
        print(f"It takes effect when a second person confirms it: --confirm-override {pilot_id} --reason …")
    else:
        print(f"{made.made_by} overrides the recommendation of {pilot_id} with {made.verdict}.")
    return 0


def confirm_override(arguments: argparse.Namespace, config: Settings) -> int:
    """Give a second person's reason for the override that waits for one."""
    need(arguments, "confirm_override", "reason")
    store, pilot_id = open_store(arguments, config), arguments.confirm_override
    asked = store.database.read(lambda connection: open_override(connection, store.load(pilot_id).pilot_id))
    if asked is None or not asked.waits:
        raise NotAllowedNow(f"{pilot_id} has no override that waits for a second reason.")
    made = judgements.confirm_override(store, pilot_id, asked.override_id, arguments.reason, store.acting(None))
    print(f"{made.second_by} confirms the override of {pilot_id} with {made.verdict} by {made.made_by}: ", end="")
    print(made.second_reason)
    return 0


def undo_override(arguments: argparse.Namespace, config: Settings) -> int:
    """Undo a pilot's override, or the request for one."""
    need(arguments, "undo_override", "reason")
    store = open_store(arguments, config)
    judgements.undo_override(store, arguments.undo_override, arguments.reason, store.acting(None))
    print(f"The override of {arguments.undo_override} is taken back.")
    return 0
