"""Commands that record feedback on a pilot, pause, resume or drop it, or raise its maximum number of attempts."""

import argparse
import sys
from contextlib import suppress

from pilot_core.cli.arguments import need, open_store
from pilot_core.domain.pilot import PilotRun, PilotStatus
from pilot_core.errors import PilotError
from pilot_core.formatting import all_used
from pilot_core.services import pilots
from pilot_core.services.owed_reports import settle_due_reports
from pilot_core.settings import Settings
from pilot_core.store.pilots import PilotStore


def record(arguments: argparse.Namespace, config: Settings) -> int:
    need(arguments, "record_feedback", "attempt", "level")
    store = open_store(arguments, config)
    pilot = pilots.record_feedback(
        store,
        arguments.record_feedback,
        arguments.attempt,
        arguments.notes or "",
        arguments.level,
        [flag.strip() for flag in (arguments.flags or "").split(",") if flag.strip()],
        by=arguments.by,
        channel="command line",
        people_hours=arguments.people_hours,
    )
    level = pilot.attempt(arguments.attempt).feedback_level or ""
    print(f"Recorded for attempt {arguments.attempt}: {level.replace('_', ' ')}.")
    _file_due_report(store, pilot)
    if pilot.approval_outcome == "approved":
        print(f"{pilot.pilot_id} is completed. See --report {pilot.pilot_id}")
    elif pilot.status == "paused":
        print(f"{pilot.pilot_id} is still paused; take it up again with --resume {pilot.pilot_id}")
    elif pilot.attempts_used < pilot.max_attempts:
        print(f"Next: --continue-pilot {pilot.pilot_id}")
    else:
        print(f"{all_used(pilot.max_attempts)}; see --report {pilot.pilot_id}")
    return 0


def pause(arguments: argparse.Namespace, config: Settings) -> int:
    need(arguments, "pause", "reason")
    return _print_status(pilots.pause(open_store(arguments, config), arguments.pause, arguments.reason))


def resume(arguments: argparse.Namespace, config: Settings) -> int:
    return _print_status(pilots.resume(open_store(arguments, config), arguments.resume))


def drop(arguments: argparse.Namespace, config: Settings) -> int:
    need(arguments, "drop", "reason")
    store = open_store(arguments, config)
    pilot = pilots.drop(store, arguments.drop, arguments.reason, external=arguments.external)
    _file_due_report(store, pilot)
    return _print_status(pilot)


def raise_limit(arguments: argparse.Namespace, config: Settings) -> int:
    need(arguments, "raise_limit", "max_attempts", "reason")
    store = open_store(arguments, config)
    pilot = pilots.raise_limit(store, arguments.raise_limit, arguments.max_attempts, arguments.reason)
    print(f"{pilot.pilot_id} may now make {pilot.max_attempts} attempts.")
    return 0


def _file_due_report(store: PilotStore, pilot: PilotRun) -> None:
    """File the outcome report of a pilot that this command has completed. A server or a repair does it otherwise."""
    if pilot.status is PilotStatus.COMPLETED:
        with suppress(PilotError):
            settle_due_reports(store)


def print_warnings(pilot: PilotRun) -> None:
    """Print the warnings of a change that was saved but could not be completed."""
    for sentence in pilot.warnings:
        print(f"Warning: {sentence} --repair does it now.", file=sys.stderr)


def _print_status(pilot: PilotRun) -> int:
    print_warnings(pilot)
    outcome = f" ({pilot.approval_outcome})" if pilot.status == "completed" else ""
    print(f"{pilot.pilot_id} is now {pilot.status}{outcome}.")
    return 0
