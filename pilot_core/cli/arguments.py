"""What the command can be asked, and opening the store it is asked about."""

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from pilot_core import catalog, formatting, services
from pilot_core.errors import InvalidRequest, StoreError
from pilot_core.settings import Settings
from pilot_core.store.engines import DATABASE
from pilot_core.store.pilots import ImportReport, PilotStore

USAGE = 2

ACTIONS = {
    "founder": "start a pilot",
    "continue_pilot": "--continue-pilot",
    "list": "--list",
    "report": "--report",
    "export": "--export",
    "record_feedback": "--record-feedback",
    "pause": "--pause",
    "resume": "--resume",
    "drop": "--drop",
    "raise_limit": "--raise-limit",
    "retry": "--retry",
    "import_state": "--import-state",
    "backup": "--backup",
    "restore": "--restore",
    "move_store": "--move-store",
    "check": "--check",
    "repair": "--repair",
    "invite": "--invite",
    "keys": "--keys",
    "revoke_key": "--revoke-key",
    "erase_pilot": "--erase-pilot",
    "erase_person": "--erase-person",
    "send_due": "--send-due",
}
# Which options go with which action; one that is given with another is refused, since it would be ignored.
OPTIONS = {
    "company": {"founder"},
    "scenario": {"founder"},
    "brand": {"founder"},
    "brief": {"founder"},
    "max_attempts": {"founder", "raise_limit"},
    "video": {"founder", "continue_pilot", "retry"},
    "pipeline": {"founder", "continue_pilot", "retry"},
    "attempt": {"record_feedback"},
    "level": {"record_feedback"},
    "notes": {"record_feedback"},
    "flags": {"record_feedback"},
    "by": {"record_feedback"},
    "reason": {"pause", "drop", "raise_limit", "erase_pilot", "erase_person"},
    "external": {"drop"},
    "json": {"list", "report"},
    "role": {"invite"},
    "without_media": {"backup"},
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InvalidRequest(f"{message[0].upper()}{message[1:].rstrip('.')}; see --help.")


def parser() -> argparse.ArgumentParser:
    """The command's options, in the guide's words."""
    made = _Parser(prog="run_pilot.py", description="Run pilots with founders: first cuts, feedback, outcome reports.")
    made.add_argument("--store", type=Path, metavar="DIR", help="the store's folder (default: data/pilots)")
    start = made.add_argument_group("start a pilot")
    start.add_argument("--founder", metavar="NAME", help="the founder's name; starts a new pilot")
    start.add_argument("--company", metavar="NAME", help="the company's name")
    start.add_argument("--scenario", metavar="ID", help=", ".join(catalog.scenarios()))
    start.add_argument(
        "--brand", metavar="ID", help=f"{', '.join(catalog.brands())} (default: {catalog.default_brand().id})"
    )
    start.add_argument("--brief", type=Path, metavar="FILE", help="what the film should say, as JSON or TOML")
    start.add_argument("--max-attempts", type=int, metavar="N", help="how many attempts the pilot has (default: 5)")
    make = made.add_argument_group("make a cut")
    make.add_argument("--continue-pilot", metavar="ID", help="make the pilot's next attempt")
    make.add_argument("--retry", metavar="ID", help="make the failed latest attempt again")
    make.add_argument("--pipeline", metavar="NAME", help=f"{', '.join(services.PIPELINES)} (default: a setting)")
    make.add_argument("--video", type=Path, metavar="FILE", help="a finished mp4, for the upload pipeline")
    say = made.add_argument_group("log what was decided")
    say.add_argument("--record-feedback", metavar="ID", help="log the founder's decision on an attempt")
    say.add_argument("--attempt", type=int, metavar="N", help="which attempt it is about")
    say.add_argument("--level", metavar="L", help="approve, minor_changes or major_changes")
    say.add_argument("--notes", metavar="TEXT", help="what the founder said")
    say.add_argument("--flags", metavar="A,B", help="flags raised, separated by commas")
    say.add_argument("--by", metavar="NAME", help="who said it (default: the founder)")
    say.add_argument("--pause", metavar="ID", help="stop work for now")
    say.add_argument("--resume", metavar="ID", help="take a paused pilot up again")
    say.add_argument("--drop", metavar="ID", help="end a pilot without approval")
    say.add_argument(
        "--external", action="store_true", help="with --drop: the reason was not ours (budget, founder left)"
    )
    say.add_argument("--raise-limit", metavar="ID", help="allow more attempts, up to --max-attempts, with a --reason")
    say.add_argument("--reason", metavar="TEXT", help="why")
    see = made.add_argument_group("look")
    see.add_argument("--list", action="store_true", help="list all pilots")
    see.add_argument("--report", metavar="ID", help="write and show a pilot's outcome report")
    see.add_argument(
        "--export", type=Path, metavar="DIR", help="write every table there, as CSV and Parquet, with a data dictionary"
    )
    see.add_argument("--json", action="store_true", help="with --list and --report: as JSON")
    see.add_argument("--import-state", type=Path, metavar="PATH", help="take in a state file, or a folder of them")
    keep = made.add_argument_group("look after the store")
    keep.add_argument("--backup", type=Path, metavar="FILE", help="write the store to one file, also while it is used")
    keep.add_argument("--without-media", action="store_true", help="with --backup: leave out films and pictures")
    keep.add_argument("--restore", type=Path, metavar="FILE", help="bring a backup back into an empty --store")
    keep.add_argument(
        "--move-store", metavar="TARGET", help="copy the store to postgresql://… or, on DuckDB, to another folder"
    )
    keep.add_argument("--check", action="store_true", help="name every disagreement between database and folder")
    keep.add_argument("--repair", action="store_true", help="mend what --check finds, and say what was done")
    keep.add_argument("--send-due", action="store_true", help="send the messages that are due; for cron")
    erase = made.add_argument_group("erase on request, with a --reason")
    erase.add_argument("--erase-pilot", metavar="ID", help="take a pilot out for good: rows, films, documents")
    erase.add_argument("--erase-person", metavar="NAME", help="take a person's name and words out of every pilot")
    let_in = made.add_argument_group("let others in")
    let_in.add_argument("--invite", metavar="NAME", help="make a sign-in link for one person; it works once")
    let_in.add_argument("--role", metavar="ROLE", help="with --invite: lead or viewer (default: lead)")
    let_in.add_argument("--keys", action="store_true", help="list who was let in")
    let_in.add_argument("--revoke-key", metavar="KEY", help="end the keys of a name, or the one of an id, at once")
    return made


def action_of(arguments: argparse.Namespace) -> str:
    given = [name for name in ACTIONS if getattr(arguments, name) not in (None, False)]
    if not given:
        raise InvalidRequest(
            "Say what to do: --founder NAME to start a pilot, --list to see them, --help for the rest."
        )
    if len(given) > 1:
        raise InvalidRequest(f"One thing at a time: {ACTIONS[given[0]]} and {ACTIONS[given[1]]} do not go together.")
    action = given[0]
    for option, actions in OPTIONS.items():
        if action not in actions and getattr(arguments, option) not in (None, False):
            raise InvalidRequest(f"--{option.replace('_', '-')} does not go with {flag_of(action)}; see --help.")
    return action


def flag_of(action: str) -> str:
    return "--founder" if action == "founder" else ACTIONS[action]


def need(arguments: argparse.Namespace, action: str, *options: str) -> None:
    missing = [f"--{name.replace('_', '-')}" for name in options if getattr(arguments, name) is None]
    if missing:
        raise InvalidRequest(f"{flag_of(action)} also needs {' and '.join(missing)}.")


def open_store(arguments: argparse.Namespace, config: Settings, *, make: bool = False) -> PilotStore:
    root: Path = arguments.store or config.store
    known = config.database_url or (root / DATABASE).exists() or any(root.glob("pilot_*.json"))
    if not make and not known:
        raise StoreError(f"There is no store in {root} yet; start a pilot first, or name another folder with --store.")
    store = PilotStore(root)
    tell_import(store.taken_in)
    return store


def tell_import(report: ImportReport) -> None:
    if report.imported:
        print(f"Imported {formatting.count(len(report.imported), 'pilot')}.", file=sys.stderr)
    for problem in report.problems:
        print(f"Not imported: {problem}", file=sys.stderr)
