"""Commands that show pilots, or carry them in and out of the store."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from pilot_core import formatting
from pilot_core.cli.arguments import USAGE, open_store, tell_import
from pilot_core.clock import iso
from pilot_core.errors import InvalidRequest, StoreError
from pilot_core.settings import Settings


def list_pilots(arguments: argparse.Namespace, config: Settings) -> int:
    from pilot_core.store.queries import pilot_summaries

    root: Path = arguments.store or config.store
    try:
        summaries = pilot_summaries(open_store(arguments, config).database)
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


def report(arguments: argparse.Namespace, config: Settings) -> int:
    from pilot_core.files import write_atomic
    from pilot_core.insight.report import generate_pilot_outcome_report

    store = open_store(arguments, config)
    report = generate_pilot_outcome_report(store.load(arguments.report))
    path = store.root / report.pilot_id / "outcome_report.md"
    write_atomic(path, report.markdown)
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
