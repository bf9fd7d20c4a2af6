"""Commands that print a review link, and that send the messages that are due, for cron where no server runs."""

import argparse

from pilot_core.cli.arguments import open_store
from pilot_core.errors import NotAllowedNow
from pilot_core.formatting import count
from pilot_core.messages import sender, sending
from pilot_core.review.links import LINK_DAYS
from pilot_core.settings import Settings

GIVEN_UP = 1


def review_link(arguments: argparse.Namespace, config: Settings) -> int:
    """Print a review link of the newest ready attempt; with ``--mark-sent``, record that the attempt was sent."""
    store = open_store(arguments, config)
    actor = store.acting(None)
    pilot = store.load(arguments.review_link)
    ready = pilot.newest_ready_attempt
    if ready is None:
        raise NotAllowedNow(
            f"{pilot.pilot_id} has no video to send yet.", shell=f"--continue-pilot {pilot.pilot_id} makes one"
        )
    number = ready.attempt_number
    link = sending.link_for(store, config, pilot, actor)
    if arguments.mark_sent:
        sending.mark_sent(store, config, pilot.pilot_id, number, actor)
    print(link)
    print(f"Send it to {pilot.founder_name}: it opens attempt {number}, for {LINK_DAYS} days.")
    if arguments.mark_sent:
        print(f"Attempt {number} is marked as sent.")
    elif not pilot.why_not_sendable(ready):
        print(f"Then mark it as sent: --review-link {pilot.pilot_id} --mark-sent")
    return 0


def send_due(arguments: argparse.Namespace, config: Settings) -> int:
    """Send the messages that are due. Returns 1 if any of them failed for good."""
    done = sender.send_due(open_store(arguments, config), config)
    waiting = done.failed - done.given_up
    later = f" {count(waiting, 'message')} could not go yet; that is tried again." if waiting else ""
    print(f"Sent {count(done.sent, 'message')}.{later}")
    if done.given_up:
        print(f"Given up on {count(done.given_up, 'message')}; the diagnostics page says why.")
    return GIVEN_UP if done.given_up else 0
