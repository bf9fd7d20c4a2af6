"""Commands that maintain a store: backup, restore, check, repair."""

import argparse
import sys
from pathlib import Path

from pilot_core import catalog, formatting
from pilot_core.cli.arguments import open_store
from pilot_core.errors import InvalidRequest
from pilot_core.maintenance import check as checking
from pilot_core.maintenance import repair as repairing
from pilot_core.maintenance import restore as restoring
from pilot_core.maintenance.backup import back_up
from pilot_core.rendering.old_videos import conform_pilot, not_conformed
from pilot_core.settings import Settings
from pilot_core.video.pipelines import unanswered_flags

DISAGREES = 1
"""The exit code of a check that found problems, or of a repair that could not fix all of them."""


def backup(arguments: argparse.Namespace, config: Settings) -> int:
    """Write the store to one file."""
    file: Path = arguments.backup
    manifest = back_up(
        open_store(arguments, config), file, media=not arguments.without_media, restored=arguments.verify
    )
    print(
        f"Backed up to {file}: {formatting.count(manifest.counts['pilots'], 'pilot')}, "
        f"{formatting.count(len(manifest.files), 'file')}, {file.stat().st_size / 1e6:.1f} MB, read back and compared"
        f"{', restored on trial' if arguments.verify else ''}."
    )
    if not manifest.media:
        print("Films and pictures are not in it.")
    return 0


def restore(arguments: argparse.Namespace, config: Settings) -> int:
    """Restore a backup into an empty folder."""
    root: Path = arguments.store or config.store
    if config.database_url:
        raise InvalidRequest(
            "A backup is brought back into a folder: unset PILOT_OPS_DATABASE_URL, bring it back, then bring it to "
            "PostgreSQL with --move-store."
        )
    manifest = restoring.restore(arguments.restore, root, config.media)
    print(
        f"Restored to {root}: {formatting.count(manifest.counts['pilots'], 'pilot')}, "
        f"{formatting.count(len(manifest.files), 'file')}, as of {manifest.made_at}."
    )
    if not manifest.media:
        print("Films and pictures were not in the backup; --check names those that are missing.")
    return 0


def check(arguments: argparse.Namespace, config: Settings) -> int:
    """Print every disagreement between database and folder, and warn of flags that no pipeline acts on."""
    found = checking.check(
        open_store(arguments, config), workers_url=config.workers_database_url, backups=config.backups
    )
    for finding in found:
        print(finding.sentence)
    print(checking.summary(found))
    for warning in unanswered_flags(catalog.flags()):
        print(warning, file=sys.stderr)
    return DISAGREES if found else 0


def check_the_catalog(arguments: argparse.Namespace, config: Settings) -> int:
    """Say that the catalogue, which was checked before, is right."""
    counts = (
        formatting.count(len(catalog.scenarios()), "scenario"),
        formatting.count(len(catalog.brands()), "brand"),
        formatting.count(len(catalog.flags()), "flag"),
    )
    print(f"The catalogue in {config.catalog} is right: {', '.join(counts)}.")
    return 0


def repair(arguments: argparse.Namespace, config: Settings) -> int:
    """Repair what the check finds, and print what was done."""
    repaired = repairing.repair(open_store(arguments, config), workers_url=config.workers_database_url)
    for sentence in repaired.done:
        print(sentence)
    for finding in repaired.left:
        print(f"Left as it is: {finding.sentence}")
    print(checking.summary(repaired.left) if repaired.left or repaired.done else "There was nothing to repair.")
    return DISAGREES if repaired.left else 0


def conform(arguments: argparse.Namespace, config: Settings) -> int:
    """Convert the videos of attempts made before videos were converted; each pilot's as it is reached."""
    store = open_store(arguments, config)
    done, left = 0, list[str]()
    for pilot_id in store.pilot_ids():
        waiting = len(not_conformed(store.load(pilot_id)))
        kept = conform_pilot(store, pilot_id) if waiting else []
        for sentence in kept:
            print(sentence)
        done, left = done + waiting - len(kept), left + kept
    print(f"{formatting.count(done, 'video')} converted or found to play as they are.")
    return DISAGREES if left else 0
