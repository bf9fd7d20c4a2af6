"""The options of the command line, the actions they go with, and opening the store."""

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from pilot_core import bootstrap, catalog, formatting
from pilot_core.domain.records import is_unicode
from pilot_core.domain.roles import SIGN_IN_ROLES
from pilot_core.errors import InvalidRequest, StoreError
from pilot_core.settings import Settings
from pilot_core.store.files.layout import DATABASE
from pilot_core.store.pilots import ImportReport, PilotStore
from pilot_core.video.pipelines import PIPELINES

USAGE = 2

ACTIONS = {
    "founder": "start a pilot",
    "continue_pilot": "--continue-pilot",
    "list": "--list",
    "report": "--report",
    "programme": "--programme",
    "plan": "--plan",
    "export": "--export",
    "record_feedback": "--record-feedback",
    "pause": "--pause",
    "resume": "--resume",
    "drop": "--drop",
    "raise_limit": "--raise-limit",
    "override": "--override",
    "confirm_override": "--confirm-override",
    "undo_override": "--undo-override",
    "retry": "--retry",
    "review_link": "--review-link",
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
    "conform": "--conform",
    "send_due": "--send-due",
    "verify_certificate": "--verify-certificate",
    "check_catalog": "--check-catalog",
}
# The actions each option goes with. With any other action it is refused, since it would be ignored.
OPTIONS = {
    "company": {"founder"},
    "scenario": {"founder", "programme"},
    "brand": {"founder", "programme"},
    "brief": {"founder"},
    "brand_kit": {"founder", "continue_pilot"},
    "storyboard": {"founder", "continue_pilot"},
    "max_attempts": {"founder", "raise_limit"},
    "video": {"founder", "continue_pilot", "retry", "verify_certificate"},
    "pipeline": {"founder", "continue_pilot", "retry"},
    "attempt": {"record_feedback"},
    "level": {"record_feedback"},
    "notes": {"record_feedback"},
    "flags": {"record_feedback"},
    "by": {"record_feedback"},
    "people_hours": {"record_feedback"},
    "reason": {
        "pause",
        "drop",
        "raise_limit",
        "override",
        "confirm_override",
        "undo_override",
        "erase_pilot",
        "erase_person",
    },
    "verdict": {"override"},
    "external": {"drop"},
    "json": {"list", "report", "programme", "plan"},
    "comments": {"export"},
    "edl_from_zero": {"export"},
    "role": {"invite"},
    "without_media": {"backup"},
    "verify": {"backup"},
    "mark_sent": {"review_link"},
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InvalidRequest(f"{message[0].upper()}{message[1:].rstrip('.')}; see --help.")


def parser() -> argparse.ArgumentParser:
    """Return the argument parser, whose options are named as in the guide."""
    made = _Parser(prog="run_pilot.py", description="Run pilots with founders: first cuts, feedback, outcome reports.")
    made.add_argument("--store", type=_path, metavar="DIR", help="the store's folder (default: data/pilots)")
    _add_pilot_options(made)
    _add_looking_options(made)
    _add_store_options(made)
    return made


def _add_pilot_options(made: argparse.ArgumentParser) -> None:
    start = made.add_argument_group("start a pilot")
    start.add_argument("--founder", metavar="NAME", help="the founder's name; starts a new pilot")
    start.add_argument("--company", metavar="NAME", help="the company's name")
    start.add_argument("--scenario", metavar="ID", help=", ".join(catalog.scenarios()))
    start.add_argument(
        "--brand", metavar="ID", help=f"{', '.join(catalog.brands())} (default: {catalog.default_brand().id})"
    )
    start.add_argument("--brief", type=_path, metavar="FILE", help="what the film should say, as JSON or TOML")
    start.add_argument("--max-attempts", type=int, metavar="N", help="how many attempts the pilot has (default: 5)")
    start.add_argument(
        "--brand-kit", type=_path, metavar="FOLDER", help="the company's logo, pictures, font and kit.toml"
    )
    make = made.add_argument_group("make a cut")
    make.add_argument("--continue-pilot", metavar="ID", help="make the pilot's next attempt")
    make.add_argument("--retry", metavar="ID", help="make the failed latest attempt again")
    make.add_argument("--pipeline", metavar="NAME", help=f"{', '.join(PIPELINES)} (default: a setting)")
    make.add_argument("--video", type=_path, metavar="FILE", help="a finished video: to upload, or to verify")
    make.add_argument("--storyboard", type=_path, metavar="FILE", help="an edited storyboard.json to draw")
    make.add_argument("--review-link", metavar="ID", help="print a review link to send to the founder")
    make.add_argument("--mark-sent", action="store_true", help="with --review-link: record that you send it")
    say = made.add_argument_group("log what was decided")
    say.add_argument("--record-feedback", metavar="ID", help="log the founder's decision on an attempt")
    say.add_argument("--attempt", type=int, metavar="N", help="which attempt it is about")
    say.add_argument("--level", metavar="L", help="approve, minor_changes or major_changes")
    say.add_argument("--notes", metavar="TEXT", help="what the founder said")
    say.add_argument("--flags", metavar="A,B", help="flags raised, separated by commas")
    say.add_argument("--by", metavar="NAME", help="who said it (default: the founder)")
    say.add_argument("--people-hours", type=float, metavar="H", help="hours that the team spent on the attempt")
    say.add_argument("--pause", metavar="ID", help="stop work for now")
    say.add_argument("--resume", metavar="ID", help="take a paused pilot up again")
    say.add_argument("--drop", metavar="ID", help="end a pilot without approval")
    say.add_argument(
        "--external", action="store_true", help="with --drop: the reason was not ours (budget, founder left)"
    )
    say.add_argument("--raise-limit", metavar="ID", help="allow more attempts, up to --max-attempts, with a --reason")
    say.add_argument("--override", metavar="ID", help="override a pilot's recommendation, with a --reason")
    say.add_argument("--verdict", metavar="V", help="with --override: PROCEED, REVISE or STOP")
    say.add_argument("--confirm-override", metavar="ID", help="confirm it as a second person, with a --reason")
    say.add_argument("--undo-override", metavar="ID", help="take an override back, with a --reason")
    say.add_argument("--reason", metavar="TEXT", help="why")


def _add_looking_options(made: argparse.ArgumentParser) -> None:
    see = made.add_argument_group("look")
    see.add_argument("--list", action="store_true", help="list all pilots")
    see.add_argument("--report", metavar="ID", help="write and show a pilot's outcome report")
    see.add_argument(
        "--programme",
        action="store_true",
        help="the verdict on all pilots, or on those of a --scenario or a --brand, and on each segment",
    )
    see.add_argument(
        "--plan",
        nargs="?",
        const="",
        metavar="TARGET",
        help="how many pilots a programme needs until it is decided, for a target such as 70 (default: the rules')",
    )
    see.add_argument(
        "--export",
        type=_path,
        metavar="DIR",
        help="write every table to a folder, as CSV and Parquet, or to FILE.xlsx",
    )
    see.add_argument("--comments", metavar="ID", help="with --export: only one pilot's comments, as CSV and markers")
    see.add_argument(
        "--edl-from-zero", action="store_true", help="with --comments: EDLs start at 00:00:00:00, not at 01:00:00:00"
    )
    see.add_argument("--json", action="store_true", help="with --list, --report, --programme and --plan: as JSON")
    see.add_argument(
        "--verify-certificate",
        type=_path,
        metavar="FILE",
        help="check an approval certificate, with a --video",
    )
    see.add_argument("--import-state", type=_path, metavar="PATH", help="take in a state file, or a folder of them")


def _add_store_options(made: argparse.ArgumentParser) -> None:
    keep = made.add_argument_group("look after the store")
    keep.add_argument("--backup", type=_path, metavar="FILE", help="write the store to one file, also while it is used")
    keep.add_argument("--without-media", action="store_true", help="with --backup: leave out films and pictures")
    keep.add_argument(
        "--verify", action="store_true", help="with --backup: also restore it on trial, and compare every row"
    )
    keep.add_argument("--restore", type=_path, metavar="FILE", help="bring a backup back into an empty --store")
    keep.add_argument(
        "--move-store", metavar="TARGET", help="copy the store to postgresql://… or, on DuckDB, to another folder"
    )
    keep.add_argument("--check", action="store_true", help="name every disagreement between database and folder")
    keep.add_argument("--check-catalog", action="store_true", help="check scenarios, brands, flags, rules and limits")
    keep.add_argument("--repair", action="store_true", help="mend what --check finds, and say what was done")
    keep.add_argument("--conform", action="store_true", help="convert the videos of older attempts, so that all play")
    keep.add_argument("--send-due", action="store_true", help="send the messages that are due; for cron")
    erase = made.add_argument_group("erase on request, with a --reason")
    erase.add_argument("--erase-pilot", metavar="ID", help="take a pilot out for good: rows, films, documents")
    erase.add_argument("--erase-person", metavar="NAME", help="take a person's name and words out of every pilot")
    let_in = made.add_argument_group("let others in")
    let_in.add_argument("--invite", metavar="NAME", help="make a sign-in link for one person; it works once")
    let_in.add_argument("--role", metavar="ROLE", help=f"with --invite: {' or '.join(SIGN_IN_ROLES)} (default: lead)")
    let_in.add_argument("--keys", action="store_true", help="list who was let in")
    let_in.add_argument("--revoke-key", metavar="KEY", help="end the keys of a name, or the one of an id, at once")


def action_of(arguments: argparse.Namespace) -> str:
    for name, value in vars(arguments).items():
        if isinstance(value, str) and not is_unicode(value):
            raise InvalidRequest(f"--{name.replace('_', '-')} is not text in UTF-8; type it anew.", field=name)
    given = [name for name in ACTIONS if _is_given(arguments, name)]
    if not given:
        raise InvalidRequest(
            "Say what to do: --founder NAME to start a pilot, --list to see them, --help for the rest."
        )
    if len(given) > 1:
        raise InvalidRequest(f"One thing at a time: {ACTIONS[given[0]]} and {ACTIONS[given[1]]} do not go together.")
    action = given[0]
    for option, actions in OPTIONS.items():
        if action not in actions and _is_given(arguments, option):
            raise InvalidRequest(f"--{option.replace('_', '-')} does not go with {flag_of(action)}; see --help.")
    return action


def _is_given(arguments: argparse.Namespace, name: str) -> bool:
    value = getattr(arguments, name)
    return value is not None and value is not False  # 0 and "" are given


def _path(text: str) -> Path:
    """Return the path that an option names. An empty one, as from an unset variable, would be the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("names no file or folder")
    return Path(text)


def flag_of(action: str) -> str:
    return "--founder" if action == "founder" else ACTIONS[action]


def need(arguments: argparse.Namespace, action: str, *options: str) -> None:
    missing = [f"--{name.replace('_', '-')}" for name in options if getattr(arguments, name) is None]
    if missing:
        raise InvalidRequest(f"{flag_of(action)} also needs {' and '.join(missing)}.")


def open_store(arguments: argparse.Namespace, config: Settings, *, make: bool = False) -> PilotStore:
    root: Path = arguments.store or config.store
    if root.exists() and not root.is_dir():
        raise StoreError(f"{root} is a file, not a store's folder; name another one with --store.")
    known = config.database_url or (root / DATABASE).exists() or any(root.glob("pilot_*.json"))
    if not make and not known:
        raise StoreError(f"There is no store in {root} yet; start a pilot first, or name another folder with --store.")
    store = bootstrap.open_store(config, root)
    tell_import(store.found_import)
    if (lost := store.database.lost_commits()) and not (arguments.check or arguments.repair):
        raise StoreError(store.database.lost_sentence(lost))
    return store


def tell_import(report: ImportReport) -> None:
    if report.imported:
        print(f"Imported {formatting.count(len(report.imported), 'pilot')}.", file=sys.stderr)
    for warning in report.warnings:
        print(f"Imported in part: {warning}", file=sys.stderr)
    for problem in report.problems:
        print(f"Not imported: {problem}", file=sys.stderr)
