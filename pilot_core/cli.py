"""The command line. Anything wrong with what was asked is one sentence on stderr and exit code 2, nothing written."""

import argparse
import json
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

from pilot_core import catalog, formatting, services
from pilot_core.clock import iso, utc_now
from pilot_core.errors import InvalidRequest, PilotError, StoreError
from pilot_core.models import AttemptState, Brief, PilotRun
from pilot_core.settings import Settings, settings
from pilot_core.store.pilots import ImportReport, PilotStore

RENDER_FAILED = 1
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
    "reason": {"pause", "drop", "raise_limit"},
    "external": {"drop"},
    "json": {"list", "report"},
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
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 a cut could not be made, 2 asked wrongly, 130 interrupted."""
    try:
        arguments = parser().parse_args(argv)
        action = _action(arguments)
        return RUN[action](arguments, settings())
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


def _action(arguments: argparse.Namespace) -> str:
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
            raise InvalidRequest(f"--{option.replace('_', '-')} does not go with {_flag(action)}; see --help.")
    return action


def _flag(action: str) -> str:
    return "--founder" if action == "founder" else ACTIONS[action]


def _need(arguments: argparse.Namespace, action: str, *options: str) -> None:
    missing = [f"--{name.replace('_', '-')}" for name in options if getattr(arguments, name) is None]
    if missing:
        raise InvalidRequest(f"{_flag(action)} also needs {' and '.join(missing)}.")


def _open(arguments: argparse.Namespace, config: Settings, *, make: bool = False) -> PilotStore:
    root: Path = arguments.store or config.store
    if not make and not (root / "pilots.duckdb").exists() and not any(root.glob("pilot_*.json")):
        raise StoreError(f"There is no store in {root} yet; start a pilot first, or name another folder with --store.")
    store = PilotStore(root)
    _tell_import(store.taken_in)
    return store


def _start(arguments: argparse.Namespace, config: Settings) -> int:
    _need(arguments, "founder", "company", "scenario")
    pilot = services.create_pilot(
        arguments.founder,
        arguments.company,
        arguments.scenario,
        arguments.brand,
        brief=_read_brief(arguments.brief) if arguments.brief else None,
        max_attempts=5 if arguments.max_attempts is None else arguments.max_attempts,
    )
    pipeline = _pipeline(arguments, config)
    store = _open(arguments, config, make=True)
    services.start_pilot(store, pilot)
    print(f"Pilot {pilot.pilot_id}: {pilot.founder_name}, {pilot.company_name}")
    print(f"  runbook and founder documents in {store.root / pilot.pilot_id}")
    return _make(store, pilot.pilot_id, pipeline, arguments.video, config)


def _continue(arguments: argparse.Namespace, config: Settings) -> int:
    pipeline = _pipeline(arguments, config)
    store = _open(arguments, config)
    _fail_abandoned(store)
    pilot = store.load(arguments.continue_pilot)
    pilot.check_can_attempt()
    latest = pilot.latest_attempt
    if latest and latest.review is None:
        print(
            f"Warning: attempt {latest.attempt_number} still awaits feedback; it can be recorded later with "
            f"--record-feedback {pilot.pilot_id} --attempt {latest.attempt_number} --level …",
            file=sys.stderr,
        )
    return _make(store, pilot.pilot_id, pipeline, arguments.video, config)


def _retry(arguments: argparse.Namespace, config: Settings) -> int:
    pipeline = _pipeline(arguments, config) if arguments.pipeline or arguments.video else None
    store = _open(arguments, config)
    _fail_abandoned(store)
    pilot = store.load(arguments.retry)
    latest = pilot.latest_attempt
    upload = None
    if arguments.video and latest and latest.state is AttemptState.FAILED:
        upload = services.keep_upload(store, pilot.pilot_id, arguments.video)
    pilot, attempt = services.retry_attempt(store, pilot.pilot_id, pipeline=pipeline, upload_path=upload)
    return _render(store, pilot, attempt.attempt_number, config)


def _make(store: PilotStore, pilot_id: str, pipeline: str, video: Path | None, config: Settings) -> int:
    upload = services.keep_upload(store, pilot_id, video) if video else None
    pilot, attempt = services.queue_attempt(store, pilot_id, pipeline, upload_path=upload)
    return _render(store, pilot, attempt.attempt_number, config)


def _render(store: PilotStore, pilot: PilotRun, number: int, config: Settings) -> int:
    from pilot_core.rendering import run_attempt

    with _progress_bar(f"Attempt {number} of {pilot.max_attempts}") as progress:
        pilot = run_attempt(store, pilot.pilot_id, number, config, progress)
    attempt = pilot.attempt(number)
    if attempt.state is AttemptState.FAILED:
        print(
            f"Attempt {number} failed: {attempt.failure} "
            f"It used up no attempt; try again with --retry {pilot.pilot_id}",
            file=sys.stderr,
        )
        return RENDER_FAILED
    print(f"Attempt {number} of {pilot.max_attempts} is ready: {store.root / (attempt.video_path or '')}")
    print(f"  review pack: {store.root / (attempt.review_pack_path or '')}")
    print(
        f"  first cut after {formatting.seconds(attempt.time_to_first_cut_seconds)}, "
        f"{formatting.count(attempt.iteration_count, 'iteration')}, {formatting.dollars(attempt.total_cost_dollars)}, "
        f"SLA {'passed' if attempt.sla_passed else 'missed'}"
    )
    for sentence in attempt.sla_violations:
        print(f"  - {sentence}")
    print(f"Next: send it to the founder, then --record-feedback {pilot.pilot_id} --attempt {number} --level …")
    return 0


def _list(arguments: argparse.Namespace, config: Settings) -> int:
    from pilot_core.store.queries import pilot_summaries

    root: Path = arguments.store or config.store
    try:
        summaries = pilot_summaries(_open(arguments, config).database)
    except StoreError:
        if root.exists() and any(root.iterdir()):
            raise
        summaries = []
    if arguments.json:
        print(json.dumps([asdict(s) for s in summaries], default=_plain, ensure_ascii=False, indent=2))
        return 0
    if not summaries:
        print("No pilots yet. Start one with --founder NAME --company NAME --scenario ID --brand ID.")
        return 0
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Pilot", no_wrap=True)
    table.add_column("Founder, company")
    table.add_column("Status", no_wrap=True)
    table.add_column("Tries", justify="right", no_wrap=True)
    table.add_column("Recommends", no_wrap=True)
    for s in summaries:
        cells = (
            s.pilot_id,
            f"{s.founder_name}, {s.company_name}",
            s.approval_outcome if s.status == "completed" else s.status,
            f"{s.attempts_used}/{s.max_attempts}",
            s.recommendation or "TOO EARLY",
        )
        table.add_row(*(Text(cell) for cell in cells))
    Console(highlight=False).print(table)
    return 0


def _report(arguments: argparse.Namespace, config: Settings) -> int:
    from pilot_core.files import write_atomic
    from pilot_core.insight.report import generate_pilot_outcome_report

    store = _open(arguments, config)
    report = generate_pilot_outcome_report(store.load(arguments.report))
    path = store.root / report.pilot_id / "outcome_report.md"
    write_atomic(path, report.markdown)
    if arguments.json:
        print(json.dumps(report.model_dump(mode="json"), ensure_ascii=False, indent=2))
    else:
        print(report.markdown)
    print(f"Written to {path}", file=sys.stderr)
    return 0


def _record(arguments: argparse.Namespace, config: Settings) -> int:
    _need(arguments, "record_feedback", "attempt", "level")
    store = _open(arguments, config)
    pilot = services.record_feedback(
        store,
        arguments.record_feedback,
        arguments.attempt,
        arguments.notes or "",
        arguments.level,
        [flag.strip() for flag in (arguments.flags or "").split(",") if flag.strip()],
        by=arguments.by,
        channel="command line",
    )
    level = pilot.attempt(arguments.attempt).feedback_level or ""
    print(f"Recorded for attempt {arguments.attempt}: {level.replace('_', ' ')}.")
    if pilot.approval_outcome == "approved":
        print(f"{pilot.pilot_id} is completed. See --report {pilot.pilot_id}")
    elif pilot.status == "paused":
        print(f"{pilot.pilot_id} is still paused; take it up again with --resume {pilot.pilot_id}")
    elif pilot.attempts_used < pilot.max_attempts:
        print(f"Next: --continue-pilot {pilot.pilot_id}")
    else:
        print(f"All {pilot.max_attempts} attempts are used; see --report {pilot.pilot_id}")
    return 0


def _pause(arguments: argparse.Namespace, config: Settings) -> int:
    _need(arguments, "pause", "reason")
    return _said(services.pause(_open(arguments, config), arguments.pause, arguments.reason))


def _resume(arguments: argparse.Namespace, config: Settings) -> int:
    return _said(services.resume(_open(arguments, config), arguments.resume))


def _drop(arguments: argparse.Namespace, config: Settings) -> int:
    _need(arguments, "drop", "reason")
    store = _open(arguments, config)
    return _said(services.drop(store, arguments.drop, arguments.reason, external=arguments.external))


def _raise_limit(arguments: argparse.Namespace, config: Settings) -> int:
    _need(arguments, "raise_limit", "max_attempts", "reason")
    store = _open(arguments, config)
    pilot = services.raise_limit(store, arguments.raise_limit, arguments.max_attempts, arguments.reason)
    print(f"{pilot.pilot_id} may now make {pilot.max_attempts} attempts.")
    return 0


def _import(arguments: argparse.Namespace, config: Settings) -> int:
    if not arguments.import_state.exists():
        raise InvalidRequest(f"There is no file or folder {arguments.import_state} to import.")
    report = _open(arguments, config, make=True).import_state(arguments.import_state)
    _tell_import(report)
    if not report.imported and not report.problems:
        raise InvalidRequest(f"{arguments.import_state} holds no state file (pilot_….json).")
    return USAGE if report.problems and not report.imported else 0


def _export(arguments: argparse.Namespace, config: Settings) -> int:
    store = _open(arguments, config)
    from pilot_core.export.bundle import export_folder
    from pilot_core.insight.cohort import Cohort

    manifest = export_folder(store, Cohort(), arguments.export)
    print(f"Exported to {arguments.export}:")
    for table, rows in manifest["row_counts"].items():
        print(f"  {table}: {formatting.count(rows, 'row')}")
    return 0


RUN: dict[str, Callable[[argparse.Namespace, Settings], int]] = {
    "founder": _start,
    "continue_pilot": _continue,
    "list": _list,
    "report": _report,
    "export": _export,
    "record_feedback": _record,
    "pause": _pause,
    "resume": _resume,
    "drop": _drop,
    "raise_limit": _raise_limit,
    "retry": _retry,
    "import_state": _import,
}


def _said(pilot: PilotRun) -> int:
    outcome = f" ({pilot.approval_outcome})" if pilot.status == "completed" else ""
    print(f"{pilot.pilot_id} is now {pilot.status}{outcome}.")
    return 0


def _tell_import(report: ImportReport) -> None:
    if report.imported:
        print(f"Imported {formatting.count(len(report.imported), 'pilot')}.", file=sys.stderr)
    for problem in report.problems:
        print(f"Not imported: {problem}", file=sys.stderr)


def _fail_abandoned(store: PilotStore) -> None:
    from pilot_core.store import renders

    if renders.under_way(store.database) or renders.queued_without_worker(store.database, utc_now()):
        from pilot_core.rendering import fail_abandoned

        fail_abandoned(store)


def _pipeline(arguments: argparse.Namespace, config: Settings) -> str:
    """The pipeline asked for, checked as far as can be before anything is written."""
    name: str = arguments.pipeline or ("upload" if arguments.video else config.pipeline)
    if name not in services.PIPELINES:
        raise InvalidRequest(f"There is no pipeline “{name}”; choose one of: {', '.join(services.PIPELINES)}.")
    if name == "upload" and not arguments.video:
        raise InvalidRequest("The upload pipeline needs a finished video; name it with --video FILE.")
    if arguments.video and name != "upload":
        raise InvalidRequest(f"--video goes with the upload pipeline, not with {name}.")
    if name == "command" and not config.command:
        raise InvalidRequest("The command pipeline needs a program; set PILOT_OPS_COMMAND to it.")
    if arguments.video:
        from pilot_core.video.probe import quick_check

        if not arguments.video.is_file():
            raise InvalidRequest(f"There is no video file {arguments.video}.")
        quick_check(arguments.video)
    return name


def _read_brief(path: Path) -> Brief:
    try:
        text = path.read_text(encoding="utf-8-sig")
        data = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The brief {path} cannot be read: {error}.") from error
    except ValueError as error:
        raise InvalidRequest(f"The brief {path} is neither JSON nor TOML: {error}.") from error
    return services.parse_brief(data)


def _plain(value: object) -> str:
    from datetime import datetime

    return iso(value) if isinstance(value, datetime) else str(value)


@contextmanager
def _progress_bar(title: str) -> Iterator[Callable[[float, str], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (
        TextColumn(title),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[step]}", markup=False),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=1.0, step="Starting")
        yield lambda fraction, step: bar.update(task, completed=fraction, step=step)
        bar.update(task, completed=1.0, step="Done")
