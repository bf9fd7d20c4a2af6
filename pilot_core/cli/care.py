"""Commands that look after a store: backup, restore, check, repair."""

import argparse
from pathlib import Path

from pilot_core import formatting
from pilot_core.cli.arguments import open_store
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
    manifest = restore(arguments.restore, root)
    print(
        f"Restored to {root}: {formatting.count(manifest.counts['pilots'], 'pilot')}, "
        f"{formatting.count(len(manifest.files), 'file')}, as of {manifest.made_at}."
    )
    if not manifest.media:
        print("Films and pictures were not in the backup; --check names those that are missing.")
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
