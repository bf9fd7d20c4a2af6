"""The command that moves a store. It loads both database engines; every other command loads only the one it uses."""

import argparse

from pilot_core import formatting
from pilot_core.cli.arguments import open_store
from pilot_core.maintenance import move
from pilot_core.settings import Settings


def move_store(arguments: argparse.Namespace, config: Settings) -> int:
    """Copy the store to another engine or folder."""
    store = open_store(arguments, config)
    moved = move.move_store(store, arguments.move_store, lambda sentence: print(sentence, flush=True))
    rows = sum(tally.rows for tally in moved.tables.values())
    files = f", {formatting.count(moved.files, 'file')} ({moved.size / 1e6:,.0f} MB)" if moved.files else ""
    print(
        f"Moved to {moved.place}: {formatting.count(moved.tables['pilots'].rows, 'pilot')}, "
        f"{formatting.count(rows, 'row')} in {formatting.count(len(moved.tables), 'table')}{files}, read back and "
        "compared. What was copied is as it was."
    )
    if moved.files and config.media:
        print("Its films and documents are all in that folder; unset PILOT_OPS_MEDIA where you use it.")
    return 0
