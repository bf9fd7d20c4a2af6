"""Spreadsheet formulas in text that people typed: made harmless before it reaches a table or a CSV file, and undone.

Spreadsheets run a cell that begins with one of the characters below. Such a cell gets a leading apostrophe. So that the
rule can be undone, a cell that already begins with apostrophes before such a character gets one more.
"""

LEADERS = frozenset("=+-@|%\t\r\n\0＝＋－＠")
IGNORED = " \u00a0\ufeff"


def neutral(text: str) -> str:
    """The text, with an apostrophe in front if a spreadsheet would take it for a formula."""
    return f"'{text}" if _is_formula(text.lstrip("'")) else text


def original(text: str) -> str:
    """The text that ``neutral`` was given."""
    return text[1:] if text.startswith("'") and _is_formula(text.lstrip("'")) else text


def _is_formula(text: str) -> bool:
    return text.lstrip(IGNORED)[:1] in LEADERS
