"""Commands that move pilots into and out of the store: report, export, import."""

import argparse
import json
import sys

from pilot_core import formatting
from pilot_core.cli.arguments import USAGE, open_store, tell_import
from pilot_core.clock import iso
from pilot_core.documents.names import OUTCOME_REPORT
from pilot_core.documents.report import render_report
from pilot_core.domain.judgements import Override
from pilot_core.errors import InvalidRequest
from pilot_core.export.bundle import export_folder, workbook_chunks, write_file
from pilot_core.export.comments import comments_csv
from pilot_core.export.markers import MARKER_FORMATS, markers_of
from pilot_core.files import write_all_atomic, write_atomic
from pilot_core.insight.cohort import Cohort
from pilot_core.insight.report import build_report
from pilot_core.review.comments import threads_of
from pilot_core.review.requests import answers_of
from pilot_core.settings import Settings
from pilot_core.store.pilots import PilotStore
from pilot_core.store.tables.judgements import open_override


def report(arguments: argparse.Namespace, config: Settings) -> int:
    """Write a pilot's outcome report to its folder and print it."""
    store = open_store(arguments, config)
    report = build_report(store.load(arguments.report), answers_of(store, arguments.report))
    override = store.database.read(lambda connection: open_override(connection, report.pilot_id))
    text = render_report(report, override)
    path = store.root / report.pilot_id / OUTCOME_REPORT
    write_atomic(path, text)
    store.media.put([path.relative_to(store.root).as_posix()])
    if arguments.json:
        told = report.model_dump(mode="json") | {"override": _override(override)}
        print(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        print(text)
    print(f"Written to {path}", file=sys.stderr)
    return 0


def _override(found: Override | None) -> dict[str, object] | None:
    """Return the override as JSON. ``in_effect`` is false while it waits for a second person."""
    if found is None:
        return None
    return {
        "verdict": found.verdict,
        "in_effect": found.stands,
        "by": found.made_by,
        "at": iso(found.made_at),
        "reason": found.reason,
        "second_by": found.second_by,
        "second_reason": found.second_reason,
    }


def export(arguments: argparse.Namespace, config: Settings) -> int:
    """Write every table to a folder."""
    store = open_store(arguments, config)
    if arguments.comments:
        return _export_comments(arguments, store)
    if arguments.edl_from_zero:
        raise InvalidRequest("--edl-from-zero goes with --comments ID; see --help.")
    if arguments.export.suffix.lower() == ".xlsx":
        write_file(arguments.export, workbook_chunks(store, Cohort()))
        print(f"Exported to {arguments.export}.")
        return 0
    manifest = export_folder(store, Cohort(), arguments.export)
    print(f"Exported to {arguments.export}:")
    for table, rows in manifest["row_counts"].items():
        print(f"  {table}: {formatting.count(rows, 'row')}")
    return 0


def _export_comments(arguments: argparse.Namespace, store: PilotStore) -> int:
    """Write one pilot's comments to a folder: all as CSV, and those of each attempt as markers."""
    pilot = store.load(arguments.comments)
    files = {f"{pilot.pilot_id}_comments.csv": comments_csv(store, pilot.pilot_id)}
    for number in sorted({thread.comment.attempt_number for thread in threads_of(store, pilot.pilot_id)}):
        try:
            for suffix in MARKER_FORMATS:
                content = markers_of(store, pilot, number, suffix, edl_from_first_hour=not arguments.edl_from_zero)
                files[f"{pilot.attempt(number).attempt_id}_comments.{suffix}"] = content
        except InvalidRequest as error:
            print(f"No markers for attempt {number}. {error}", file=sys.stderr)
    write_all_atomic(arguments.export, files)
    print(f"Exported to {arguments.export}:")
    for name in files:
        print(f"  {name}")
    return 0


def import_state(arguments: argparse.Namespace, config: Settings) -> int:
    """Import a state file, or every state file in a folder."""
    if not arguments.import_state.exists():
        raise InvalidRequest(f"There is no file or folder {arguments.import_state} to import.")
    report = open_store(arguments, config, make=True).import_state(arguments.import_state)
    tell_import(report)
    if not report.imported and not report.problems:
        raise InvalidRequest(f"{arguments.import_state} holds no state file (pilot_….json).")
    return USAGE if report.problems and not report.imported else 0
