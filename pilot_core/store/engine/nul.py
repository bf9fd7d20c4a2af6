"""Replace NUL characters, which DuckDB stores and PostgreSQL refuses in text and JSON."""

import re
from typing import Any

JSON_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def without_nul(value: Any) -> Any:
    """Return the value with every NUL replaced by U+FFFD, including NULs escaped in JSON text."""
    if not isinstance(value, str):
        return value
    if "\\u0000" in value and value[0] in '{["':
        value = JSON_NUL.sub("\\1\ufffd", value)
    return value.replace("\x00", "\ufffd")
