"""The command line. An invalid request prints one sentence to stderr, exits with code 2 and writes nothing."""

import argparse
import io
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from pilot_core import catalog, logs
from pilot_core.cli.arguments import USAGE, action_of, parser
from pilot_core.errors import PilotError, StoreDamaged
from pilot_core.maintenance.catalog import check_catalog
from pilot_core.settings import Settings, read_settings
from pilot_core.store.tables.display_names import local_login

RUN = {
    "founder": "attempts:start",
    "continue_pilot": "attempts:continue_pilot",
    "list": "listing:list_pilots",
    "report": "transfer:report",
    "programme": "programme:show_programme",
    "plan": "planning:plan",
    "export": "transfer:export",
    "record_feedback": "lifecycle:record",
    "pause": "lifecycle:pause",
    "resume": "lifecycle:resume",
    "drop": "lifecycle:drop",
    "raise_limit": "lifecycle:raise_limit",
    "override": "judgements:override",
    "confirm_override": "judgements:confirm_override",
    "undo_override": "judgements:undo_override",
    "retry": "attempts:retry",
    "import_state": "transfer:import_state",
    "backup": "maintenance:backup",
    "restore": "maintenance:restore",
    "move_store": "moving:move_store",
    "check": "maintenance:check",
    "repair": "maintenance:repair",
    "invite": "keys:invite",
    "keys": "keys:list_keys",
    "revoke_key": "keys:revoke_key",
    "erase_pilot": "erase:erase_pilot",
    "erase_person": "erase:erase_person",
    "conform": "maintenance:conform",
    "send_due": "messages:send_due",
    "review_link": "messages:review_link",
    "verify_certificate": "certificates:verify_certificate",
    "check_catalog": "maintenance:check_the_catalog",
}
"""The function of each action, as ``module:function`` of this package. It is imported when it is run, so that a command
that only lists pilots does not load the rendering code.
"""


UNFORESEEN = DAMAGED = 1
WITHOUT_CATALOG = ("list", "verify_certificate", "keys")
"""Actions that look only, and do not wait for the catalogue to be checked."""


def command(action: str) -> Callable[[argparse.Namespace, Settings], int]:
    """Return the function that runs an action and returns the exit code."""
    module, _, name = RUN[action].partition(":")
    found: Callable[[argparse.Namespace, Settings], int] = getattr(import_module(f"{__name__}.{module}"), name)
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code.

    0: done. 1: an attempt could not be rendered, a check found a problem, the database is damaged, or something
    unforeseen happened.
    2: invalid request. 130: interrupted.
    """
    if sys.stdout is None:
        sys.stdout = io.StringIO()  # closed by the caller; the command does its work all the same
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a letter shows its number
    try:
        config = read_settings()
        catalog.use(config.catalog)
        arguments = parser().parse_args(argv)
        action = action_of(arguments)
        logs.set_up(config.log_level or "warning")
        with logs.about(actor=local_login()):
            if action not in WITHOUT_CATALOG:
                check_catalog()
            code = command(action)(arguments, config)
        sys.stdout.flush()
        return code
    except PilotError as error:
        print(f"{str(error).rstrip('.')} ({error.shell})." if error.shell else error, file=sys.stderr)
        return DAMAGED if isinstance(error, StoreDamaged) else USAGE
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of a pipe, such as `head`, has closed it. What is still buffered goes nowhere, and without a trace.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        print(f"{_unforeseen(error)} {_trace_kept()}", file=sys.stderr)
        return UNFORESEEN


def _unforeseen(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"The command could not be finished ({place}{error.strerror})."
    return f"The command could not be finished: an unexpected error occurred ({type(error).__name__})."


def _trace_kept() -> str:
    """Write the present exception's trace to a file of its own, and return the sentence that names it."""
    reference = logs.new_id()
    try:
        path = Path(tempfile.mkdtemp(prefix="pilot-ops-")) / f"{reference}.log"
        path.write_text(traceback.format_exc(), encoding="utf-8", errors="backslashreplace")
    except OSError:
        return f"The details could not be kept (error {reference})."
    return f"The details are in {path}."
