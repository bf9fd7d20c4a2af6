"""The command that sends the messages that are due, to be run by cron where no server runs."""

import argparse

from pilot_core.cli.arguments import open_store
from pilot_core.formatting import count
from pilot_core.messages import sender
from pilot_core.settings import Settings

GIVEN_UP = 1


def send_due(arguments: argparse.Namespace, config: Settings) -> int:
    """Send the messages that are due. Returns 1 if any of them failed for good."""
    done = sender.send_due(open_store(arguments, config), config)
    waiting = done.failed - done.given_up
    later = f" {count(waiting, 'message')} could not go yet; that is tried again." if waiting else ""
    print(f"Sent {count(done.sent, 'message')}.{later}")
    if done.given_up:
        print(f"Given up on {count(done.given_up, 'message')}; the diagnostics page says why.")
    return GIVEN_UP if done.given_up else 0
