"""Commands that show pilots, or carry them in and out of the store."""

import argparse
import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pilot_core import formatting
from pilot_core.cli.arguments import USAGE, open_store, tell_import
from pilot_core.clock import iso
from pilot_core.errors import InvalidRequest, StoreError
from pilot_core.settings import Settings

if TYPE_CHECKING:
    from pilot_core.store.queries import PilotLine


NAMES_AT = 53
"""The column of the plain list where the founder's name begins."""


def list_pilots(arguments: argparse.Namespace, config: Settings) -> int:
    from pilot_core.store.queries import PilotLine, PilotSummary, pilot_lines, pilot_summaries

    root: Path = arguments.store or config.store
    summaries: list[PilotSummary] = []
    lines: list[PilotLine] = []
    try:
        database = open_store(arguments, config).database
        if arguments.json:
            summaries = pilot_summaries(database)
        else:
            lines = pilot_lines(database)
    except StoreError:
        if config.database_url or (root.exists() and any(root.iterdir())):
            raise
    if arguments.json:
        objects = (json.dumps(vars(summary), default=_plain, ensure_ascii=False) for summary in summaries)
        print("[" + ",\n".join(objects) + "]")
    elif not lines:
        print("No pilots yet. Start one with --founder NAME --company NAME --scenario ID --brand ID.")
    else:
        sys.stdout.writelines(_lines(lines))
    return 0


def _lines(pilots: "Iterable[PilotLine]") -> Iterator[str]:
    """The list, folded where names are longer than the screen is wide; a hundred thousand pilots take a second."""
    room = max(20, shutil.get_terminal_size().columns - NAMES_AT)
    yield f"{'Pilot':24}{'Status':10}{'Tries':>5}  {'Recommends':12}Founder, company\n"
    for p in pilots:
        status = p.approval_outcome if p.status == "completed" else p.status
        tries = f"{p.attempts_used}/{p.max_attempts}"
        names, *more = _folded(f"{p.founder_name}, {p.company_name}", room)
        yield f"{p.pilot_id:24}{status:10}{tries:>5}  {p.recommendation or 'TOO EARLY':12}{names}\n"
        for rest in more:
            yield f"{'':{NAMES_AT}}{rest}\n"


def _folded(text: str, room: int) -> list[str]:
    if text.isascii() and len(text) <= room:
        return [text]
    from rich.cells import cell_len, chop_cells

    return textwrap.wrap(text, room) if cell_len(text) == len(text) else chop_cells(text, room)


def report(arguments: argparse.Namespace, config: Settings) -> int:
    from pilot_core.files import write_atomic
    from pilot_core.insight.report import generate_pilot_outcome_report

    store = open_store(arguments, config)
    report = generate_pilot_outcome_report(store.load(arguments.report))
    path = store.root / report.pilot_id / "outcome_report.md"
    write_atomic(path, report.markdown)
    store.media.put([path.relative_to(store.root).as_posix()])
    if arguments.json:
        print(json.dumps(report.model_dump(mode="json"), ensure_ascii=False, indent=2))
    else:
        print(report.markdown)
    print(f"Written to {path}", file=sys.stderr)
    return 0


def export(arguments: argparse.Namespace, config: Settings) -> int:
    store = open_store(arguments, config)
    from pilot_core.export.bundle import export_folder
    from pilot_core.insight.cohort import Cohort

    manifest = export_folder(store, Cohort(), arguments.export)
    print(f"Exported to {arguments.export}:")
    for table, rows in manifest["row_counts"].items():
        print(f"  {table}: {formatting.count(rows, 'row')}")
    return 0


def import_state(arguments: argparse.Namespace, config: Settings) -> int:
    if not arguments.import_state.exists():
        raise InvalidRequest(f"There is no file or folder {arguments.import_state} to import.")
    report = open_store(arguments, config, make=True).import_state(arguments.import_state)
    tell_import(report)
    if not report.imported and not report.problems:
        raise InvalidRequest(f"{arguments.import_state} holds no state file (pilot_….json).")
    return USAGE if report.problems and not report.imported else 0


def _plain(value: object) -> str:
    from datetime import datetime

    return iso(value) if isinstance(value, datetime) else str(value)
