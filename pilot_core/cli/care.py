"""Commands that look after a store: backup, restore, move, check, repair."""

import argparse
from pathlib import Path

from pilot_core import formatting
from pilot_core.cli.arguments import open_store
from pilot_core.errors import InvalidRequest
from pilot_core.settings import Settings

DISAGREES = 1


def backup(arguments: argparse.Namespace, config: Settings) -> int:
    from pilot_core.care.backup import back_up

    file: Path = arguments.backup
    manifest = back_up(open_store(arguments, config), file, media=not arguments.without_media)
    print(
        f"Backed up to {file}: {formatting.count(manifest.counts['pilots'], 'pilot')}, "
        f"{formatting.count(len(manifest.files), 'file')}, {file.stat().st_size / 1e6:.1f} MB, read back and compared."
    )
    if not manifest.media:
        print("Films and pictures are not in it.")
    return 0


def restore(arguments: argparse.Namespace, config: Settings) -> int:
    from pilot_core.care.restore import restore

    root: Path = arguments.store or config.store
    if config.database_url:
        raise InvalidRequest(
            "A backup is brought back into a folder: unset PILOT_OPS_DATABASE_URL, bring it back, then bring it to "
            "PostgreSQL with --move-store."
        )
    manifest = restore(arguments.restore, root)
    print(
        f"Restored to {root}: {formatting.count(manifest.counts['pilots'], 'pilot')}, "
        f"{formatting.count(len(manifest.files), 'file')}, as of {manifest.made_at}."
    )
    if not manifest.media:
        print("Films and pictures were not in the backup; --check names those that are missing.")
    return 0


def move_store(arguments: argparse.Namespace, config: Settings) -> int:
    from pilot_core.care.move import move_store

    store = open_store(arguments, config)
    moved = move_store(store, arguments.move_store, lambda sentence: print(sentence, flush=True))
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


def check(arguments: argparse.Namespace, config: Settings) -> int:
    from pilot_core.care.check import check, summary

    found = check(open_store(arguments, config))
    for finding in found:
        print(finding.sentence)
    print(summary(found))
    return DISAGREES if found else 0


def repair(arguments: argparse.Namespace, config: Settings) -> int:
    from pilot_core.care.check import summary
    from pilot_core.care.repair import repair

    repaired = repair(open_store(arguments, config))
    for sentence in repaired.done:
        print(sentence)
    for finding in repaired.left:
        print(f"Left as it is: {finding.sentence}")
    print(summary(repaired.left) if repaired.left or repaired.done else "There was nothing to repair.")
    return DISAGREES if repaired.left else 0
