"""Make text that spreadsheets would run as a formula harmless for export, and restore the original.

A spreadsheet runs a cell that begins with one of ``LEADERS``. One that is set to another separator than the file's own
also splits cells at ``BREAKS``. So an apostrophe goes before each leader at the start of a text or after a break. To
make that reversible, a place that already has apostrophes before its leader gets one more.
"""

import re

LEADERS = "=+-@|%\t\r\n\0＝＋－＠"
INNER_LEADERS = "=+-@|%\0＝＋－＠"
"""The leaders after a break. Tabs and line ends are breaks themselves: what follows them is looked at instead."""
BREAKS = ";|\t\r\n"
IGNORED = " \u00a0\ufeff"
INNER_IGNORED = IGNORED + '"'
"""With another separator, a quotation mark of the file's own may be left before the leader."""


def _any_of(characters: str) -> str:
    return f"[{re.escape(characters)}]"


_AT_START = f"(?='*{_any_of(IGNORED)}*{_any_of(LEADERS)})"
_INSIDE = f"(?='*{_any_of(INNER_IGNORED)}*{_any_of(INNER_LEADERS)})"
_AFTER_BREAK = f"(?<={_any_of(BREAKS)})"
_PLACES = re.compile(f"^{_AT_START}|{_AFTER_BREAK}{_INSIDE}")
_ADDED = re.compile(f"^'{_AT_START}|{_AFTER_BREAK}'{_INSIDE}")


def neutral(text: str) -> str:
    """Return the text, with an apostrophe in each place where a spreadsheet would begin a formula."""
    return _PLACES.sub("'", text)


def original(text: str) -> str:
    """Return the text that was given to ``neutral``."""
    return _ADDED.sub("", text)
