"""The data dictionary: every column of every exported table, and how to undo the protection against formulas."""

from pilot_core.store.engine.connection import Row
from pilot_core.store.queries.export_columns import TABLES
from pilot_core.store.queries.export_schema import Column, Table

FORMULA_RULE = (
    "In a text cell of the CSV an apostrophe was added wherever a spreadsheet could begin a formula. To undo it, "
    "look at the start of the cell, and behind each semicolon, vertical bar, tab, carriage return and line feed "
    "in it. Remove the apostrophe that begins there, if it is followed by any further apostrophes, then any "
    "spaces, no-break spaces and byte order marks, and then one of = + - @ | %, NUL or the fullwidth ＝ ＋ － ＠. At "
    "the start of the cell, a tab, carriage return or line feed counts as one of these too. Elsewhere, quotation "
    "marks count as spaces."
)

DICTIONARY = Table(
    "data_dictionary",
    (
        Column("table", "text", "The table"),
        Column("column", "text", "The column"),
        Column("type", "text", "text, integer, number, boolean or time"),
        Column("unit", "text", "The unit; empty where there is none"),
        Column("meaning", "text", "What the column says"),
        Column("formula_rule", "text", "How to undo the protection against formulas; in text columns only"),
    ),
    order="place",
    is_computed=True,
)


def dictionary_rows() -> list[Row]:
    """Return the rows of ``DICTIONARY``: a row for each column of each table."""
    return [
        {
            "table": table.name,
            "column": column.name,
            "type": column.kind,
            "unit": column.unit,
            "meaning": column.meaning,
            "formula_rule": FORMULA_RULE if column.kind == "text" else None,
        }
        for table in TABLES.values()
        for column in table.columns
    ]
