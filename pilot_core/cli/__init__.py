"""The command line. Anything wrong with what was asked is one sentence on stderr and exit code 2, nothing written."""

import argparse
import sys
from collections.abc import Callable, Sequence

from pilot_core import logs
from pilot_core.cli import care, erase, keys, look, messages, work
from pilot_core.cli.arguments import USAGE, action_of, parser
from pilot_core.errors import PilotError
from pilot_core.settings import Settings, settings
from pilot_core.store.pilots import local_user

RUN: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
    "founder": work.start,
    "continue_pilot": work.continue_pilot,
    "list": look.list_pilots,
    "report": look.report,
    "export": look.export,
    "record_feedback": work.record,
    "pause": work.pause,
    "resume": work.resume,
    "drop": work.drop,
    "raise_limit": work.raise_limit,
    "retry": work.retry,
    "import_state": look.import_state,
    "backup": care.backup,
    "restore": care.restore,
    "move_store": care.move_store,
    "check": care.check,
    "repair": care.repair,
    "invite": keys.invite,
    "keys": keys.list_keys,
    "revoke_key": keys.revoke_key,
    "erase_pilot": erase.erase_pilot,
    "erase_person": erase.erase_person,
    "send_due": messages.send_due,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code.

    0 done, 1 a cut could not be made or a check found something, 2 asked wrongly, 130 interrupted.
    """
    try:
        arguments = parser().parse_args(argv)
        action = action_of(arguments)
        config = settings()
        logs.set_up(config.log_level or "warning")
        with logs.about(actor=local_user()):
            return RUN[action](arguments, config)
    except PilotError as error:
        print(f"{str(error).rstrip('.')} ({error.shell})." if error.shell else error, file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of a pipe such as `| head` has seen enough.
        sys.stderr.close()
        return 0
