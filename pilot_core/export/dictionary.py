"""The data dictionary: every column of every exported table, and how to undo what was done for spreadsheets."""

import csv
import io

from pilot_core.export.formulas import neutral
from pilot_core.export.tables import TABLES

BOM = "\ufeff"
FORMULA_RULE = (
    "A cell that a spreadsheet would take for a formula begins with an added apostrophe. To undo it: where the cell "
    "begins with an apostrophe and, all leading apostrophes and then spaces, no-break spaces and byte order marks "
    "aside, goes on with one of = + - @ | %, tab, carriage return, line feed, NUL or the fullwidth ＝ ＋ － ＠, "
    "remove its first apostrophe."
)
HEADER = ("table", "column", "type", "unit", "meaning", "formula_rule")


def data_dictionary() -> bytes:
    """The dictionary as CSV, in the same dialect as the tables."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for table in TABLES.values():
        for column in table.columns:
            rule = FORMULA_RULE if column.kind == "text" else ""
            cells = (table.name, column.name, column.kind, column.unit, column.meaning, rule)
            writer.writerow([neutral(cell) for cell in cells])
    return (BOM + text.getvalue()).encode()
