"""The tables of a cohort as an Excel workbook: typed cells, one sheet for each table, and text that can run nothing."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from pilot_core.clock import iso
from pilot_core.errors import InvalidRequest
from pilot_core.export.dictionary import DICTIONARY, dictionary_rows
from pilot_core.export.snapshot import Snapshot
from pilot_core.store.queries.export_columns import TABLES
from pilot_core.store.queries.export_schema import Column, Kind, Table

MOST_ROWS = 1_048_575
"""The rows that a sheet of Excel holds below its header."""
FIRST_YEAR = 1900
"""Excel has no dates before it. Earlier times are written as text."""
CUT = -2
"""What XlsxWriter returns for a text that was cut because a cell of Excel holds 32,767 characters."""
FORMATS: dict[Kind, str] = {
    # The format of text keeps a cell text when somebody edits it.
    "text": "@",
    "integer": "0",
    "number": "General",
    "boolean": "General",
    "time": 'yyyy-mm-dd"T"hh:mm:ss"Z"',
}
WIDTHS: dict[Kind, int] = {"text": 24, "integer": 12, "number": 14, "boolean": 10, "time": 22}


def write_workbook(tables: Snapshot, path: Path) -> None:
    """Write the tables, the data dictionary and the manifest to an .xlsx file, a sheet each.

    Raises InvalidRequest when a table has more rows than a sheet holds.
    """
    for name, number in tables.row_counts.items():
        if number > MOST_ROWS:
            raise InvalidRequest(
                f"The table {name} has {number:,} rows; a sheet of Excel holds {MOST_ROWS:,}. Use the CSV or Parquet.",
                field="table",
            )
    with xlsxwriter.Workbook(path, {"constant_memory": True, "tmpdir": str(path.parent)}) as book:
        formats = {kind: book.add_format({"num_format": code}) for kind, code in FORMATS.items()}
        header = book.add_format({"bold": True})
        cut = 0
        for name in tables.row_counts:
            table = TABLES[name]
            cut += _write_sheet(_sheet(book, table, header), table.columns, tables.copies.rows(table), formats)
        rows = ([row[column.name] for column in DICTIONARY.columns] for row in dictionary_rows())
        _write_sheet(_sheet(book, DICTIONARY, header), DICTIONARY.columns, rows, formats)
        _write_manifest(book.add_worksheet("manifest"), tables.manifest(), cut, formats["text"])


def _sheet(book: Any, table: Table, header: Format) -> Worksheet:
    """Add a table's sheet with its header, which stays in view."""
    sheet: Worksheet = book.add_worksheet(table.name)
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(table.columns):
        sheet.set_column(place, place, max(WIDTHS[column.kind], len(column.name) + 2))
        sheet.write_string(0, place, column.name, header)
    return sheet


def _write_sheet(
    sheet: Worksheet, columns: tuple[Column, ...], rows: Iterator[Any], formats: dict[Kind, Format]
) -> int:
    """Write rows below the header. An unknown value is an empty cell. Returns how many texts were cut."""
    cut = 0
    for line, row in enumerate(rows, start=1):
        for place, (column, value) in enumerate(zip(columns, row, strict=True)):
            if value is not None:
                cut += _write_cell(sheet, line, place, value, formats[column.kind]) == CUT
    return cut


def _write_cell(sheet: Worksheet, line: int, place: int, value: Any, style: Format) -> int:
    if isinstance(value, bool):
        found = sheet.write_boolean(line, place, value, style)
    elif isinstance(value, datetime) and value.year < FIRST_YEAR:
        found = sheet.write_string(line, place, iso(value.replace(tzinfo=UTC)), style)
    elif isinstance(value, datetime):
        found = sheet.write_datetime(line, place, value, style)
    elif isinstance(value, str):
        found = sheet.write_string(line, place, value, style)
    else:
        found = sheet.write_number(line, place, value, style) if math.isfinite(value) else 0
    return int(found)


def _write_manifest(sheet: Worksheet, manifest: dict[str, Any], cut: int, style: Format) -> None:
    """Write what the workbook contains, a line each."""
    sheet.set_column(0, 1, 40)
    lines = [(name, value) for name, value in manifest.items() if not isinstance(value, dict)]
    for group in ("filters", "row_counts"):
        lines += [(f"{group}: {name}", value) for name, value in manifest[group].items()]
    lines.append(("texts cut to the 32,767 characters of an Excel cell; the CSV has all of them", cut))
    for line, (name, value) in enumerate(lines):
        sheet.write_string(line, 0, name, style)
        words = ", ".join(value) if isinstance(value, list) else value
        if isinstance(words, int):
            sheet.write_number(line, 1, words)
        elif words is not None:
            sheet.write_string(line, 1, str(words), style)
