"""Clean text that people type: any language, no control characters, limited length."""

import re
import unicodedata

from pilot_core.domain import limits
from pilot_core.errors import InvalidRequest

# Every kind of line break, so that one line here is one line in CSV, EDL and XML.
LINE_BREAK = re.compile("\r\n|[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]")
# Characters that XML does not allow and nobody types.
NONCHARACTER = re.compile("[\ufdd0-\ufdef\ufffe\uffff]")


def clean_text(text: str) -> str:
    """The text with line breaks as "\\n", tabs as spaces, without other control characters, surrogates and outer space.

    Cleaning twice changes nothing more. Format characters stay: Persian, Hebrew and emoji need them.
    """
    lines = LINE_BREAK.sub("\n", text).replace("\t", " ")
    kept = (c for c in lines if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs"))
    return NONCHARACTER.sub("", "".join(kept)).strip()


def checked_text(text: str, limit: int, field: str, what: str) -> str:
    """Return the cleaned text, or "" if none of it is visible. Raises InvalidRequest if it is longer than ``limit``."""
    text = clean_text(text)
    if len(text) > limit:
        raise InvalidRequest(
            f"{what} is {len(text):,} characters long; at most {limit:,} are kept. Shorten it.", field=field
        )
    return text if _visible(text) else ""


def checked_name(name: str, field: str = "reviewer") -> str:
    """Return a person's name on one line. Raises InvalidRequest if it is empty or longer than 200 characters."""
    name = " ".join(clean_text(name).split())
    if not _visible(name):
        raise InvalidRequest("A name is needed: type the reviewer's name.", field=field)
    if len(name) > limits.NAME:
        raise InvalidRequest(f"The name is longer than {limits.NAME} characters; shorten it.", field=field)
    return name


def _visible(text: str) -> bool:
    """Whether any character is visible: a letter, number, symbol or punctuation mark, or one not yet in Unicode."""
    return any(unicodedata.category(c)[0] in "LNSP" or unicodedata.category(c) in ("Cn", "Co") for c in text)
